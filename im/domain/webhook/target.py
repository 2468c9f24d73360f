"""Where a webhook may go: to public addresses over HTTPS, and to those private networks that the deployment names.

The sender stands inside: what it can reach, whoever may write a URL could make it ask. So it is the address that is judged, after
the name was resolved, and never the name.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network
from urllib.parse import urlsplit

from im.domain.errors import Refused

Network = IPv4Network | IPv6Network
LONGEST = 2000
"""Characters of a URL."""
_HOST = re.compile(r"[A-Za-z0-9_]([A-Za-z0-9._-]{0,251}[A-Za-z0-9])?\.?|[0-9A-Fa-f:.]{2,45}", re.ASCII)
_PATH = re.compile(r"[\x21-\x7e]*", re.ASCII)
_WRITE = "write it like https://ci.example.com/hooks/im"
_NAT64 = IPv6Network("64:ff9b::/96")
"""RFC 6052: an IPv4 address in its last 32 bits, which a gateway of the network reaches."""
_COMPATIBLE = IPv6Network("::/96")
NEVER = tuple(
    ip_network(one)
    for one in (
        "169.254.0.0/16",  # link-local, with the metadata of AWS, Azure, GCP, Hetzner and DigitalOcean
        "fe80::/10",
        "fd00:ec0::/28",  # AWS's metadata and time over IPv6
        "fd20:ce::/32",  # GCP's
        "100.100.100.200/32",  # Alibaba's
        "192.0.0.192/32",  # Oracle's
        "168.63.129.16/32",  # Azure's WireServer, a public address that is reachable from inside alone
    )
)
"""Where the keys of the machine itself are given away: refused also where a network around it is allowed."""
NOT_ALLOWED = "that address is a private one, and not of a network that is allowed"


@dataclass(frozen=True, slots=True)
class Target:
    """A URL in its parts. What follows the host may be a secret, and is shown to its owner alone."""

    scheme: str
    host: str
    port: int
    path: str

    @property
    def where(self) -> str:
        """For logs, rows and errors."""
        return self.host

    @property
    def header(self) -> str:
        """`Host`, as HTTP writes it."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return host if self.port == _USUAL[self.scheme] else f"{host}:{self.port}"


_USUAL = {"https": 443, "http": 80}


def read_target(url: str) -> Target:
    """Raises Refused, which repeats nothing of `url` but its host."""
    if len(url) > LONGEST:
        raise Refused(f"a webhook's URL has at most {LONGEST} characters", _WRITE)
    try:
        split = urlsplit(url)
        host, port = split.hostname or "", split.port
    except ValueError:
        raise Refused("that is no URL", _WRITE) from None
    if split.scheme not in _USUAL or not host or not _HOST.fullmatch(host) or not _PATH.fullmatch(url):
        raise Refused("a webhook needs an https URL", _WRITE)
    if "@" in split.netloc:
        raise Refused(
            "a webhook's URL holds no user and no password",
            "its messages are signed; what else proves them goes into the path",
        )
    if split.fragment:
        raise Refused("what stands behind the # is never sent", "leave it out")
    path = f"{split.path or '/'}{f'?{split.query}' if split.query else ''}"
    return Target(split.scheme, host, port or _USUAL[split.scheme], path)


def check_literal(target: Target, allowed: Sequence[Network]) -> None:
    """What can be told when a URL is stored: an address in place of a name. Raises Refused. Names are judged at each sending."""
    try:
        address = ip_address(target.host)
    except ValueError:
        if target.scheme == "http" and not allowed:
            raise Refused(
                "a webhook needs an https URL", f"{_WRITE}; http goes to networks of IM_WEBHOOK_PRIVATE"
            ) from None
        return
    if why := refusal(target.scheme, str(address), allowed):
        raise Refused(why, "IM_WEBHOOK_PRIVATE names the private networks that webhooks may go to")


def refusal(scheme: str, address: str, allowed: Sequence[Network]) -> str | None:
    """Why nothing is sent to this resolved address; None where it may be."""
    found = _inner(ip_address(address.partition("%")[0]))
    if any(found in network for network in NEVER):
        return "that address is one where a machine's own keys are given away"
    if any(found in network for network in allowed):
        return None
    if not _is_public(found):
        return NOT_ALLOWED
    return "over plain http messages go to allowed private networks only" if scheme == "http" else None


def read_networks(written: object) -> tuple[Network, ...]:
    """`10.20.0.0/16, 127.0.0.1`. Raises Refused."""
    parts = written if isinstance(written, list | tuple) else re.split(r"[,\s]+", str(written))
    try:
        return tuple(ip_network(str(one).strip()) for one in parts if str(one).strip())
    except ValueError:
        raise Refused(
            "IM_WEBHOOK_PRIVATE names something that is no network", "write networks, as 10.20.0.0/16, 127.0.0.1"
        ) from None


def _inner(address: IPv4Address | IPv6Address) -> IPv4Address | IPv6Address:
    """The IPv4 address that is reached through an IPv6 one which carries it."""
    if isinstance(address, IPv4Address):
        return address
    carried = address.ipv4_mapped or address.sixtofour or (address.teredo[1] if address.teredo else None)
    if carried is None and (address in _NAT64 or (address in _COMPATIBLE and int(address) > 1)):
        carried = IPv4Address(int(address) & 0xFFFFFFFF)
    return carried or address


def _is_public(address: IPv4Address | IPv6Address) -> bool:
    if isinstance(address, IPv6Address) and address.is_site_local:
        return False
    special = address.is_multicast or address.is_reserved or address.is_unspecified or address.is_loopback
    return address.is_global and not special and not address.is_link_local
