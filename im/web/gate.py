"""What stands before every route: which host was asked, how much is sent, which page sends it, and the headers of every answer."""

from __future__ import annotations

import secrets
from urllib.parse import urlsplit

from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from im import __version__
from im.address import LOOPBACK, host_of
from im.version import HEADER, minor, too_far_apart
from im.web.api.problem import problem

LARGEST = 256 * 1024
"""Bytes of one request; the largest form is a tenth of it."""
SAFE = frozenset({"GET", "HEAD", "OPTIONS"})
HEADERS = {
    "x-content-type-options": "nosniff",
    "x-frame-options": "DENY",
    # not "no-referrer": a browser would then say `Origin: null` of our own forms, and one without Sec-Fetch-Site could send none
    "referrer-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
    "content-security-policy": "default-src 'none'; frame-ancestors 'none'",
}


class Gate:
    """`url`: where people reach us, beside loopback; empty for nowhere else."""

    def __init__(self, app: ASGIApp, url: str) -> None:
        self._app = app
        self._url = url
        self._hosts = LOOPBACK | frozenset(filter(None, [urlsplit(url).hostname]))
        self._version = __version__

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        request_id = secrets.token_hex(8)
        scope.setdefault("state", {})["request_id"] = request_id

        async def answer(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in HEADERS.items():
                    headers.setdefault(name, value)
                headers.setdefault("cache-control", "no-store")
                headers["x-im-version"] = self._version
                headers["x-request-id"] = request_id
            await send(message)

        if (refused := self._refused(scope)) is not None:
            status, code, told, hint = refused
            await problem(status, code, told, hint, request_id)(scope, receive, answer)
            return
        await self._app(scope, _Bounded(receive), answer)

    def _refused(self, scope: Scope) -> tuple[int, str, str, str] | None:
        headers = Headers(scope=scope)
        if len(headers.getlist("host")) != 1 or host_of(headers["host"]) not in self._hosts:
            return 421, "wrong_host", "this is not the host that was asked for", "set IM_WEB_URL to how people reach it"
        if len(headers.getlist("content-length")) > 1 or (
            "transfer-encoding" in headers and "content-length" in headers
        ):
            return 400, "ambiguous_length", "the request has two lengths", "send one"
        length = headers.get("content-length", "0")
        if not length.isdecimal() or int(length) > LARGEST:
            return 413, "too_large", f"a request has {LARGEST} bytes at most", "send less"
        if too_far_apart(theirs := headers.get(HEADER, ""), self._version):
            told = f"this im is {theirs[:20]} and the server runs {self._version}: more than one minor release apart"
            return 400, "version_mismatch", told, f"pip install 'im-instances=={minor(self._version)}'  fits it"
        if scope["method"] not in SAFE and not self._same_site(headers):
            return 403, "cross_site", "no page of another site may change anything here", ""
        return None

    def _same_site(self, headers: Headers) -> bool:
        """A browser says where a request comes from, by two headers that no page can write; a program says nothing of it.

        The order is that of Go's CrossOriginProtection (net/http, 1.25): Sec-Fetch-Site decides where it is sent, which a browser
        does to TLS and to loopback. One that is older sends Origin with whatever changes something. A cookie with neither is
        a browser that nobody can place.
        """
        site = headers.get("sec-fetch-site")
        if site is not None:
            return site in ("same-origin", "none")
        origin = headers.get("origin")
        if origin is None:
            return "cookie" not in headers
        host = headers["host"]
        ours = f"http://{host}" if host_of(host) in LOOPBACK else self._url
        return origin.lower() == ours.lower()


class _Bounded:
    """A body that is no longer than it may be, whatever its length was said to be."""

    def __init__(self, receive: Receive) -> None:
        self._receive = receive
        self._read = 0

    async def __call__(self) -> Message:
        message = await self._receive()
        self._read += len(message.get("body", b""))
        if self._read > LARGEST:
            return {"type": "http.disconnect"}
        return message
