"""Where a sandbox cloud is, and what opens it: one URL, `http://sandbox:SECRET@host:port`, says both."""

from __future__ import annotations

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
