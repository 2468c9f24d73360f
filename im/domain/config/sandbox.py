"""Where sandbox clouds are, and what opens each: one URL, `http://sandbox:SECRET@host:port`, says both."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from urllib.parse import unquote, urlsplit

from im.domain.errors import Refused

KEY_ID = "sandbox"
"""The access key that comes with the secret; also the secret of a stand-in that asks for none."""


@dataclass(frozen=True, slots=True)
class Sandbox:
    """`endpoint` may be shown; `secret` signs what is asked there, and may not."""

    endpoint: str
    host: str
    key_id: str
    secret: str = field(repr=False)


_OF = re.compile(r"([a-z]+)=(.+)", re.ASCII)


def sandboxes(given: str, usual: str) -> dict[str, str]:
    """Cloud → the URL of its sandbox, from `aws=http://…,hetzner=http://…`; a URL alone is that of `usual`. Nothing is checked."""
    found = {}
    for one in filter(None, (part.strip() for part in given.split(","))):
        named = _OF.fullmatch(one)
        found[named[1] if named else usual] = named[2] if named else one
    return found


def sandbox_at(url: str) -> Sandbox:
    """What IM_SANDBOX_URL says. Raises Refused, without repeating it, for what is no URL of HTTP."""
    try:
        split = urlsplit(url)
        host, port = split.hostname, split.port
    except ValueError:
        host = port = None
    if host is None or split.scheme not in ("http", "https"):
        raise Refused("IM_SANDBOX_URL is no URL of a sandbox", "write it as http://sandbox:SECRET@HOST:PORT")
    at = f"[{host}]" if ":" in host else host
    endpoint = f"{split.scheme}://{at}" + (f":{port}" if port else "") + split.path.rstrip("/")
    return Sandbox(endpoint, host, unquote(split.username or KEY_ID), unquote(split.password or KEY_ID))
