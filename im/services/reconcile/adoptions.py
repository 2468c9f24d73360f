"""The adoptions of reconcile: machines that we did not make are looked at, tagged as ours, looked at again, and taken in.

Until then nothing else is done to them, whatever their rows say. Killed anywhere in between, the same is done again: a tag that
is ours already does no harm. What is another deployment's, another row's, or nobody's is refused, and its row is closed.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import partial
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
from im.providers.features import Adoption
from im.providers.machine import SPOT_REQUEST, Machine
from im.services.batches import Batch, Transaction, drive
from im.services.reconcile import refusal
from im.services.ring import ring_when_due

if TYPE_CHECKING:
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


@dataclass(slots=True, kw_only=True)
class _Claimed(Batch[Instance]):
    ours: str
    """The id of our deployment."""
    holders: Mapping[str, tuple[str, str]]
    """Machine → id and name of the living row that has it."""


@dataclass(frozen=True, slots=True)
class _Looked:
    """What the call brought, by machine. What is in neither was tagged, and the tag does not show yet."""

    seen: dict[str, Sighting] = field(default_factory=dict)
    """Tagged as ours, and seen so."""
    failed: dict[str, ProviderError] = field(default_factory=dict)


def drive_adoptions(run: ScopeRun) -> list[str]:
    """Every machine of the scope that waits to be taken in; one line for each."""
    return drive(run.ctx, _Adoptions(run), goes_on=lambda: not run.stands_aside)


@dataclass(frozen=True, slots=True)
class _Adoptions:
    run: ScopeRun

    def claim(self, tx: Transaction, owner: str) -> _Claimed | None:
        run, connection, limit = self.run, tx.connection, self.run.ctx.settings.batch
        now = run.ctx.clock(connection)
        # rows that name a machine although none was ever seen: launches name theirs only once they are there
        rows = claims.ready(connection, run.scope_id, Step.AWAIT_LAUNCH, now, limit)
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
        tx.after_commit(lambda: reach(Point.CLAIM_COMMITTED, Step.ADOPT))
        ours = deployment.read_id(connection)
        return _Claimed(owner, rows, now, more=len(rows) == limit, ours=ours, holders=held)

    def call(self, batch: _Claimed) -> _Looked:
        """Look, tag what is free, look again: clouds set tags without a condition, so whose it is, is what is read afterwards."""
        reach(Point.CALL_BEGUN, Step.ADOPT)
        if self.run.provider.adoption is None:
            return self.failed(batch, errors.Unsupported("this cloud cannot mark a machine as ours"))
        answer = _Looked()
        tagged = self._tag(self.run.provider.adoption, batch, answer)
        after = self._look(tagged, answer)
        for row in tagged:
            machine = _machine(row)
            if machine in answer.failed:
                continue
            try:
                _check(row, after.get(machine), batch, {})
                if self._is_ours(after[machine], row, batch.ours):
                    answer.seen[machine] = after[machine]
            except ProviderError as exc:
                answer.failed[machine] = exc
        reach(Point.CALL_ANSWERED, Step.ADOPT)
        return answer

    def _tag(self, marks: Adoption, batch: _Claimed, answer: _Looked) -> list[Instance]:
        """Tag those that are to be had; returns the rows whose machines are tagged. Why the others are not goes into `answer`."""
        before = self._look(batch.rows, answer)
        coming = self._launching(before)
        tagged = []
        for row in batch.rows:
            machine = _machine(row)
            if machine in answer.failed:
                continue
            try:
                _check(row, before.get(machine), batch, coming)
                self._check_allowed(marks, row, before[machine], batch.ours)
                if not self._is_ours(before[machine], row, batch.ours):
                    request = before[machine].spot_request
                    slot = Slot(row.id, row.name)
                    marks.take(self.run.scope, Machine(machine, {SPOT_REQUEST: request}), slot, row.owner)
                tagged.append(row)
            except ProviderError as exc:
                answer.failed[machine] = exc
        return tagged

    def _is_ours(self, seen: Sighting, row: Instance, ours: str) -> bool:
        """Does it say so? Where nothing can be written on it, which of our rows has it is for the rows to say."""
        same = self.run.provider.capabilities.marks_fixed or seen.tags.get(tags.INSTANCE) == row.id
        return same and seen.tags.get(tags.DEPLOYMENT) == ours

    def _look(self, rows: Sequence[Instance], answer: _Looked) -> dict[str, Sighting]:
        machines = [Machine(_machine(row)) for row in rows]
        try:
            return self.run.provider.describe(self.run.scope, machines) if machines else {}
        except ProviderError as exc:
            answer.failed.update(dict.fromkeys((one.id for one in machines), exc))
            return {}

    def _launching(self, seen: Mapping[str, Sighting]) -> dict[str, str]:
        """Machines among these whose launch is still under way: their slots wait for them."""
        tokens = {one: sighting.tags[tags.LAUNCH] for one, sighting in seen.items() if tags.LAUNCH in sighting.tags}
        if not tokens:
            return {}
        with self.run.ctx.begin() as connection:
            known = orphans.launches_of(connection, self.run.scope_id, list(tokens.values()))
        under_way = (LaunchState.OPEN, LaunchState.CALLED)
        return {
            one: known[token].names[0]
            for one, token in tokens.items()
            if token in known and known[token].state in under_way
        }

    def _check_allowed(self, marks: Adoption, row: Instance, seen: Sighting, ours: str) -> None:
        """By what the cloud shows alone: whoever can write a row decides nothing here."""
        machine = _machine(row)
        foreign = seen.tags.get(tags.DEPLOYMENT) != ours
        if foreign and (why := self.run.ctx.settings.adopt.refusal(machine, seen.tags)):
            raise NotAllowed(why)
        controller = marks.controller(seen)
        if controller is not None and not row.spec.provider_options.get(FORCED):
            raise Controlled(controller.refusal(machine))

    def failed(self, batch: _Claimed, error: ProviderError) -> _Looked:
        return _Looked(failed={_machine(row): error for row in batch.rows})

    def apply(self, tx: Transaction, batch: _Claimed, answer: _Looked) -> list[str]:
        connection, now = tx.connection, self.run.ctx.clock(tx.connection)
        outcomes = [_outcome(row, batch, answer, now) for row in batch.rows]
        learned = {row.id: (row, answer.seen[_machine(row)]) for row in batch.rows if _machine(row) in answer.seen}
        adoption.learn(connection, batch.owner, learned)
        applied = claims.apply(connection, batch.owner, Step.ADOPT, outcomes, now)
        adoption.refuse(connection, [o.id for o in outcomes if o.failed and o.id in applied], now)
        after = claims.by_id(instances.read(connection, sorted(applied)))
        mine = [(after[o.id], o) for o in outcomes if o.id in applied]
        events.record(connection, [event for row, o in mine if (event := _event(row, o, batch, now)) is not None])
        reach(Point.APPLY_WRITTEN, Step.ADOPT)
        tx.after_commit(lambda: reach(Point.APPLY_COMMITTED, Step.ADOPT))
        tx.after_commit(partial(ring_when_due, self.run.ctx, [row for row, _ in mine], now))
        if (of_us := refusal.of_us([*answer.failed.values()])) is not None:
            tx.after_commit(partial(refusal.step_aside, self.run, of_us))
        return [_line(row, o) for row, o in mine]


def _check(row: Instance, seen: Sighting | None, batch: _Claimed, coming: Mapping[str, str]) -> None:
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


def _outcome(row: Instance, batch: _Claimed, answer: _Looked, now: datetime) -> Outcome:
    machine = _machine(row)
    seen, exc = answer.seen.get(machine), answer.failed.get(machine)
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


def _event(row: Instance, outcome: Outcome, batch: _Claimed, now: datetime) -> Event | None:
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
