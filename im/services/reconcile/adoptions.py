"""The adoptions of reconcile: machines that we did not make are looked at, tagged as ours, looked at again, and taken in.

Until then nothing else is done to them, whatever their rows say. Killed anywhere in between, the same is done again: a tag that
is ours already does no harm. What is another deployment's, another row's, or nobody's is refused, and its row is closed.
"""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from im.db import deployment, events, orphans
from im.db.instances import adoption, claims
from im.db.instances.claims import Outcome
from im.db.read import instances
from im.domain import tags
from im.domain.adoption import FORCED
from im.domain.event import Channel, Event, EventKind
from im.domain.instance import Instance
from im.domain.launch import LaunchState
from im.domain.lifecycle import LOOK_AGAIN, MAX_ATTEMPTS, Step, backoff
from im.domain.sighting import Sighting
from im.domain.state import Desired, Observed
from im.failpoints import Point, reach
from im.providers import errors
from im.providers.contract import Slot
from im.providers.errors import ProviderError
from im.providers.machine import SPOT_REQUEST, Machine
from im.services.reconcile import refusal
from im.services.ring import ring_by_verb

if TYPE_CHECKING:
    from im.context import Context
    from im.services.scope_run import ScopeRun

_ENDING = (Observed.TERMINATING, Observed.TERMINATED)


class Foreign(errors.Rejected):
    """It belongs to another deployment of im."""

    code = "foreign"


class Taken(errors.Rejected):
    """Another row of ours has it, or a launch of ours is bringing it."""

    code = "taken"


class Controlled(errors.Rejected):
    """Somebody else starts, stops or replaces it."""

    code = "controlled"


class NotAllowed(errors.Rejected):
    """The workers were not told to take in what im did not make."""

    code = "adoption_off"


@dataclass(slots=True)
class _Batch:
    owner: str
    rows: list[Instance]
    claimed_at: datetime
    ours: str
    """The id of our deployment."""
    holders: Mapping[str, tuple[str, str]]
    seen: dict[str, Sighting] = field(default_factory=dict)
    """By machine: tagged as ours, and seen so."""
    failed: dict[str, ProviderError] = field(default_factory=dict)


def drive_adoptions(run: ScopeRun) -> list[str]:
    """Every machine of the scope that waits to be taken in; one line for each."""
    told: list[str] = []
    while not run.stands_aside and (batch := _claim(run)):
        reach(Point.CLAIM_COMMITTED, Step.ADOPT)
        _take_in(run, batch)
        told += _apply(run.ctx, batch)
        if (of_us := refusal.of_us([*batch.failed.values()])) is not None:
            refusal.step_aside(run, of_us)
            break
        if len(batch.rows) < run.ctx.settings.batch:
            break
    return told


def _claim(run: ScopeRun) -> _Batch | None:
    owner = str(uuid.uuid4())
    with run.ctx.begin() as connection:
        now = run.ctx.clock(connection)
        # rows that name a machine although none was ever seen: launches name theirs only once they are there
        rows = claims.ready(connection, run.scope_id, Step.AWAIT_LAUNCH, now, run.ctx.settings.batch)
        if not rows:
            return None
        span = timedelta(seconds=run.ctx.settings.step_lease)
        claims.lease(connection, [row.id for row in rows], Step.ADOPT, now, span, owner)
        first = [row for row in rows if row.attempts == 0]
        story = (
            Event(r.id, now, EventKind.ADOPT_SENT, Channel.IM, f"{r.provider_id} is looked at", r.generation)
            for r in first
        )
        events.record(connection, story)
        held = adoption.holders(connection, run.scope_id, [_machine(row) for row in rows])
        reach(Point.CLAIM_WRITTEN, Step.ADOPT)
        return _Batch(owner, rows, now, deployment.read_id(connection), held)


