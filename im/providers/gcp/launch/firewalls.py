"""Who may reach a machine: rules of its network that hold for machines with our tags; each set of rules has its own.

A network's usual rules let SSH in from everywhere, so machines with rules of their own also have a tag whose rule, before those,
refuses the rest. Rules are the network's and so global; ours hold the region in their names, and belong to that scope alone.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from im.domain.spec.firewall import Rule
from im.providers.errors import InvalidSpec, NotFound, NotThereYet
from im.providers.gcp.api import GcpApi
from im.providers.kit.names import prefix

DEFAULT_NETWORK = "default"
_ALLOW, _DENY = 900, 901
"""Priorities: the lower one goes first, and the usual rules of a network stand at 65534."""


@dataclass(frozen=True, slots=True)
class Wall:
    """What keeps others from machines with its tags: `rules` by their names, as the API takes them."""

    tags: tuple[str, ...]
    rules: Mapping[str, Mapping[str, Any]]


def network_path(network: str) -> str:
    return network if "/" in network else f"global/networks/{network or DEFAULT_NETWORK}"


def scope_prefix(deployment: str, region: str) -> str:
    return f"{prefix(deployment)}{region}-"


def wall_of(deployment: str, region: str, network: str, rules: Sequence[Rule]) -> Wall:
    """The rules that a machine with these ways in is launched with."""
    begin, at = scope_prefix(deployment, region), network_path(network)
    closed, own = f"{begin}rest-{_hash(at)}", f"{begin}in-{_hash(at, *sorted(map(str, rules)))}"
    made: dict[str, Mapping[str, Any]] = {}
    for family, everywhere in (("4", "0.0.0.0/0"), ("6", "::/0")):
        made[f"{closed}-{family}"] = _rule(at, _DENY, [everywhere], {"denied": [{"IPProtocol": "all"}]}, closed)
    for number, (ports, sources) in enumerate(_grouped(rules)):
        allowed = [{"IPProtocol": protocol, "ports": list(spans)} for protocol, spans in ports]
        made[f"{own}-{number}"] = _rule(at, _ALLOW, sources, {"allowed": allowed}, own)
    return Wall((closed, own) if rules else (closed,), made)


def ensure(api: GcpApi, deployment: str, wall: Wall) -> None:
    """See to it that all of them are there. Raises ProviderError."""
    there = {one["name"] for one in rules_of(api, wall_prefix(wall))}
    for name, rule in wall.rules.items():
        if name in there:
            continue
        described = {"name": name, "description": f"made by im for its deployment {deployment}", **rule}
        try:
            api.send("POST", "/global/firewalls", described)
        except InvalidSpec as exc:
            if "already exists" not in exc.message:
                raise
        except NotFound as exc:
            raise NotThereYet(exc.message) from exc


def rules_of(api: GcpApi, begin: str) -> list[dict[str, Any]]:
    """Rules whose name begins so."""
    asked = api.pages("/global/firewalls", filter=f"name eq {begin}.*")
    return [one for page in asked for one in page.body.get("items") or [] if one["name"].startswith(begin)]


def wall_prefix(wall: Wall) -> str:
    """What all names of its rules begin with."""
    first = next(iter(wall.rules))
    return first[: first.rindex("rest-")]


def _hash(*of: str) -> str:
    return hashlib.sha256("\n".join(of).encode()).hexdigest()[:10]


def _rule(network: str, priority: int, sources: Sequence[str], what: Mapping[str, Any], tag: str) -> dict[str, Any]:
    return {
        "network": network,
        "direction": "INGRESS",
        "priority": priority,
        "sourceRanges": list(sources),
        "targetTags": [tag],
        **what,
    }


_Ports = tuple[tuple[str, tuple[str, ...]], ...]


def _grouped(rules: Sequence[Rule]) -> list[tuple[_Ports, list[str]]]:
    """(protocol, ports) with the sources that have just these: a rule of Google's takes sources of one family of addresses."""
    by_source: dict[str, dict[str, list[str]]] = {}
    for rule in sorted(rules):
        span = str(rule.first) if rule.first == rule.last else f"{rule.first}-{rule.last}"
        by_source.setdefault(rule.source, {}).setdefault(rule.protocol, []).append(span)
    grouped: dict[tuple[_Ports, bool], list[str]] = {}
    for source, protocols in by_source.items():
        ports = tuple((protocol, tuple(spans)) for protocol, spans in sorted(protocols.items()))
        grouped.setdefault((ports, ":" in source), []).append(source)
    return [(ports, sources) for (ports, _), sources in sorted(grouped.items())]
