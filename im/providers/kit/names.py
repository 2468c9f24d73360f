"""What resources of ours are called at a cloud: `im-`, the beginning of the deployment's id, and what it is for."""

from __future__ import annotations

import hashlib
import re


def prefix(deployment: str) -> str:
    """What every name of this deployment's resources begins with."""
    return f"im-{deployment[:8]}-"


def resource_name(deployment: str, what: str, made_of: str) -> str:
    """One name for one content: the same rules or key have the same name, and are made once."""
    return f"{prefix(deployment)}{what}-{hashlib.sha256(made_of.encode()).hexdigest()[:10]}"


def server_name(name: str, instance_id: str, longest: int = 63) -> str:
    """A name that holds the id of the instance, so that it is used once: a repeated launch meets it, and a late end does not
    reach another machine. Letters, digits and dashes."""
    mark = instance_id.removeprefix("im-")
    short = re.sub(r"[^a-z0-9-]", "-", name.lower())[: longest - len(mark) - 1].rstrip("-")
    return f"{short}-{mark}" if short else mark