def _take_in(run: ScopeRun, batch: _Batch) -> None:
    """Look, tag what is free, look again: clouds set tags without a condition, so whose it is, is what is read afterwards."""
    reach(Point.CALL_BEGUN, Step.ADOPT)
    adoption = run.provider.adoption
    if adoption is None:
        batch.failed = {
            _machine(row): errors.Unsupported("this cloud cannot mark a machine as ours") for row in batch.rows
        }
        return
    before = _look(run, batch, [_machine(row) for row in batch.rows])
    coming = _launching(run, before)
    tagged = []
    for row in batch.rows:
        machine = _machine(row)
        if machine in batch.failed:
            continue
        try:
            _check(row, before.get(machine), batch, coming)
            _check_allowed(run, row, before[machine], batch)
            if not _is_ours(before[machine], row, batch.ours):
                request = before[machine].spot_request
                adoption.take(run.scope, Machine(machine, {SPOT_REQUEST: request}), Slot(row.id, row.name), row.owner)
            tagged.append(row)
        except ProviderError as exc:
            batch.failed[machine] = exc
    after = _look(run, batch, [_machine(row) for row in tagged])
    for row in tagged:
        machine = _machine(row)
        if machine in batch.failed:
            continue
        try:
            _check(row, after.get(machine), batch, {})
            if _is_ours(after[machine], row, batch.ours):
                batch.seen[machine] = after[machine]
        except ProviderError as exc:
            batch.failed[machine] = exc
    reach(Point.CALL_ANSWERED, Step.ADOPT)


def _look(run: ScopeRun, batch: _Batch, machines: Sequence[str]) -> dict[str, Sighting]:
    try:
        return run.provider.describe(run.scope, [Machine(one) for one in machines]) if machines else {}
    except ProviderError as exc:
        batch.failed |= dict.fromkeys(machines, exc)
        return {}


def _check(row: Instance, seen: Sighting | None, batch: _Batch, coming: Mapping[str, str]) -> None:
    """Raises the reason why this machine is not to be had."""
    machine = _machine(row)
    if seen is None:
        raise errors.NotFound(f"there is no machine {machine} in {row.scope.region} of account {row.scope.account}")
    if seen.state in _ENDING:
        raise errors.NotFound(f"{machine} is {seen.state}")
    whose = seen.tags.get(tags.DEPLOYMENT, batch.ours)
    if whose != batch.ours:
        raise Foreign(f"{machine} belongs to another deployment of im ({whose[:40]}), which alone may stop it")
    holder, name = batch.holders.get(machine, (row.id, row.name))
    if holder != row.id:
        raise Taken(f"{machine} is already managed as {name}")
    if machine in coming:
        raise Taken(f"{machine} is just being launched as {coming[machine]}")


def _check_allowed(run: ScopeRun, row: Instance, seen: Sighting, batch: _Batch) -> None:
    """By what the cloud shows alone: whoever can write a row decides nothing here."""
    machine = _machine(row)
    foreign = seen.tags.get(tags.DEPLOYMENT) != batch.ours
    if foreign and (why := run.ctx.settings.adopt.refusal(machine, seen.tags)):
        raise NotAllowed(why)
    controller = run.provider.adoption.controller(seen) if run.provider.adoption is not None else None
    if controller is not None and not row.spec.options.get(FORCED):
        raise Controlled(controller.refusal(machine))


def _is_ours(seen: Sighting, row: Instance, ours: str) -> bool:
    return seen.tags.get(tags.DEPLOYMENT) == ours and seen.tags.get(tags.INSTANCE) == row.id


def _launching(run: ScopeRun, seen: Mapping[str, Sighting]) -> dict[str, str]:
    """Machines among these whose launch is still under way: their slots wait for them."""
    tokens = {one: sighting.tags[tags.LAUNCH] for one, sighting in seen.items() if tags.LAUNCH in sighting.tags}
    if not tokens:
        return {}
    with run.ctx.begin() as connection:
        known = orphans.launches_of(connection, run.scope_id, list(tokens.values()))
    under_way = (LaunchState.OPEN, LaunchState.CALLED)
    return {
        one: known[token].names[0]
        for one, token in tokens.items()
        if token in known and known[token].state in under_way
    }


