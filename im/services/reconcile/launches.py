"""The launches of reconcile: one call for many slots, repeatable to the letter, and never a second machine for a slot.

A launch that was called may have happened, whatever we heard. So it is looked for by its token before it is asked for again,
asked for again only with the same token and request, and given up only on the cloud's definite word.
"""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from im.db import events, launches, user_data
from im.db.instances import labels, requests
from im.db.instances.waiting import OF_THE_SCOPE
from im.db.read import instances as read_instances
from im.domain.event import Channel, Event, EventKind
from im.domain.input.listed import listed
from im.domain.instance import Instance
from im.domain.launch import Launch, LaunchState
from im.domain.lifecycle import LOOK_AGAIN, MAX_ATTEMPTS, backoff
from im.domain.sighting import Sighting
from im.domain.spec import placement
from im.domain.spec.spec import Spec
from im.domain.spec.spot import spot_of
from im.failpoints import Point, reach
from im.logs import log
from im.providers import errors
from im.providers.contract import Filter, Slot, merge_pages
from im.providers.errors import ProviderError
from im.queue.tasks import Task
from im.services.reconcile import next_place, refusal
from im.services.reconcile.labels import AT_ONCE, name
from im.services.reconcile.launch_claims import UNWANTED, Claimed, claim, wanted
from im.services.ring import ring_by_verb

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from im.services.scope_run import ScopeRun


NEWS_ATTEMPTS = 5
"""After this many, half a minute in all, what the cloud does not know was not made just now: it is not there."""


def drive_launches(run: ScopeRun) -> list[str]:
    """Every launch of the scope that is due, one call each; one line for each."""
    told: list[str] = []
    while not run.stands_aside and (claimed := claim(run)) is not None:
        told.append(_Attempt(run, claimed).run())
    return told


def cancel_unwanted(run: ScopeRun) -> list[str]:
    """Launches that were never called and that nobody wants any more, which needs no cloud; one line for each."""
    told: list[str] = []
    while (claimed := claim(run, unwanted=True)) is not None:
        told.append(_Attempt(run, claimed).run())
    return told


class _Overtaken(Exception):
    """Our lease passed, and another worker has taken the launch up."""


