"""What keeps others out: a security group for each set of rules in a project, made when first needed and found by its name.

A group without rules lets nothing through, neither in nor out; one whose making was cut short is completed when it is next needed.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from typing import Any

from im.domain import tags
from im.domain.errors import Refused
from im.domain.spec.firewall import Rule
from im.providers.errors import NotFound
from im.providers.kit.names import resource_name
from im.providers.nebius.api import NebiusApi
from im.providers.nebius.errors import NameTaken
from im.providers.nebius.sdk import part
from im.providers.nebius.tags import CODEC

GROUPS, RULES = "vpc.v1.SecurityGroupService", "vpc.v1.SecurityRuleService"
_PORTS = 8
"""Of one rule at most; none at all means every port."""
MOST_PORTS = 64
"""Of one range: so many make eight rules."""
_EVERY = (1, 65535)


def check_rules(rules: Sequence[Rule]) -> None:
    """Raises Refused for a range that would take too many rules."""
    for one in rules:
        if one.last - one.first >= MOST_PORTS and (one.first, one.last) != _EVERY:
            raise Refused(
                f"a rule at Nebius names each port by itself, and {one.ports} are {one.last - one.first + 1}",
                f"open at most {MOST_PORTS} at once, or 1-65535 for all of them",
            )


def group_name(deployment: str, rules: Sequence[Rule]) -> str:
    return resource_name(deployment, "firewall", ",".join(sorted(str(one) for one in rules)))


def ensure_group(api: NebiusApi, project: str, network: str, deployment: str, rules: Sequence[Rule]) -> str:
    """The id of the group with these rules. Raises ProviderError; WrongState while Nebius still makes it."""
    which, name = "", group_name(deployment, rules)
    for _ in range(2):
        try:
            which = api.get(
                f"{GROUPS}/GetByName", "GetSecurityGroupByNameRequest", "SecurityGroup", parent_id=project, name=name
            ).metadata.id
            break
        except NotFound:
            which = _make(api, project, network, name, deployment)
            if which:
                break
    there = {one.metadata.name for one in rules_of(api, which)}
    for named, spec in _specs(rules):
        if named not in there:
            about = part("common.v1").ResourceMetadata(parent_id=which, name=named)
            try:
                api.change(f"{RULES}/Create", part("vpc.v1").CreateSecurityRuleRequest(metadata=about, spec=spec))
            except NameTaken:
                continue  # somebody else completes it at the same time
    return which


def _make(api: NebiusApi, project: str, network: str, name: str, deployment: str) -> str:
    """Its id; empty where somebody else came first."""
    labels = CODEC.labels({tags.DEPLOYMENT: deployment})
    about = part("common.v1").ResourceMetadata(parent_id=project, name=name, labels=labels)
    spec = part("vpc.v1").SecurityGroupSpec(network_id=network)
    try:
        made = api.change(f"{GROUPS}/Create", part("vpc.v1").CreateSecurityGroupRequest(metadata=about, spec=spec))
    except NameTaken:
        return ""
    return str(made.resource_id)


def rules_of(api: NebiusApi, group: str) -> Iterator[Any]:
    return api.items(f"{RULES}/List", "ListSecurityRulesRequest", "ListSecurityRulesResponse", parent_id=group)


def _specs(rules: Sequence[Rule]) -> Iterator[tuple[str, Any]]:
    """(name, spec) of each: a name says what is in it, so that none is made twice."""
    vpc = part("vpc.v1")
    allow = {"access": vpc.RuleAccessAction.ALLOW, "type": vpc.RuleType.STATEFUL}
    yield "out", vpc.SecurityRuleSpec(**allow, protocol=vpc.RuleProtocol.ANY, egress=vpc.RuleEgress())
    for one in sorted(rules):
        for ports in _chunks(one):
            said = f"{one.protocol}/{ports}@{one.source}"
            told = vpc.RuleIngress(source_cidrs=[one.source], destination_ports=ports)
            spec = vpc.SecurityRuleSpec(**allow, protocol=vpc.RuleProtocol[one.protocol.upper()], ingress=told)
            yield f"in-{hashlib.sha256(said.encode()).hexdigest()[:12]}", spec


def _chunks(rule: Rule) -> Iterator[list[int]]:
    if (rule.first, rule.last) == _EVERY:
        yield []
        return
    ports = list(range(rule.first, rule.last + 1))
    yield from (ports[at : at + _PORTS] for at in range(0, len(ports), _PORTS))
