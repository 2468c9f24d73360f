"""What of ours an account holds beside machines: security groups and key pairs; which of it is in use, and taking it away.

A key pair is never in the way of its own deletion, so that something uses it has to be looked at; EC2 itself keeps a group
that anything uses.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from im.domain import tags
from im.domain.spec.firewall import rules_of
from im.domain.spec.spec import Spec
from im.providers.aws.api.errors import cloud_code, translated
from im.providers.aws.api.sightings import FILTER_VALUES, PAGE
from im.providers.aws.launch import key_pairs, security_groups
from im.providers.errors import ProviderError, WrongState
from im.providers.features import Belonging

if TYPE_CHECKING:
    from mypy_boto3_ec2 import EC2Client

GROUP, KEY = "security group", "key pair"
_USED_BY = {GROUP: "instance.group-id", KEY: "key-name"}
_LIVING = ["pending", "running", "stopping", "stopped", "shutting-down"]


def names_of(spec: Spec, deployment: str) -> frozenset[str]:
    """The names of what a machine of that spec is launched with."""
    rules = rules_of(spec)
    found = {key_pairs.key_name(spec.public_key, deployment)} if len(spec.public_key.split()) > 1 else set()
    return frozenset(found | ({security_groups.group_name(rules, deployment)} if rules is not None else set()))


def found(ec2: EC2Client, deployment: str) -> list[Belonging]:
    """Everything that carries our deployment's tag and our kind of name."""
    things = [*_groups(ec2, deployment), *_keys(ec2, deployment)]
    used = _used(ec2, things)
    return [Belonging(one.kind, one.id, one.name, one.detail, one.id in used) for one in things]


def discard(ec2: EC2Client, things: Sequence[Belonging], deployment: str) -> dict[str, ProviderError]:
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


def _groups(ec2: EC2Client, deployment: str) -> Iterator[Belonging]:
    more: dict[str, str] = {}
    while True:
        with translated():
            answer: Any = ec2.describe_security_groups(Filters=_ours(deployment), MaxResults=PAGE, **more)  # type: ignore[arg-type]
        for one in answer["SecurityGroups"]:
            if one["GroupName"].startswith(_prefix(deployment)):
                detail = one.get("Description", "").removeprefix("im: ")
                yield Belonging(GROUP, one["GroupId"], one["GroupName"], detail, used=False)
        if not answer.get("NextToken"):
            return
        more = {"NextToken": answer["NextToken"]}


def _keys(ec2: EC2Client, deployment: str) -> Iterator[Belonging]:
    with translated():
        answer: Any = ec2.describe_key_pairs(Filters=_ours(deployment))
    for one in answer["KeyPairs"]:
        if one["KeyName"].startswith(_prefix(deployment)):
            yield Belonging(KEY, one["KeyPairId"], one["KeyName"], one.get("KeyFingerprint", ""), used=False)


def _used(ec2: EC2Client, things: Sequence[Belonging]) -> set[str]:
    """Ids of those that some machine was launched with and is not gone, whoever's machine it is."""
    used: set[str] = set()
    for kind, filter_name in _USED_BY.items():
        by_value = {(one.id if kind == GROUP else one.name): one.id for one in things if one.kind == kind}
        values = sorted(by_value)
        for at in range(0, len(values), FILTER_VALUES):
            for machine in machines(ec2, {filter_name: values[at : at + FILTER_VALUES]}):
                holds = [group["GroupId"] for group in machine.get("SecurityGroups", [])] + [machine.get("KeyName", "")]
                used |= {by_value[one] for one in holds if one in by_value}
    return used


def machines(ec2: EC2Client, filters: Mapping[str, Sequence[str]]) -> Iterator[Any]:
    """Those that match and are not gone."""
    asked: Any = [{"Name": name, "Values": list(values)} for name, values in filters.items()]
    asked.append({"Name": "instance-state-name", "Values": _LIVING})
    more: dict[str, str] = {}
    while True:
        with translated():
            answer: Any = ec2.describe_instances(Filters=asked, MaxResults=PAGE, **more)  # type: ignore[arg-type]
        for reservation in answer["Reservations"]:
            yield from reservation["Instances"]
        if not answer.get("NextToken"):
            return
        more = {"NextToken": answer["NextToken"]}


def _ours(deployment: str) -> Any:
    return [{"Name": f"tag:{tags.DEPLOYMENT}", "Values": [deployment]}]


def _prefix(deployment: str) -> str:
    """A group of the person's own may carry our tag, copied with others; its name does not."""
    return f"im-{deployment[:8]}-"
