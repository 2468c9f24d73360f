"""The next place of a launch, once the cloud has definitely refused one."""

from __future__ import annotations

import uuid
from dataclasses import replace
from datetime import datetime
from typing import TYPE_CHECKING

from im.db import events, launches, scopes
from im.db.instances import requests
from im.db.instances.spec import to_spec
from im.db.read import instances as read_instances
from im.domain.event import Channel, Event, EventKind
from im.domain.instance import Instance
from im.domain.launch import Launch
from im.domain.scope import Scope
from im.domain.spec import placement
from im.domain.spec.spec import Spec
from im.providers.contract import Provider
from im.providers.errors import InvalidSpec, NoCapacity, NotOffered, ProviderError, QuotaExceeded, Unauthenticated
from im.services.reconcile.launch_claims import wanted

if TYPE_CHECKING:
    from sqlalchemy import Connection


def spread(provider: Provider, scope: Scope, spec: Spec) -> Spec:
    """The spec with the zones that `any` stands for. Raises ProviderError; nothing is launched by asking."""
    types = list(dict.fromkeys(one.instance_type for one in placement.candidates(spec)))
    if provider.zones is None:
        raise InvalidSpec(f"{scope.provider} has no zones to choose from; leave --availability-zone out")
    placed = placement.spread(spec, provider.zones.offering(scope, spec, types))
    if placement.is_open(placed):
        raise InvalidSpec(f"no zone of {scope.region} has {' or '.join(types)}")
    return placed


def retry_at_next_place(
    connection: Connection, number: int, launch: Launch, refusal: ProviderError, now: datetime
) -> list[Instance]:
    """A launch of its own, with its own token, at the next place, for the slots that are still wanted.

    Only for a launch that was definitely refused: no machine can come of it any more. Returns the rows that wait for the new
    one; none when there is nothing left to try.
    """
    rows = [r for r in requests.lock(connection, sorted(launch.slots)) if wanted(r, launch.token, now)]
    spec, turn = _turn(launch, refusal)
    if not rows:
        return []
    if turn is None:
        return _elsewhere(connection, launch, rows, refusal, now)
    token, spec = str(uuid.uuid4()), placement.at(spec, turn.candidate)
    order = {one: place for place, one in enumerate(launch.slots)}
    rows = sorted(rows, key=lambda row: order[row.id])
    ids, names, at = [row.id for row in rows], [row.name for row in rows], now + turn.wait
    launches.add(connection, token, number, spec, ids, names, at, candidate=turn.candidate, round_=turn.round)
    launches.move(connection, token, ids, spec, turn.candidate, refusal.code, refusal.message, at)
    told = f"{refusal.code}: {refusal.message}; {_next(spec, turn)}"
    if turn.candidate or _worth_telling(turn.round):
        events.record(
            connection, (Event(r.id, now, EventKind.REFUSED, Channel.CLOUD, told, r.generation) for r in rows)
        )
    return read_instances.read(connection, ids)


def _elsewhere(
    connection: Connection, launch: Launch, rows: list[Instance], refusal: ProviderError, now: datetime
) -> list[Instance]:
    """The same at the next cloud, where any was wished: the rows go over to its scope, and wait for a launch there."""
    written = launch.spec.provider_options.get(placement.ELSEWHERE)
    if not written or isinstance(refusal, Unauthenticated):
        return []
    first, *others = written
    scope, there = Scope(first["provider"], first["account"], first["region"]), to_spec(first["spec"])
    options = {**there.provider_options, **({placement.ELSEWHERE: others} if others else {})}
    spec = replace(there, provider_options=options, user_data_aside=launch.spec.user_data_aside)
    token, number = str(uuid.uuid4()), scopes.ensure(connection, scope)
    order = {one: place for place, one in enumerate(launch.slots)}
    rows = sorted(rows, key=lambda row: order[row.id])
    ids, names = [row.id for row in rows], [row.name for row in rows]
    launches.add(connection, token, number, spec, ids, names, now)
    launches.move(connection, token, ids, spec, 0, refusal.code, refusal.message, now, scope_id=number)
    told = f"{refusal.code}: {refusal.message}; trying {spec.instance_type} at {scope.provider}"
    events.record(connection, (Event(r.id, now, EventKind.REFUSED, Channel.CLOUD, told, r.generation) for r in rows))
    return read_instances.read(connection, ids)


def _turn(launch: Launch, refusal: ProviderError) -> tuple[Spec, placement.Turn | None]:
    """No room may be over in a minute; a type that a zone does not sell, or the account may not have, is not tried again."""
    spec, number = launch.spec, launch.candidate
    if isinstance(refusal, NoCapacity):
        return spec, placement.turn_after(spec, number, launch.round)
    if not isinstance(refusal, NotOffered | QuotaExceeded):
        return spec, None
    left = placement.without(spec, number, whole_type=isinstance(refusal, QuotaExceeded))
    return (left[0], placement.turn_at(*left, launch.round)) if left else (spec, None)


def _next(spec: Spec, turn: placement.Turn) -> str:
    many = len(placement.candidates(spec))
    if turn.wait:
        every = f"all {many} have refused" if many > 1 else "it is tried again"
        return f"{every}, round {turn.round + 1} in {turn.wait.total_seconds():.0f} s"
    return f"trying {turn.candidate + 1} of {many}: {spec.instance_type} in {spec.zone}"


def _worth_telling(number: int) -> bool:
    """The first rounds, then ever fewer: a day without capacity is not a thousand lines."""
    return number & (number - 1) == 0
