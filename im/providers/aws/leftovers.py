"""What of ours an account holds beside machines: security groups and key pairs; which of it is in use, and taking it away.

A key pair is never in the way of its own deletion, so that something uses it has to be looked at; EC2 itself keeps a group
that anything uses.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from im.domain import tags
from im.domain.scope import Scope
from im.domain.spec.spec import Spec
from im.providers.aws import deadline_guard
from im.providers.aws.api.clients import Clients
from im.providers.aws.api.errors import cloud_code, translated
from im.providers.aws.api.machines import living
from im.providers.aws.api.sightings import FILTER_VALUES, PAGE
from im.providers.aws.launch import key_pairs, security_groups
from im.providers.errors import ProviderError, WrongState
from im.providers.features import Resource

if TYPE_CHECKING:
    from mypy_boto3_ec2 import EC2Client

GROUP, KEY = "security group", "key pair"
_USED_BY = {GROUP: "instance.group-id", KEY: "key-name"}


def names_of(spec: Spec, deployment: str) -> frozenset[str]:
    """The names of what a machine of that spec is launched with."""
    rules = spec.firewall
    found = {key_pairs.key_name(spec.public_key, deployment)} if len(spec.public_key.split()) > 1 else set()
    return frozenset(found | ({security_groups.group_name(rules, deployment)} if rules is not None else set()))


def found(ec2: EC2Client, deployment: str) -> list[Resource]:
    """Everything that carries our deployment's tag and our kind of name."""
    things = [*_groups(ec2, deployment), *_keys(ec2, deployment)]
    used = _used(ec2, things)
    return [Resource(one.kind, one.id, one.name, one.detail, one.id in used) for one in things]


def discard(ec2: EC2Client, things: Sequence[Resource], deployment: str) -> dict[str, ProviderError]:
    """Take them away unless they are in use or not ours (any more); returns what failed, by id. Gone already is done."""
    failed: dict[str, ProviderError] = {}
    there = {one.id: one for one in found(ec2, deployment)}
    for one in (there[thing.id] for thing in things if thing.id in there):
        try:
            if one.used:
                raise WrongState(f"a machine still uses the {one.kind} {one.name}")
            with translated(mutating=True):
                if one.kind == GROUP:
                    ec2.delete_security_group(GroupId=one.id)
                else:
                    ec2.delete_key_pair(KeyName=one.name)
        except ProviderError as exc:
            if not cloud_code(exc).endswith(".NotFound"):
                failed[one.id] = exc
    return failed


def _groups(ec2: EC2Client, deployment: str) -> Iterator[Resource]:
    more: dict[str, str] = {}
    while True:
        with translated():
            answer: Any = ec2.describe_security_groups(Filters=_ours(deployment), MaxResults=PAGE, **more)  # type: ignore[arg-type]
        for one in answer["SecurityGroups"]:
            if one["GroupName"].startswith(_prefix(deployment)):
                detail = one.get("Description", "").removeprefix("im: ")
                yield Resource(GROUP, one["GroupId"], one["GroupName"], detail, used=False)
        if not answer.get("NextToken"):
            return
        more = {"NextToken": answer["NextToken"]}


def _keys(ec2: EC2Client, deployment: str) -> Iterator[Resource]:
    with translated():
        answer: Any = ec2.describe_key_pairs(Filters=_ours(deployment))
    for one in answer["KeyPairs"]:
        if one["KeyName"].startswith(_prefix(deployment)):
            yield Resource(KEY, one["KeyPairId"], one["KeyName"], one.get("KeyFingerprint", ""), used=False)


def _used(ec2: EC2Client, things: Sequence[Resource]) -> set[str]:
    """Ids of those that some machine was launched with and is not gone, whoever's machine it is."""
    used: set[str] = set()
    for kind, filter_name in _USED_BY.items():
        by_value = {(one.id if kind == GROUP else one.name): one.id for one in things if one.kind == kind}
        values = sorted(by_value)
        for at in range(0, len(values), FILTER_VALUES):
            for machine in living(ec2, {filter_name: values[at : at + FILTER_VALUES]}):
                holds = [group["GroupId"] for group in machine.get("SecurityGroups", [])] + [machine.get("KeyName", "")]
                used |= {by_value[one] for one in holds if one in by_value}
    return used


def _ours(deployment: str) -> Any:
    return [{"Name": f"tag:{tags.DEPLOYMENT}", "Values": [deployment]}]


def _prefix(deployment: str) -> str:
    """A group of the person's own may carry our tag, copied with others; its name does not."""
    return f"im-{deployment[:8]}-"


class Leftovers:
    """Groups, keys and schedules, as an ability of the provider."""

    def __init__(self, clients: Clients, deployment: str, guard: deadline_guard.SchedulerGuard) -> None:
        self._clients, self._deployment, self._guard = clients, deployment, guard

    def found(self, scope: Scope) -> Sequence[Resource]:
        return [*found(self._clients.ec2(scope.region), self._deployment), *self._guard.left(scope)]

    def needed_by(self, spec: Spec) -> frozenset[str]:
        return names_of(spec, self._deployment)

    def discard(self, scope: Scope, things: Sequence[Resource]) -> Mapping[str, ProviderError]:
        schedules = [one for one in things if one.kind == deadline_guard.KIND]
        others = [one for one in things if one.kind != deadline_guard.KIND]
        failed = discard(self._clients.ec2(scope.region), others, self._deployment)
        return failed | self._guard.discard(scope, schedules)
