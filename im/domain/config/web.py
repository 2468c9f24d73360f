"""What the web process alone has to be told."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from im.setting import one_of, setting


class Sees(StrEnum):
    ALL = "all"
    OWN = "own"


@dataclass(frozen=True, slots=True)
class WebSettings:
    web_url: str = setting(
        "IM_WEB_URL",
        "",
        "where people reach `im web`, as `https://im.example.com`; its host alone is answered",
        parse=lambda env, text: _origin(env, text),
    )
    web_host: str = setting("IM_WEB_HOST", "127.0.0.1", "the address that `im web` listens on")
    web_port: int = setting(
        "IM_WEB_PORT", 8780, "the port that `im web` listens on", parse=lambda env, text: _port(env, text)
    )
    docs_url: str = setting("IM_DOCS_URL", "", "where people read these documents; the page links it at its foot")
    metrics_port: int = setting(
        "IM_METRICS_PORT",
        0,
        "a port of 127.0.0.1 on which `im web` tells its metrics without a token; 0: on none",
        parse=lambda env, text: 0 if str(text) == "0" else _port(env, text),
    )
    members_see: Sees = setting(
        "IM_MEMBERS_SEE",
        Sees.ALL,
        "whose instances members and viewers see on the page and over the API: all, or own",
        parse=one_of("all", "own", what="choice", kind=Sees),
    )


def _origin(env: str, text: object) -> str:
    """`https://host` or `https://host:port`; without TLS a name of this machine alone."""
    from im.address import LOOPBACK, Unreadable, read
    from im.domain.errors import Refused

    hint = "write it like https://im.example.com, without a path"
    try:
        address = read(str(text))
    except Unreadable:
        raise Refused(f"{env} is no address", hint) from None
    if address.scheme not in ("http", "https") or address.path not in ("", "/") or address.query or address.user:
        raise Refused(f"{env} is not the address of a host alone", hint)
    if address.scheme == "http" and address.host not in LOOPBACK:
        raise Refused(f"{env} has no TLS, and whoever listens on the way would be signed in too", hint)
    return str(address)


def _port(env: str, text: object) -> int:
    from im.domain.errors import Refused

    if not str(text).isdecimal() or not 0 < int(str(text)) < 65536:
        raise Refused(f"{env}={str(text)[:20]} is no port", "name one from 1 to 65535")
    return int(str(text))