class _Attempt:
    """One claimed launch: look for it if it was called before, call it, write down what came of it."""

    def __init__(self, run: ScopeRun, claimed: Claimed) -> None:
        self.on = run
        self.owner, self.launch, self.rows = claimed.owner, claimed.launch, claimed.rows
        self.now, self.fresh = claimed.now, claimed.fresh
        self.found: list[Sighting] = []
        # of a launch that was called before: a look showed all that it can ever have made
        self.certain = False

    def run(self) -> str:
        if not self.launch.slots:
            return f"{_names(self.launch)}: {UNWANTED}"
        try:
            if self.launch.attempts > 2 * MAX_ATTEMPTS and not self.fresh:
                raise errors.Unknown(f"{self.launch.attempts} workers took it up and none came back")
            machines = self._machines()
        except _Overtaken:
            return f"{_names(self.launch)}: somebody newer works on it"
        except ProviderError as exc:
            return self._refused_or_retried(exc)
        except Exception as exc:
            log.exception("unexpected error in a launch", launch=self.launch.token)
            fault = errors.Unknown(f"unexpected {type(exc).__name__}; the worker's log has it")
            return self._refused_or_retried(fault)
        if machines is None:
            return self._later("not seen yet; looked for again")
        return self._fill(machines) if machines else self._close(LaunchState.ABSENT, "nothing was launched")

    def _machines(self) -> list[Sighting] | None:
        """What the launch made or makes now; [] when it certainly made nothing and need not; None when only time will tell."""
        if self.fresh:
            return self._call()
        which = Filter(token=self.launch.token, spec=self.launch.spec)
        snapshot = merge_pages(self.on.provider.list(self.on.scope, which))
        found = list(snapshot.sightings)
        reach(Point.LAUNCH_LOOKED)
        if len(found) >= len(self.launch.slots):
            return found
        can = self.on.provider.capabilities
        assert self.launch.called_at is not None
        waited = self.now - self.launch.called_at > can.launch_visible_within
        self.found, self.certain = found, snapshot.complete and waited
        anybody = any(wanted(row, self.launch.token, self.now) for row in self.rows)
        if can.idempotent_launch and (anybody or found):
            return self._call()
        if not self.certain:
            return None
        return self._call() if anybody and not found else found

    def _call(self) -> list[Sighting] | None:
        """Launch, if that is still ours to do: this process may have been stopped for minutes since it claimed.

        A cloud without launch tokens would make a second machine for a launch that somebody newer has called meanwhile.
        """
        with self.on.ctx.begin() as connection:
            now = self.on.ctx.clock(connection)
            until = now + timedelta(seconds=self.on.ctx.settings.launch_lease)
            if not launches.renew(connection, self.launch.token, self.owner, until):
                raise _Overtaken
            anybody = bool(self.found) or launches.wanted(connection, self.launch, now)
            spec = user_data.attached(connection, self.launch.spec)
        if not anybody:
            return None
        if spec is None:
            raise errors.InvalidSpec("its user data was used and erased; create a new one with --user-data")
        if placement.is_open(spec):
            spec = self._place(spec)
        slots = [Slot(i, n) for i, n in zip(self.launch.slots, self.launch.names, strict=True)]
        reach(Point.LAUNCH_CALLING)
        return self.on.provider.launch(self.on.scope, spec, token=self.launch.token, slots=slots)

    def _place(self, spec: Spec) -> Spec:
        """Ask which zones there are, and write down the first before it is called: what went out can be repeated to the letter."""
        spec = next_place.spread(self.on.provider, self.on.scope, spec)
        with self.on.ctx.begin() as connection:
            if not launches.place(connection, self.launch.token, self.owner, spec):
                raise _Overtaken
        self.launch = replace(self.launch, spec=replace(spec, user_data=None))
        return spec

    def _fill(self, machines: Sequence[Sighting]) -> str:
        """Give the n-th machine to the n-th slot. Kept even when our lease has passed: a machine must never be lost."""
        reach(Point.LAUNCH_MADE)
        ordered = sorted(machines, key=lambda m: (m.launch_index, m.provider_id))
        with self.on.ctx.begin() as connection:
            now = self.on.ctx.clock(connection)
            rows = {r.id: r for r in requests.lock(connection, sorted(self.launch.slots))}
            known = launches.known_machines(connection, self.on.scope_id, [m.provider_id for m in ordered])
            free = [i for i in self.launch.slots if i in rows and rows[i].provider_id is None]
            pairs = list(zip(free, (m for m in ordered if m.provider_id not in known), strict=False))
            launches.fill(connection, dict(pairs), seen_at=now, now=now, look_at=now + LOOK_AGAIN)
            if len(self.launch.slots) > 1:
                labels.add(connection, [i for i, _ in pairs], now)
            user_data.erase_spent(connection)
            events.record(connection, (_launched(rows[i], m, now) for i, m in pairs))
            mine = launches.resolve(connection, self.launch.token, self.owner, LaunchState.DONE)
            left = [rows[i] for i in free[len(pairs) :]] if mine else []
            again = self._again(connection, left, now) if pairs else self._give_up(connection, left, now)
            after = [replace(rows[i], provider_id=m.provider_id, observed=m.state) for i, m in pairs]
            if any(row.error_code in OF_THE_SCOPE for row in self.rows):
                refusal.over(self.on, connection, now)
            reach(Point.LAUNCH_FILL_WRITTEN)
        reach(Point.LAUNCH_FILL_COMMITTED)
        if 1 < len(self.launch.slots) <= AT_ONCE:
            name(self.on, after)
        reach(Point.LAUNCH_LABELLED)
        ring_by_verb(self.on.ctx, after, after=LOOK_AGAIN.total_seconds() + 0.1)
        ring_by_verb(self.on.ctx, again)
        if pairs and spot_of(self.launch.spec) is not None:
            self.on.ctx.queue.ring(
                Task.PRICES
            )  # its price is asked while it lives: a short life has no other hour for it
        short = f", {len(left)} still to come" if left else ""
        return f"{_names(self.launch)}: launched {len(pairs)}{short}"

    def _again(self, connection: Connection, left: Sequence[Instance], now: datetime) -> list[Instance]:
        """The cloud definitely made fewer than asked: the rest joins a new launch."""
        if not left:
            return []
        token = str(uuid.uuid4())
        ids, names = [r.id for r in left], [r.name for r in left]
        where = {"candidate": self.launch.candidate, "round_": self.launch.round}
        launches.add(connection, token, self.on.scope_id, self.launch.spec, ids, names, now, **where)
        launches.attach(connection, token, ids)
        return read_instances.read(connection, ids)

    def _give_up(self, connection: Connection, left: Sequence[Instance], now: datetime) -> list[Instance]:
        launches.release(connection, [r.id for r in left], now, "no_capacity", "the cloud made no machine")
        return []

    def _refused_or_retried(self, exc: ProviderError) -> str:
        """Definitely refused for good: the slots have failed. Anything else is tried again, the same to the letter."""
        patient = isinstance(exc, errors.NotThereYet) and self.launch.attempts < NEWS_ATTEMPTS
        of_us = isinstance(exc, errors.Unauthenticated)
        final = isinstance(exc, errors.Rejected | errors.NoCapacity) and not (patient or of_us)
        spent = isinstance(exc, errors.Unknown | errors.NotFound) and self.launch.attempts >= MAX_ATTEMPTS
        # a refusal does not speak for an earlier call that went unanswered: credentials may have expired in between
        if (final or spent) and self.found and self.certain:
            return self._fill(self.found)
        if (final or spent) and (self.fresh or self.certain):
            return self._close(LaunchState.REFUSED, exc.message, exc)
        definite = not isinstance(exc, errors.Ambiguous | errors.Unknown)
        state = LaunchState.OPEN if self.fresh and definite else LaunchState.CALLED
        if of_us:
            refusal.step_aside(self.on, exc)
        return self._later(exc.message, exc, state)

    def _later(self, because: str, exc: ProviderError | None = None, state: LaunchState = LaunchState.CALLED) -> str:
        wait = backoff(self.launch.attempts, exc.retry_after if exc else None)
        values: dict[str, Any] = {"called_at": None} if state is LaunchState.OPEN else {}
        if isinstance(exc, errors.Unauthenticated):  # another worker may be known, and this one has not tried
            wait, values["attempts"] = LOOK_AGAIN, self.launch.attempts - 1
        with self.on.ctx.begin() as connection:
            now = self.on.ctx.clock(connection)
            launches.resolve(
                connection,
                self.launch.token,
                self.owner,
                state,
                next_attempt_at=now + wait,
                error_code=exc.code if exc else None,
                error=because,
                **values,
            )
            if exc is not None:
                launches.note_trouble(connection, self.launch.slots, exc.code, exc.message, now + wait)
                new = [r for r in self.rows if r.error_code != exc.code]
                story = (
                    Event(r.id, now, EventKind.REFUSED, Channel.CLOUD, f"{exc.code}: {because}", r.generation)
                    for r in new
                )
                events.record(connection, story)
            rows = read_instances.read(connection, self.launch.slots)
            reach(Point.LAUNCH_DELAY_WRITTEN)
        reach(Point.LAUNCH_DELAY_COMMITTED)
        if wait < timedelta(seconds=10):
            ring_by_verb(self.on.ctx, rows, after=wait.total_seconds() + 0.1)
        return f"{_names(self.launch)}: {because}, retry in {wait.total_seconds():.0f} s"

    def _ring_when_due(self, rows: Sequence[Instance], now: datetime) -> None:
        """What is further off than a tick is left to the tick."""
        soon = [row for row in rows if row.next_attempt_at and row.next_attempt_at - now < timedelta(seconds=10)]
        waits = [(row.next_attempt_at - now).total_seconds() for row in soon if row.next_attempt_at]
        ring_by_verb(self.on.ctx, soon, after=max(waits, default=0.0) + 0.1)

    def _close(self, state: LaunchState, because: str, exc: ProviderError | None = None) -> str:
        """No machine will come of this launch."""
        code = exc.code if exc else None
        with self.on.ctx.begin() as connection:
            now = self.on.ctx.clock(connection)
            if not launches.resolve(connection, self.launch.token, self.owner, state, error_code=code, error=because):
                return f"{_names(self.launch)}: somebody newer works on it"
            moved = next_place.move_on(connection, self.on.scope_id, self.launch, exc, now) if exc else []
            left = [row for row in self.rows if row.id not in {one.id for one in moved}]
            launches.release(connection, [row.id for row in left], now, code or "absent", because)
            kind = EventKind.LAUNCH_FAILED if exc else EventKind.CANCELLED
            told = f"{code}: {because}" if code else because
            events.record(connection, (Event(r.id, now, kind, Channel.CLOUD, told, r.generation) for r in left))
            reach(Point.LAUNCH_CLOSE_WRITTEN)
        reach(Point.LAUNCH_CLOSE_COMMITTED)
        self._ring_when_due(moved, now)
        return f"{_names(self.launch)}: {because}"


def _launched(row: Instance, machine: Sighting, now: datetime) -> Event:
    return Event(
        row.id, now, EventKind.LAUNCHED, Channel.CLOUD, f"{machine.provider_id} in {machine.zone}", row.generation
    )


def _names(launch: Launch) -> str:
    return listed(launch.names or ["a launch"])
