"""DescribeInstances and DescribeInstanceStatus, for a hundred thousand machines: found by index, cast from moulds, page by page."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Sequence
from itertools import islice
from operator import attrgetter
from typing import Any

from tests.standin import filters, mould
from tests.standin.machine import CODES, Machine
from tests.standin.model import Raw
from tests.standin.registry import Call, action

_number = attrgetter("number")

COMMON: filters.Facets[Machine] = {
    "instance-state-name": lambda one: [one.state],
    "instance-state-code": lambda one: [str(CODES[one.state])],
    "availability-zone": lambda one: [one.facts.zone],
}
FACETS: filters.Facets[Machine] = {
    **COMMON,
    "instance-id": lambda one: [one.id],
    "client-token": lambda one: [one.token],
    "instance-type": lambda one: [one.facts.instance_type],
    "image-id": lambda one: [one.facts.image],
    "key-name": lambda one: [one.facts.key_name or ""],
    "architecture": lambda one: [one.facts.architecture],
    "instance-lifecycle": lambda one: [one.facts.lifecycle or ""],
    "spot-instance-request-id": lambda one: [one.spot_request or ""],
    "reservation-id": lambda one: [one.reservation],
    "instance.group-id": lambda one: [group for group, _ in one.facts.groups],
    "instance.group-name": lambda one: [name for _, name in one.facts.groups],
    "network-interface.group-id": lambda one: [group for group, _ in one.facts.groups],
    "subnet-id": lambda one: [one.facts.subnet] if one.private_ip else [],
    "vpc-id": lambda one: [one.facts.vpc] if one.private_ip else [],
    "private-ip-address": lambda one: [one.private_ip or ""],
    "ip-address": lambda one: [one.public_ip or ""],
}


@action("ec2", "DescribeInstances")
def describe_instances(call: Call) -> Raw:
    page, more = _page(call, FACETS)
    pieces = mould.reservations(page, call.region.account)
    return Raw(f"<reservationSet>{''.join(pieces)}</reservationSet>{_next(more)}")


@action("ec2", "DescribeInstanceStatus")
def describe_instance_status(call: Call) -> Raw:
    """Without IncludeAllInstances only the running ones, as at EC2; tags are unknown here, to filters as well."""
    every = call.asked.get("IncludeAllInstances", False)
    page, more = _page(call, STATUS_FACETS, lambda one: every or one.state == "running")
    return Raw(f"<instanceStatusSet>{''.join([mould.status(one) for one in page])}</instanceStatusSet>{_next(more)}")


STATUS_FACETS: filters.Facets[Machine] = {
    **COMMON,
    "instance-status.status": lambda one: ["ok" if one.state == "running" else "not-applicable"],
    "system-status.status": lambda one: ["ok" if one.state == "running" else "not-applicable"],
    "event.code": lambda one: [],
}


def _page(call: Call, facets: filters.Facets[Machine], also: Any = None) -> tuple[list[Machine], str | None]:
    """One page in listing order, and the token of the next. Machines too young to be seen are not there."""
    asked, ids = call.asked, call.asked.get("InstanceIds")
    size = filters.page_size(asked, "InstanceIds")
    after = filters.number_in(asked.get("NextToken"))
    wanted = filters.asked(asked)
    if facets is STATUS_FACETS:
        wanted = [(name if not name.startswith("tag") else "!" + name, values) for name, values in wanted]
    if ids:
        candidates: Sequence[Machine] = sorted(call.region.named(ids), key=_number)
    else:
        candidates, wanted = _candidates(call, wanted)
    now = call.now
    rest: Iterable[Machine] = islice(candidates, bisect_right(candidates, after, key=_number), None)
    rest = (one for one in rest if one.visible_at <= now)
    if also is not None:
        rest = filter(also, rest)
    found = list(islice(filters.select(rest, wanted, facets, lambda one: one.tags), size + 1 if not ids else None))
    call.cloud.ledger.machines_shown += min(len(found), size) if not ids else len(found)
    if ids or len(found) <= size:
        return found, None
    return found[:size], filters.token_for(found[size - 1].number)


def _candidates(
    call: Call, wanted: list[tuple[str, list[str]]]
) -> tuple[Sequence[Machine], list[tuple[str, list[str]]]]:
    """What the best index holds, in listing order, and the filters that are still to be applied."""
    region = call.region
    for name, values in wanted:
        rest = [one for one in wanted if one != (name, values)]
        if not filters.exact(values):
            continue
        if name == "instance-id":
            found = [region.machines[one] for one in dict.fromkeys(values) if one in region.machines]
            return sorted(found, key=_number), rest
        if name.startswith("tag:"):
            return region.by_tag.find(name[4:], values), rest
        if name == "availability-zone" and len(values) == 1:
            return (region.by_zone[values[0]].ordered() if values[0] in region.by_zone else []), rest
    return region.everything.ordered(), wanted


def _next(token: str | None) -> str:
    return f"<nextToken>{token}</nextToken>" if token else ""
