"""What the stack's processes may see of the caller's environment. The sandbox never sees a real credential."""

from __future__ import annotations

import os
from collections.abc import Mapping

from im.providers import registry

MARK = "IM_STACK"
"""Every process of a stack carries its identity under this name, so that strays can be told from strangers."""

_OURS = (
    *("IM_DATABASE_URL", "IM_BROKER_URL", "IM_SANDBOX_URL", "IM_FLOWER_URL", "IM_ACCOUNT"),
    *("IM_WEB_HOST", "IM_WEB_PORT"),  # nothing of a stack listens beyond this machine
)


def child_environment(caller: Mapping[str, str], cloud: str, named: Mapping[str, str]) -> dict[str, str]:
    """`caller`'s variables for workers, beat and Flower, with the stack's own addresses (`named`) in it.

    With `cloud` "sandbox" every variable of a cloud's own but the region is dropped and the search for credentials ends at once.
    """
    kept = {k: v for k, v in caller.items() if k not in _OURS and not k.startswith("FLOWER_")}
    if cloud == "sandbox":
        kept = registry.pretending(kept)
    for proxy in ("NO_PROXY", "no_proxy"):  # a company's proxy cannot reach this machine's loopback
        kept[proxy] = ",".join(filter(None, (caller.get(proxy), "127.0.0.1", "localhost")))
    # Celery warns a root user of pickled messages, of which it takes none here
    silent = "ignore:You're running the worker with superuser privileges"
    kept["PYTHONWARNINGS"] = ",".join(filter(None, (caller.get("PYTHONWARNINGS"), silent)))
    return {**kept, "PYTHONUNBUFFERED": "1", **named}


def bare_environment(identity: str) -> dict[str, str]:
    """All that Postgres and Valkey need; neither has any use for the caller's secrets."""
    return {"PATH": os.defpath, "LC_ALL": "C", MARK: identity}
