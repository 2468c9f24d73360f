"""HTTP to one `im web`: a connection that is kept, TLS that is checked, the proxies of the environment, and no redirects.

What is certain is told apart from what is not: `Unsent` never reached anybody, `Cut` may have.
"""

from __future__ import annotations

import http.client
import os
import socket
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from im.address import reason

CONNECT, READ = 10.0, 30.0
"""Seconds."""
LARGEST = 256 * 1024 * 1024
"""Bytes of one answer."""


class Unsent(Exception):
    """No connection was made; `args[0]` says why."""


class Cut(Exception):
    """It was sent, or a part of it, and no whole answer came; `args[0]` says why."""


@dataclass(frozen=True, slots=True)
class Answer:
    status: int
    headers: Mapping[str, str]
    """Names in lower case."""
    body: bytes

    def header(self, name: str) -> str:
        return self.headers.get(name.lower(), "")


class Wire:
    def __init__(self, url: str, *, connect: float = CONNECT, read: float = READ) -> None:
        parts = urlsplit(url)
        self.origin = f"{parts.scheme}://{parts.netloc}"
        self._secure, self._host, self._port = parts.scheme == "https", parts.hostname or "", parts.port
        self._prefix = parts.path
        self._connect, self._read = connect, read
        self._open: http.client.HTTPConnection | None = None

    def ask(
        self,
        method: str,
        path: str,
        body: bytes | None,
        headers: Mapping[str, str],
        *,
        fresh: bool,
        patience: float = 0,
    ) -> Answer:
        """Raises Unsent and Cut. `fresh`: on a connection that nobody can have closed meanwhile; `patience`: seconds beyond
        the usual for the answer."""
        if fresh:
            self.close()
        connection = self._open or self._connected()
        assert connection.sock is not None
        connection.sock.settimeout(self._read + patience)
        try:
            connection.request(method, self._prefix + path, body, dict(headers))
            answer = connection.getresponse()
            read = _whole(answer)
        except (OSError, http.client.HTTPException) as exc:
            self.close()
            raise Cut(_why(exc)) from None
        if answer.will_close:
            self.close()
        told = {name.lower(): value for name, value in answer.getheaders()}
        return Answer(answer.status, told, read)

    def close(self) -> None:
        if self._open is not None:
            self._open.close()
        self._open = None

    def _connected(self) -> http.client.HTTPConnection:
        try:
            connection = self._made()
            connection.connect()
        except (OSError, http.client.HTTPException, ValueError) as exc:
            through = " through the proxy of this environment" if self.proxy else ""
            raise Unsent(f"{_why(exc)}{through}") from None
        self._open = connection
        return connection

    def _made(self) -> http.client.HTTPConnection:
        given: dict[str, Any] = {"timeout": self._connect}
        if not self._secure:
            return http.client.HTTPConnection(self._host, self._port, **given)
        import ssl

        given["context"] = ssl.create_default_context()
        if not (proxy := self.proxy):
            return http.client.HTTPSConnection(self._host, self._port, **given)
        parts = urlsplit(proxy if "://" in proxy else f"http://{proxy}")
        connection = http.client.HTTPSConnection(parts.hostname or "", parts.port or 3128, **given)
        connection.set_tunnel(self._host, self._port or 443, _credentials(parts.username, parts.password))
        return connection

    @property
    def proxy(self) -> str:
        """The environment's, for what leaves this machine; empty for none."""
        if not self._secure or not any(name.lower().endswith("_proxy") and os.environ[name] for name in os.environ):
            return ""
        from urllib.request import getproxies_environment, proxy_bypass  # few have one

        known = getproxies_environment()
        if proxy_bypass(self._host):
            return ""
        return known.get("https", "") or known.get("all", "")


def _whole(answer: http.client.HTTPResponse) -> bytes:
    """Raises IncompleteRead for less than was announced, HTTPException for more than anybody needs."""
    bounded = answer.length is not None or answer.chunked
    read = answer.read() if bounded and (answer.length or 0) <= LARGEST else answer.read(LARGEST + 1)
    if len(read) > LARGEST:
        raise http.client.HTTPException
    return read


def _credentials(user: str | None, password: str | None) -> dict[str, str]:
    if not user:
        return {}
    from base64 import b64encode
    from urllib.parse import unquote

    both = f"{unquote(user)}:{unquote(password or '')}"
    return {"Proxy-Authorization": f"Basic {b64encode(both.encode()).decode()}"}


def _why(exc: BaseException) -> str:
    if isinstance(exc, http.client.IncompleteRead):
        return "its answer broke off"
    if isinstance(exc, http.client.HTTPException) and not isinstance(exc, ConnectionError):
        return "it does not speak HTTP as im does"
    if isinstance(exc, socket.timeout):
        return "no answer within seconds"
    return reason(exc)
