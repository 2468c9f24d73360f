"""Rules for machines that have an IPv4 address alone, of whoever may come in."""

from __future__ import annotations

from collections.abc import Sequence

from im.domain.errors import Refused
from im.domain.spec.firewall import Rule


def of_ipv4(rules: Sequence[Rule], cloud: str) -> tuple[Rule, ...]:
    """Without those of IPv6 that a rule of IPv4 says as well. Raises Refused for one that stands alone."""
    old, new = [one for one in rules if ":" not in one.source], [one for one in rules if ":" in one.source]
    for one in new:
        if not any(one.ports == other.ports for other in old):
            raise Refused(
                f"{cloud}'s machines have an IPv4 address alone, which {one.source} never comes to",
                "name an IPv4 network, like 203.0.113.7",
            )
    return tuple(old)
