"""Requests, ticks, outside hands, faults, crashes and stalled workers in any order: the promises hold at every step and at the end.

The real services on the real Postgres, the cloud in memory, a stepped clock. IM_EXAMPLES and IM_STEPS say how much; the few
that run in the ordinary suite are the same machine.
"""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule, run_state_machine_as_test

from im import failpoints
from im.db.read import instances
from im.domain.errors import ImError
from im.domain.instance import Instance
from im.domain.state import GONE, Desired, Observed, meets
from im.failpoints import Point
from im.providers.errors import (
    Forbidden,
    NoCapacity,
    ProviderError,
    WrongState,
)
from im.queue.tasks import Task
from im.services.refresh.sweep import sweep_if_stale
from tests.chaos.crash import FAULTS, VERBS, Crash, Killed
from tests.chaos.shelves import NAMES, TTLS, Shelves
from tests.world import World, empty

WHICH = st.integers(0, 59)
"""One of what there is then, by its place: what is drawn must not hang on ids, which are new in every run."""


class Chaos(Shelves, RuleBasedStateMachine):
    database_url: str
    idempotent = True

    def __init__(self) -> None:
        super().__init__()
        empty(self.database_url)
        self.world = World(self.database_url)
        self.world.cloud.remembers = timedelta(seconds=120)
        self.world.cloud.idempotent = self.idempotent
        if not self.idempotent:
            can = replace(self.world.provider.capabilities, idempotent_launch=False)
            self.world.provider.capabilities = can
        self.foreign = self.world.cloud.foreign("fake-1a", Name="a")
        self.generations: dict[str, int] = {}
        self.vanished: set[str] = set()

    def teardown(self) -> None:
        try:
            self._calm_down()
            self._check_the_end()
        finally:
            failpoints.armed = None
            self.world.close()

    # ---- people ------------------------------------------------------------------------------------------------------

    @initialize(ttl=TTLS, states_from=st.sampled_from([500, 1]))
    def begin(self, ttl: int, states_from: int) -> None:
        """Small scopes are listed in full, big ones mostly by states: the promises are the same."""
        settings = replace(self.world.ctx.settings, states_from=states_from)
        self.world.ctx = replace(self.world.ctx, settings=settings)
        self._do(lambda: self.world.create("a", seconds=ttl))

    @rule(name=st.sampled_from(NAMES), ttl=TTLS, count=st.sampled_from([1, 1, 3]))
    def create(self, name: str, ttl: int, count: int) -> None:
        self._do(lambda: self.world.create(name, seconds=ttl, count=count))

    @rule(
        name=st.sampled_from(NAMES),
        ttl=TTLS,
        zone=st.sampled_from([None, "any", "fake-1a,fake-1b"]),
        retry=st.booleans(),
    )
    def create_where_there_is_room(self, name: str, ttl: int, zone: str | None, retry: bool) -> None:
        self._do(lambda: self.world.create(name, seconds=ttl, zone=zone, retry=retry, count=2))

    @rule(name=st.sampled_from(NAMES), ttl=TTLS)
    def create_for_a_while(self, name: str, ttl: int) -> None:
        self._do(lambda: self.world.create(name, seconds=ttl, keep_stopped="40s"))

    @rule(name=st.sampled_from(NAMES), on=st.booleans())
    def protect(self, name: str, on: bool) -> None:
        self._do(lambda: self.world.protect(name, on=on))

    @rule(name=st.sampled_from(NAMES), ttl=TTLS, start=st.booleans())
    def extend(self, name: str, ttl: int, start: bool) -> None:
        self._do(lambda: self.world.extend(name, seconds=ttl, start=start))

    @rule(name=st.sampled_from(NAMES))
    def stop(self, name: str) -> None:
        self._do(lambda: self.world.stop(name))

    @rule(name=st.sampled_from(NAMES), ttl=st.none() | TTLS)
    def start(self, name: str, ttl: int | None) -> None:
        self._do(lambda: self.world.start(name, seconds=ttl))

    @rule(name=st.sampled_from(NAMES))
    def terminate(self, name: str) -> None:
        self._do(lambda: self.world.terminate(name))

    # ---- time and the fleet ------------------------------------------------------------------------------------------

    @rule(seconds=st.sampled_from([1, 3, 10, 35]))
    def wait(self, seconds: int) -> None:
        self._do(lambda: self.world.advance(seconds))

    @rule(on=st.booleans())
    def workers(self, on: bool) -> None:
        self.world.worker = on

    @rule(on=st.booleans())
    def beat(self, on: bool) -> None:
        self.world.beat = on

    @rule()
    def sweep(self) -> None:
        self._do(lambda: sweep_if_stale(self.world.ctx))

    @rule()
    def wipe_the_broker(self) -> None:
        self.world.lose_messages()

    @rule(down=st.booleans())
    def broker(self, down: bool) -> None:
        self.world.queue.down = down

    @rule(which=WHICH)
    def replay_an_old_message(self, which: int) -> None:
        if rung := self.world.queue.rung[-30:]:
            bell = rung[which % len(rung)]
            self.world.queue.ring(bell.task, bell.ids)

    @rule(task=st.sampled_from(Task), name=st.sampled_from(NAMES))
    def forge_a_message(self, task: Task, name: str) -> None:
        self._do(lambda: self.world.queue.ring(task, [self.world.row(name).id, "im-0000000000"]))

    @rule(point=st.sampled_from(Point), nth=st.sampled_from([1, 1, 2]), stall=st.sampled_from([0.0, 0.0, 20.0, 90.0]))
    def crash_or_stall(self, point: Point, nth: int, stall: float) -> None:
        failpoints.armed = Crash(self.world, point, nth, stall, idempotent=self.idempotent)  # type: ignore[assignment]

    # ---- the cloud ---------------------------------------------------------------------------------------------------

    @rule(verb=st.sampled_from(VERBS), fault=st.sampled_from(FAULTS), times=st.sampled_from([1, 1, 4]))
    def fault(self, verb: str, fault: tuple[ProviderError, bool], times: int) -> None:
        error, after = fault
        self.world.cloud.fail_next(verb, error, after=after, times=times)

    @rule(full=st.booleans())
    def capacity(self, full: bool) -> None:
        if full:
            self.world.cloud.capacity["fake-1a"] = 0
        else:
            self.world.cloud.capacity.clear()

    @rule()
    def refuse_a_launch(self) -> None:
        self.world.cloud.fail_next("launch", NoCapacity("none left"))

    @rule(seconds=st.sampled_from([0, 4, 30]))
    def eventual_consistency(self, seconds: int) -> None:
        """How long a new machine stays unseen; beyond the grace that the provider names, nothing can be promised."""
        within = self.world.provider.capabilities.launch_visible_within
        self.world.cloud.visible_after = min(timedelta(seconds=seconds), within - timedelta(seconds=1))

    @rule(verb=st.sampled_from(["start", "stop", "terminate"]), which=WHICH)
    def outside_hand(self, verb: str, which: int) -> None:
        machine = self._machine(which)
        if machine is not None:
            try:
                self.world.cloud.outside(verb, machine)
            except (WrongState, Forbidden):  # nobody can terminate what the cloud protects
                return

    @rule(which=WHICH)
    def vanish(self, which: int) -> None:
        machine = self._machine(which)
        if machine is not None:
            self.world.cloud.vanish(machine)
            self.vanished.add(machine)

    @rule(keep=st.integers(0, 2))
    def cut_a_listing(self, keep: int) -> None:
        self.world.cloud.cut_next_listing(keep)

    # ---- at every step -----------------------------------------------------------------------------------------------

    @invariant()
    def no_slot_has_two_machines(self) -> None:
        slots = Counter((s.tags["im:launch"], s.launch_index) for s in self._ours())
        assert all(number == 1 for number in slots.values()), slots

    @invariant()
    def what_is_settled_was_seen_and_what_is_foreign_is_untouched(self) -> None:
        for row in self._rows():
            assert self.generations.get(row.id, 0) <= row.generation
            self.generations[row.id] = row.generation
            if row.closed_at is not None:
                assert row.observed in (*GONE, Observed.NONE), row
        assert all(self.foreign not in call.ids for call in self.world.cloud.calls)

    # ---- at the end --------------------------------------------------------------------------------------------------

    def _calm_down(self) -> None:
        """Faults end, everything runs again, and time passes: more than the longest grace and the longest wait."""
        failpoints.armed = None
        self.world.cloud._faults.clear()
        self.world.cloud._halves.clear()
        self.world.cloud.capacity.clear()
        self.world.queue.down = False
        self.world.worker = self.world.beat = True
        self.world.advance(150)
        for _ in NAMES:  # a second stage may be over in the last of these moments; its machine has the time to end
            if all(row.settled or row.failed for row in self._rows()):
                break
            self.world.advance(40)
        self._calm_snapshots()

    def _check_the_end(self) -> None:
        """Lost, doubled, orphaned, running past their deadline, unsettled: none."""
        rows = self._rows()
        living = {r.provider_id: r for r in rows if r.closed_at is None and r.provider_id}
        for seen in self._ours():
            if seen.state in (Observed.TERMINATED, Observed.TERMINATING):
                continue
            row = living.get(seen.provider_id)
            assert row is not None, f"orphan: {seen}"
            if seen.state in (Observed.PENDING, Observed.RUNNING):
                assert row.expires_at > self.world.now, f"runs past its deadline: {row}"
        self._check_snapshots(rows)
        for row in rows:
            assert row.settled or row.failed, f"lost: {row}"
            if row.settled and row.closed_at is None:
                assert meets(row.desired, row.observed, launching=row.launching), row
            if row.observed is Observed.NONE and row.desired is Desired.RUNNING:
                assert row.failed, row
        assert self.world.cloud.state(self.world.cloud.visible(self.foreign)) is Observed.RUNNING

    # ---- hands -------------------------------------------------------------------------------------------------------

    def _do(self, act: Any) -> None:
        """A refusal is an answer; a killed process is gone, and its transaction with it."""
        try:
            act()
        except (ImError, Killed):
            return

    def _rows(self) -> list[Instance]:
        with self.world.ctx.begin() as connection:
            return instances.listed(connection, everything=True, owner=None)

    def _ours(self) -> list[Any]:
        shown = (
            self.world.cloud.listing("fake-1", {"im:deployment": self.world.deployment}).sightings
            if not (self.world.cloud._halves)
            else [self.world.cloud.sight(m) for m in self.world.cloud._machines.values() if "im:deployment" in m.tags]
        )
        return list(shown)

    def _machine(self, which: int) -> str | None:
        ours = sorted(s.provider_id for s in self._ours())
        return ours[which % len(ours)] if ours else None


@pytest.fixture(autouse=True)
def _nothing_armed() -> Iterator[None]:
    yield
    failpoints.armed = None


@pytest.mark.parametrize("idempotent", [True, False], ids=["idempotent launches", "launches without tokens"])
def test_the_promises_hold_whatever_happens_in_whatever_order(database_url: str, idempotent: bool) -> None:
    Chaos.database_url, Chaos.idempotent = database_url, idempotent
    run_state_machine_as_test(
        Chaos,
        settings=settings(
            max_examples=int(os.environ.get("IM_EXAMPLES", "6")),
            stateful_step_count=int(os.environ.get("IM_STEPS", "30")),
            deadline=None,
            derandomize="IM_EXAMPLES" not in os.environ,
            suppress_health_check=list(HealthCheck),
            print_blob=True,
        ),
    )