def _apply(ctx: Context, batch: _Batch) -> list[str]:
    with ctx.begin() as connection:
        now = ctx.clock(connection)
        outcomes = [_outcome(row, batch, now) for row in batch.rows]
        learned = {row.id: (row, batch.seen[_machine(row)]) for row in batch.rows if _machine(row) in batch.seen}
        adoption.learn(connection, batch.owner, learned)
        applied = claims.apply(connection, batch.owner, Step.ADOPT, outcomes, now)
        adoption.refuse(connection, [o.id for o in outcomes if o.failed and o.id in applied], now)
        after = claims.by_id(instances.read(connection, sorted(applied)))
        mine = [(after[o.id], o) for o in outcomes if o.id in applied]
        events.record(connection, [event for row, o in mine if (event := _told(row, o, batch, now)) is not None])
        reach(Point.APPLY_WRITTEN, Step.ADOPT)
    reach(Point.APPLY_COMMITTED, Step.ADOPT)
    moving = [row for row, _ in mine if row.closed_at is None and not row.settled]
    soon = [row for row in moving if row.next_attempt_at and row.next_attempt_at - now < timedelta(seconds=10)]
    waits = [(row.next_attempt_at - now).total_seconds() for row in soon if row.next_attempt_at]
    ring_by_verb(ctx, soon, after=max([0.0, *waits]) + 0.1)
    return [_line(row, o) for row, o in mine]


def _outcome(row: Instance, batch: _Batch, now: datetime) -> Outcome:
    machine = _machine(row)
    seen, exc = batch.seen.get(machine), batch.failed.get(machine)
    if seen is not None:
        return Outcome(row.id, row.generation, seen, batch.claimed_at, next_attempt_at=now)
    if exc is None:  # tagged, and the tag does not show yet
        return Outcome(row.id, row.generation, next_attempt_at=now + LOOK_AGAIN)
    of_us = isinstance(exc, errors.Unauthenticated)
    unknown = isinstance(exc, errors.Unknown) and row.attempts < MAX_ATTEMPTS
    retried = of_us or unknown or isinstance(exc, errors.Transient)
    wait = LOOK_AGAIN if of_us else backoff(row.attempts + 1, exc.retry_after)
    return Outcome(
        row.id,
        row.generation,
        error_code=exc.code,
        error=exc.message,
        next_attempt_at=now + wait if retried else None,
        failed=not retried,
        sure=not isinstance(exc, errors.Ambiguous),
    )


def _told(row: Instance, outcome: Outcome, batch: _Batch, now: datetime) -> Event | None:
    if outcome.seen is not None:
        what = f"{outcome.seen.provider_id}, {row.spec.instance_type} in {row.zone}, {outcome.seen.state}"
        rests = "; it stays stopped until it is started or extended" if row.desired is Desired.STOPPED else ""
        return Event(row.id, now, EventKind.ADOPTED, Channel.IM, what + rests, row.generation)
    if outcome.failed:
        return Event(
            row.id, now, EventKind.NOT_ADOPTED, Channel.CLOUD, f"{outcome.error_code}: {outcome.error}", row.generation
        )
    before = {one.id: one.error_code for one in batch.rows}
    if outcome.error_code and outcome.error_code != before[row.id]:
        return Event(
            row.id, now, EventKind.REFUSED, Channel.CLOUD, f"{outcome.error_code}: {outcome.error}", row.generation
        )
    return None


def _line(row: Instance, outcome: Outcome) -> str:
    if outcome.seen is not None:
        return f"{row.name}: adopted {row.provider_id}, {row.observed}"
    if outcome.error_code:
        return f"{row.name}: {'not adopted' if outcome.failed else 'adoption delayed'} ({outcome.error_code})"
    return f"{row.name}: tagged, not seen so yet"


def _machine(row: Instance) -> str:
    assert row.provider_id is not None
    return row.provider_id
