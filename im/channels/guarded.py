"""One POST to a URL that somebody wrote, from inside a network that they may not look into.

The name is resolved once, every address that it has is judged, and the connection is made to one that was: a name that means
another address a moment later (DNS rebinding) finds nobody asking. No redirect is followed, no proxy of the environment is used,
and of the answer nothing is kept but its status.
"""

from __future__ import annotations

import socket
import ssl
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import timedelta
from http.client import HTTPConnection, HTTPException
from ipaddress import ip_address

from im.address import reason
from im.channels.channel import NotSent
from im.domain.webhook.target import Network, Target, refusal

_CONNECT = 3.0
_TRIED = 3
"""Addresses of one name."""
_WHOLE = 8.0
"""Seconds from the first packet to the answer's head. Whoever answers by the byte, or never, is cut off then."""
_ANSWER = 4096
"""Bytes of an answer's body that are read and thrown away, so that its sender is not cut off in the middle of a short one."""

Resolve = Callable[[str, int], Sequence[str]]


@dataclass(frozen=True, slots=True)
class Reply:
    status: int
    after: timedelta | None
    """What it says in Retry-After, in seconds; a date there is passed over."""


def resolve(host: str, port: int) -> list[str]:
    """Every address of a name, as the machine's own resolver has them. Raises OSError."""
    return list(dict.fromkeys(str(one[4][0]) for one in socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)))


def post(
    target: Target,
    body: bytes,
    headers: Mapping[str, str],
    allowed: Sequence[Network],
    *,
    resolved: Resolve = resolve,
    whole: float = _WHOLE,
) -> Reply:
    """What the receiver answered. Raises NotSent, within seconds, when nobody took it for certain; it names the host alone."""
    addresses = _addresses(target, allowed, resolved)
    try:
        with _connected(target, addresses, whole) as (connection, ended):
            sent = {"Host": target.header, "Content-Type": "application/json", "User-Agent": "im", **headers}
            connection.putrequest("POST", target.path, skip_host=True, skip_accept_encoding=True)
            for name, value in {**sent, "Content-Length": str(len(body)), "Connection": "close"}.items():
                connection.putheader(name, value)
            connection.endheaders(body)
            answer = connection.getresponse()
            if ended.is_set():  # a head that was cut off in its middle reads like a whole one
                raise TimeoutError
            after = answer.getheader("Retry-After", "")
            with suppress(OSError, HTTPException):
                answer.read(_ANSWER)
            return Reply(answer.status, timedelta(seconds=int(after)) if after.isdecimal() and len(after) < 8 else None)
    except OSError as exc:
        raise NotSent(f"{target.where} cannot be reached: {reason(exc)}") from exc
    except (HTTPException, ValueError) as exc:
        raise NotSent(f"{target.where} does not speak HTTP, or said nothing") from exc


def _addresses(target: Target, allowed: Sequence[Network], resolved: Resolve) -> list[str]:
    """To connect to, when all that the name has may be asked: which of them a resolver names first is anybody's to choose."""
    try:
        found = resolved(target.host, target.port)
    except (OSError, UnicodeError) as exc:
        raise NotSent(f"{target.where} cannot be reached: no host has that name") from exc
    for one in found:
        if why := refusal(target.scheme, one, allowed):
            raise NotSent(f"nothing is sent to {target.where}: {why}")
    if not found:
        raise NotSent(f"{target.where} cannot be reached: no host has that name")
    return sorted(found, key=lambda one: ip_address(one.partition("%")[0]).version)[:_TRIED]


def _connect(addresses: Sequence[str], port: int) -> socket.socket:
    """To the first that answers. Raises the OSError of the last."""
    *others, last = addresses
    for address in others:
        with suppress(OSError):
            return socket.create_connection((address, port), timeout=_CONNECT)
    return socket.create_connection((last, port), timeout=_CONNECT)


@contextmanager
def _connected(
    target: Target, addresses: Sequence[str], whole: float
) -> Iterator[tuple[HTTPConnection, threading.Event]]:
    """To one of these, under the name's certificate; whatever it does, it is over after `whole` seconds."""
    raw = _connect(addresses, target.port)
    ended = threading.Event()
    try:
        raw.settimeout(whole)
        if target.scheme == "https":
            context = ssl.create_default_context()
            raw = context.wrap_socket(raw, server_hostname=target.host.rstrip("."), do_handshake_on_connect=False)
        timer = threading.Timer(whole, _cut_off, (raw, ended))
        timer.daemon = True
        timer.start()
        try:
            if isinstance(raw, ssl.SSLSocket):
                raw.do_handshake()
            connection = HTTPConnection(target.host, target.port)
            connection.auto_open = 0  # it would ask the resolver once more
            connection.sock = raw
            yield connection, ended
        except (OSError, HTTPException, ValueError) as exc:
            if ended.is_set():
                raise TimeoutError from exc
            raise
        finally:
            timer.cancel()
    finally:
        raw.close()


def _cut_off(raw: socket.socket, ended: threading.Event) -> None:
    ended.set()
    with suppress(OSError):
        # the plain socket's own: TLS's would take the object apart that another thread is reading from
        socket.socket.shutdown(raw, socket.SHUT_RDWR)
