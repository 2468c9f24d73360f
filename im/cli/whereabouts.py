"""The address that clouds see this machine under, for `--ssh-from me`: asked of AWS's own mirror, once, within seconds.

Only the person's machine can know it: a worker has another address. What cannot be learned is refused, never guessed.
"""

from __future__ import annotations

import ipaddress
import urllib.request
from collections.abc import Sequence
from http.client import HTTPException
from urllib.error import HTTPError

from im.domain.errors import Refused

MIRROR = "https://checkip.amazonaws.com"
PATIENCE = 3.0
"""Seconds."""
HERE = "127.0.0.1/32"
"""In a sandbox nobody comes from anywhere."""


def sources(words: Sequence[str], *, real: bool) -> tuple[str, ...]:
    """`me` and `none` in the words of `--ssh-from` replaced by what they stand for. Raises Refused."""
    found = [(own_network() if real else HERE) if word == "me" else word for word in words if word != "none"]
    return tuple(dict.fromkeys(found))


def own_network() -> str:
    """This machine's public address as a network of one. Raises Refused, naming the way round."""
    hint = "name your network with --ssh-from 203.0.113.7, or let nobody in with --ssh-from none"
    host = MIRROR.partition("://")[2]
    try:
        with urllib.request.urlopen(MIRROR, timeout=PATIENCE) as answer:  # the address is ours
            told = answer.read(100).decode("ascii", "replace").strip()
    except (OSError, HTTPException) as exc:
        if isinstance(exc, HTTPError):
            exc.close()
        why = getattr(exc, "reason", None) or exc
        raise Refused(f"your own address is not known: {host} does not answer ({why})", hint) from None
    try:
        address = ipaddress.ip_address(told)
    except ValueError:
        raise Refused(f"your own address is not known: {host} answers with something else", hint) from None
    if not address.is_global:
        raise Refused(f"{host} sees you as {address}, where no cloud can see you", hint)
    return str(ipaddress.ip_network(address))
