"""Who may reach a machine: rules of protocol, ports and source, the same in every cloud's words.

A rule is written `443/tcp@0.0.0.0/0`. A machine's rules are its own: what one person opens is open on that machine alone,
so providers give each *set* of rules a firewall of its own instead of adding up what several machines want in one.
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from im.domain.errors import Refused

ANYWHERE = ("0.0.0.0/0", "::/0")
SSH, RDP = 22, 3389
MOST_RULES = 60
"""More than one machine should need, and what the smallest firewall of a cloud holds."""

_PORTS = re.compile(r"(\d{1,5})(?:-(\d{1,5}))?(?:/([a-z]+))?(?:@(.+))?", re.ASCII)


@dataclass(frozen=True, slots=True, order=True)
class Rule:
    """One way in. `source` is a network in CIDR form."""

    protocol: str
    first: int
    last: int
    source: str

    def __str__(self) -> str:
        return f"{self.ports}@{self.source}"

    @property
    def ports(self) -> str:
        span = str(self.first) if self.first == self.last else f"{self.first}-{self.last}"
        return f"{span}/{self.protocol}"

    @classmethod
    def read(cls, written: str) -> Rule:
        """From the form that `str` gives."""
        ports, _, source = written.partition("@")
        span, _, protocol = ports.partition("/")
        first, _, last = span.partition("-")
        return cls(protocol, int(first), int(last or first), source)


def check_source(text: str, also: Sequence[str] = ()) -> str:
    """A network as CIDR; an address alone is a network of one. Raises Refused with the nearest right form.

    `also`: further words that may be said in its place; they are the caller's to read.
    """
    written = text.strip()
    if written.lower() == "anywhere":
        return ANYWHERE[0]
    try:
        network = ipaddress.ip_network(written, strict=False)
    except ValueError:
        if near := _shorter(written):
            raise Refused(
                f"'{written[:60]}' is longer than the address that it is of", f"did you mean {near}?"
            ) from None
        hint = f"write 203.0.113.7, 203.0.113.0/24{''.join(f', {word}' for word in also)} or anywhere"
        raise Refused(f"'{written[:60]}' is no network", hint) from None
    if str(network) != str(_as_network(written)):
        raise Refused(f"'{written[:60]}' has an address where a network is needed", f"did you mean {network}?")
    if network.is_loopback or network.is_link_local or network.is_multicast:
        # a machine's own loopback, its neighbours on one wire, or many at once: none of them ever comes to a cloud
        hint = f"name the address that the cloud sees{', or say me' if 'me' in also else ''}"
        raise Refused(f"nobody can come from {network}", hint)
    return str(network)


ME, NOBODY = "me", "none"


def check_sources(given: Iterable[str]) -> tuple[str, ...]:
    """Who may log in, as typed: `me`, networks in CIDR form, or `none` alone. Raises Refused."""
    words = [word.strip() for text in given for word in text.split(",")]
    if NOBODY in words and len(words) > 1:
        raise Refused("--ssh-from none means nobody, and somebody is named beside it", "leave one of them out")
    own = (ME, NOBODY)
    return tuple(dict.fromkeys(word if word in own else check_source(word, own) for word in words))


def _shorter(written: str) -> str:
    """The address by itself, of one behind which too great a number stands; empty for anything else."""
    address, _, bits = written.partition("/")
    try:
        only = ipaddress.ip_network(address)
    except ValueError:
        return ""
    return str(only) if bits.isdecimal() else ""


def _as_network(written: str) -> ipaddress.IPv4Network | ipaddress.IPv6Network | None:
    """What it is to the letter; None when bits are set behind the mask."""
    try:
        return ipaddress.ip_network(written)
    except ValueError:
        return None


def parse_open(text: str) -> tuple[Rule, ...]:
    """`443/tcp,8000-8010/tcp@10.0.0.0/8`; without a source it is the whole world. Raises Refused."""
    rules: list[Rule] = []
    for one in (part.strip() for part in text.split(",")):
        found = _PORTS.fullmatch(one.lower())
        if not found:
            raise Refused(f"'{one[:40]}' names no ports", "write 443/tcp, 8000-8010/tcp or 53/udp@10.0.0.0/8")
        first, last, protocol = int(found[1]), int(found[2] or found[1]), found[3] or "tcp"
        if protocol not in ("tcp", "udp"):
            raise Refused(f"'{protocol[:20]}' is no protocol with ports", f"did you mean {found[1]}/tcp?")
        if first > last:
            raise Refused(f"'{one[:40]}' counts down", f"did you mean {last}-{first}/{protocol}?")
        if not 1 <= first <= last <= 65535:
            raise Refused(f"'{one[:40]}' names a port that cannot be", "ports go from 1 to 65535")
        sources = (check_source(found[4]),) if found[4] else ANYWHERE
        rules += [Rule(protocol, first, last, source) for source in sources]
    return tuple(rules)


def check_door(ssh_from: Sequence[str], opened: Sequence[Rule]) -> None:
    """Nobody, and the whole world, through one and the same door. Raises Refused."""
    through = [rule for rule in opened if rule.protocol == "tcp" and rule.first <= SSH <= rule.last]
    if NOBODY in ssh_from and through:
        said = f"--ssh-from none lets nobody log in, and --open {through[0].ports} lets in whoever comes by ssh"
        raise Refused(said, "leave one of them out, or leave port 22 out of --open")


def gathered(
    ssh_from: Sequence[str] | None, open_ports: Iterable[Rule], login_ports: Sequence[int] = (SSH,)
) -> tuple[Rule, ...] | None:
    """All rules of one machine, sorted, each once; None when nothing was said and the network is left as it is."""
    opened = tuple(open_ports)
    if ssh_from is None and not opened:
        return None
    login = (Rule("tcp", port, port, source) for port in login_ports for source in ssh_from or ())
    rules = tuple(sorted({*login, *opened}))
    if len(rules) > MOST_RULES:
        raise Refused(
            f"{len(rules)} rules are more than one machine can have", f"name ranges; at most {MOST_RULES} fit"
        )
    return rules


def sentence(rules: Sequence[Rule]) -> str:
    """`22/tcp from 203.0.113.7/32 · 443/tcp from anywhere`."""
    if not rules:
        return "nothing"
    by_ports: dict[str, list[str]] = {}
    for rule in rules:
        by_ports.setdefault(rule.ports, []).append(rule.source)
    told = []
    for ports, sources in by_ports.items():
        whole = [s for s in sources if s not in ANYWHERE] + (["anywhere"] if ANYWHERE[0] in sources else [])
        told.append(f"{ports} from {', '.join(whole) or sources[0]}")
    return " · ".join(told)
