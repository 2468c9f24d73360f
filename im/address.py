"""Addresses of services: read into parts, and shown from those parts alone, never from the text, which may hold a password."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from urllib.parse import parse_qsl, unquote, urlsplit

_HOST = re.compile(r"[A-Za-z0-9._-]{1,253}|[0-9A-Fa-f:.]{2,45}(?:%[A-Za-z0-9._-]{1,20})?", re.ASCII)
_NAME = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]{0,62}", re.ASCII)
_SCHEME = re.compile(r"[a-z][a-z0-9.-]{0,19}(?:\+[a-z0-9.-]{1,19})?", re.ASCII)

ENCODE = (
    "in a password write % as %25, @ as %40, / as %2F, ? as %3F, # as %23, : as %3A, [ as %5B, ] as %5D, a blank as %20"
)
"""What to do about an address that cannot be read."""


LOOPBACK = frozenset({"127.0.0.1", "localhost", "::1"})
"""The names of this machine for itself."""


def host_of(header: str) -> str:
    """The host that a request's `Host` names, without its port; empty for what names none."""
    try:
        return urlsplit(f"//{header}").hostname or ""
    except ValueError:
        return ""


class Unreadable(Exception):
    """No address, or one of which nobody can say where its password ends. Repeats nothing of it."""


@dataclass(frozen=True, slots=True)
class Address:
    """A URL in its parts, percent-decoded."""

    scheme: str
    host: str
    """Empty where the path says it all."""
    port: int | None
    path: str
    query: dict[str, str] = field(repr=False)
    user: str = field(default="", repr=False)
    password: str | None = field(default=None, repr=False)

    def __str__(self) -> str:
        """Scheme, user, host and port. A user without a password is left out: it is a password in the wrong place."""
        who = f"{self.user}@" if self.password is not None and plain_name(self.user) else ""
        return f"{self.scheme}://{who}{host_and_port(self.host, self.port)}"


def read(text: str) -> Address:
    """The parts of a URL, percent-decoded. Raises Unreadable."""
    text = text.strip()
    if not text.isprintable() or " " in text:
        raise Unreadable
    try:
        split = urlsplit(text)
        host, port = split.hostname or "", split.port
    except ValueError:
        raise Unreadable from None
    # a raw / or # ends what can hold a password, and its rest would be taken for a path
    if not _SCHEME.fullmatch(split.scheme) or "@" in split.path or split.fragment or not (host or split.path):
        raise Unreadable
    if host and not _HOST.fullmatch(host):
        raise Unreadable
    return Address(
        scheme=split.scheme,
        host=host,
        port=port,
        path=unquote(split.path),
        query=dict(parse_qsl(split.query, keep_blank_values=True)),
        user=unquote(split.username or ""),
        password=unquote(split.password) if split.password is not None else None,
    )


def shown(text: str) -> str:
    """Where a URL leads, for people to read."""
    try:
        return str(read(text))
    except Unreadable:
        return "an address that cannot be read"


def scheme_of(text: str) -> str:
    """The scheme that `text` begins with, empty when it is none that could be shown."""
    scheme, there, _ = text.strip().partition("://")
    return scheme if there and _SCHEME.fullmatch(scheme) else ""


def plain_name(text: str) -> bool:
    """A user or a database whose name can be shown, for it holds nothing that belongs to another part."""
    return _NAME.fullmatch(text) is not None


def plain_host(text: str) -> bool:
    return _HOST.fullmatch(text) is not None


def host_and_port(host: str, port: object) -> str:
    return f"{f'[{host}]' if ':' in host else host}{f':{port}' if port else ''}"


def reason(exc: BaseException) -> str:
    """Why nobody answered, in our words: whatever libraries have wrapped around it, its cause is one of a few."""
    reasons = _reasons()
    found: BaseException | None = exc
    while found is not None:
        for kind, says in reasons:
            if isinstance(found, kind):
                return says
        found = _inner(found)
    return "no connection could be made"


def _reasons() -> tuple[tuple[type[BaseException], str], ...]:
    import socket  # every command reads addresses, and a look opens no connection of Python's own
    import ssl

    return (
        (socket.gaierror, "no host has that name"),
        (ssl.SSLCertVerificationError, "its certificate is not one that this machine trusts"),
        (ssl.SSLError, "it does not speak TLS, or not ours"),
        (ConnectionRefusedError, "nobody listens there"),
        (TimeoutError, "no answer within seconds"),
        (ConnectionError, "it closed the connection"),
    )


def _inner(exc: BaseException) -> BaseException | None:
    wrapped = getattr(exc, "reason", None)
    if isinstance(wrapped, BaseException):
        return wrapped
    return exc.__cause__ or exc.__context__
