"""The cookie of a session: what it is called and how it travels depends on how it is reached.

With TLS it is `__Host-im`: Secure, for this host alone, and no neighbour can set it in our name. On a machine's own loopback there
is no TLS, and `Secure` there is taken by Chrome and Firefox and dropped by Safari (httpwg/http-extensions#2605, mdn/content#41366,
WebKit bug 281149), so it is left out, and with it the prefix, which asks for it. Cookies do not know ports (RFC 6265, 8.5): the
port is in the name, so that two stacks of one machine do not sign each other out.
"""

from __future__ import annotations

from starlette.requests import HTTPConnection
from starlette.responses import Response

from im.address import LOOPBACK, host_of
from im.domain.people.session import LONGEST

SECURE = "__Host-im"
_LONGEST_SECRET = 64


def secret_in(request: HTTPConnection) -> str | None:
    """What the browser holds, if it may be one of ours."""
    return _read(request, _name(request))


def keep(response: Response, request: HTTPConnection, secret: str) -> None:
    """Let the browser hold `secret`."""
    _write(response, request, _name(request), secret, int(LONGEST.total_seconds()))


def drop(response: Response, request: HTTPConnection) -> None:
    _write(response, request, _name(request), "", 0)


def aside(request: HTTPConnection, what: str) -> str | None:
    """A second secret, for the few minutes of `what`."""
    return _read(request, f"{_name(request)}-{what}")


def keep_aside(response: Response, request: HTTPConnection, what: str, secret: str, seconds: int) -> None:
    _write(response, request, f"{_name(request)}-{what}", secret, seconds)


def drop_aside(response: Response, request: HTTPConnection, what: str) -> None:
    _write(response, request, f"{_name(request)}-{what}", "", 0)


def has_tls(request: HTTPConnection) -> bool:
    """Whoever asks for another name than loopback's comes through a proxy with TLS: see IM_WEB_URL."""
    return host_of(request.headers["host"]) not in LOOPBACK


def address_of(request: HTTPConnection) -> str:
    """Of whoever asks; empty behind a proxy, whose address is everybody's: nobody is to be kept out for what a neighbour tried."""
    return "" if has_tls(request) or request.client is None else request.client.host


def at_home(request: HTTPConnection) -> bool:
    """It comes from this machine, and asks for it by a name that only this machine has."""
    return not has_tls(request) and request.client is not None and request.client.host in LOOPBACK


def _read(request: HTTPConnection, name: str) -> str | None:
    found = request.cookies.get(name, "")
    return found if 0 < len(found) <= _LONGEST_SECRET and found.isascii() else None


def _write(response: Response, request: HTTPConnection, name: str, value: str, seconds: int) -> None:
    response.set_cookie(name, value, max_age=seconds, path="/", secure=has_tls(request), httponly=True, samesite="lax")


def _name(request: HTTPConnection) -> str:
    if has_tls(request):
        return SECURE
    server = request.scope.get("server")
    return f"im-{server[1] if server else 0}"
