"""Who may ask a stand-in cloud, and what: WSGI middleware that stands before whatever pretends to be one.

A stand-in is a stranger's server on a port that every user of the machine can reach, and every page in their browsers. So nothing
passes but what `admit` knows by name and by proof; what it does not name is not there. The same for every stand-in that ships.
"""

from __future__ import annotations

import io
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from im.address import LOOPBACK, host_of

READY = "/ready"
"""The one path that answers without proof, and all it tells is that somebody listens."""
LARGEST = 4 * 2**20
"""Bytes of one request; the largest that a cloud's client of ours sends is a hundredth of it."""

Application = Callable[[dict[str, Any], Callable[..., Any]], Iterable[bytes]]


@dataclass(frozen=True, slots=True)
class Asked:
    """One request, read whole. Names of headers are in lower case."""

    method: str
    path: str
    query: str
    headers: Mapping[str, str]
    body: bytes


class TurnedAway(Exception):
    """`status` as HTTP writes it, and what the client is told, in the form that its library can read."""

    def __init__(self, status: str, told: str, form: str = "text/plain; charset=utf-8") -> None:
        super().__init__(told)
        self.status, self.told, self.form = status, told, form


class Admission:
    """`admit` names the application that answers a request, or raises TurnedAway; `hosts` are the names we are called by."""

    def __init__(self, admit: Callable[[Asked], Application], hosts: Collection[str]) -> None:
        self._admit = admit
        self._hosts = LOOPBACK | frozenset(hosts)

    def __call__(self, environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        try:
            answer = self._application(environ)
        except TurnedAway as refusal:
            body = refusal.told.encode()
            start_response(refusal.status, [("Content-Type", refusal.form), ("Content-Length", str(len(body)))])
            return [body]

        def without_invitations(status: str, headers: list[tuple[str, str]], *rest: Any) -> Any:
            kept = [one for one in headers if not one[0].lower().startswith("access-control-")]
            return start_response(status, kept, *rest)

        return answer(environ, without_invitations)

    def _application(self, environ: dict[str, Any]) -> Application:
        headers = _headers(environ)
        # a browser sends it with all that a page asks elsewhere, and no client of a cloud does
        if "origin" in headers:
            raise TurnedAway("403 Forbidden", "no page in a browser may ask here\n")
        if host_of(headers.get("host", "")) not in self._hosts:
            raise TurnedAway("403 Forbidden", "this is not the host you asked for\n")
        path = str(environ.get("PATH_INFO", ""))
        if environ["REQUEST_METHOD"] in ("GET", "HEAD") and path == READY:
            return _ready
        asked = Asked(environ["REQUEST_METHOD"], path, str(environ.get("QUERY_STRING", "")), headers, _body(environ))
        return self._admit(asked)


def _ready(_environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
    start_response("200 OK", [("Content-Type", "text/plain"), ("Content-Length", "6")])
    return [b"ready\n"]


def _headers(environ: Mapping[str, Any]) -> dict[str, str]:
    named = {name[5:]: value for name, value in environ.items() if name.startswith("HTTP_")}
    named |= {name: environ[name] for name in ("CONTENT_TYPE", "CONTENT_LENGTH") if environ.get(name)}
    return {name.replace("_", "-").lower(): str(value) for name, value in named.items()}


def _body(environ: dict[str, Any]) -> bytes:
    """Read before anything is decided; what comes after finds it in `wsgi.input` again."""
    length = str(environ.get("CONTENT_LENGTH") or "0")
    if "HTTP_TRANSFER_ENCODING" in environ or not length.isdecimal():
        raise TurnedAway("411 Length Required", "say how long it is\n")
    if int(length) > LARGEST:
        raise TurnedAway("413 Content Too Large", f"{LARGEST} bytes at most\n")
    body: bytes = environ["wsgi.input"].read(int(length))
    environ["wsgi.input"] = io.BytesIO(body)
    return body
