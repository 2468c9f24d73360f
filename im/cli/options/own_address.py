"""The address that clouds see this machine under, for `--ssh-from me`: asked of a public mirror, once, within seconds.

Only the person's machine can know it: a worker has another address. What cannot be learned is refused, never guessed.
"""

from __future__ import annotations

import ipaddress
import urllib.request
from http.client import HTTPException
from urllib.error import HTTPError

from im.address import reason
from im.domain.errors import Refused

MIRROR = "https://checkip.amazonaws.com"
PATIENCE = 3.0
"""Seconds."""


def own_network() -> str:
    """This machine's public address as a network of one. Raises Refused, naming the way round."""
    hint = "name your network with --ssh-from 203.0.113.7, or let nobody in with --ssh-from none"
    host = MIRROR.partition("://")[2]
    try:
        with urllib.request.urlopen(MIRROR, timeout=PATIENCE) as answer:  # the address is ours
            told = answer.read(100).decode("ascii", "replace").strip()
    except (OSError, HTTPException, ValueError) as exc:
        if isinstance(exc, HTTPError):
            exc.close()
        raise Refused(f"your own address is not known: {host} {_why(exc)}", hint) from None
    try:
        address = ipaddress.ip_address(told)
    except ValueError:
        raise Refused(f"your own address is not known: {host} answers with something else", hint) from None
    if not address.is_global:
        raise Refused(f"{host} sees you as {address}, where no cloud can see you", hint)
    return str(ipaddress.ip_network(address))


def _why(exc: BaseException) -> str:
    """A proxy's address may hold a password, and what is raised of it may repeat that."""
    if isinstance(exc, HTTPError):
        return f"does not answer but with {exc.code}"
    through = " through the proxy of this environment (HTTPS_PROXY)" if "https" in urllib.request.getproxies() else ""
    return f"does not answer{through}: {reason(exc)}"
