"""When deadlines are held: a pause, a copied database, a clock nobody can trust. And when nobody ticks at all."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import text

from im.domain.errors import Refused
from im.domain.hold import HoldKind
from im.domain.rate_limit import Rate
from im.domain.scope import Scope
from im.domain.state import Observed
from im.providers.contract import EVERYTHING, Filter, Snapshot
from im.providers.machine import Machine
from im.services.deadlines import holds
from im.services.refresh.sweep import sweep_if_stale
from tests.people import person
from tests.world import World


class TestPause:
    def test_nothing_is_stopped_while_paused_and_all_that_is_due_afterwards(self, world: World) -> None:
        world.create(seconds=60)
        world.advance(30)
        holds.pause(world.ctx, timedelta(hours=1), actor=person("ada"), reason="incident 7")
        world.advance(120)
        assert world.at_cloud() is Observed.RUNNING
        (held,) = holds.active(world.ctx)
        assert (held.kind, held.by, held.reason) == (HoldKind.PAUSE, "ada", "incident 7")
        assert holds.resume(world.ctx, actor=person("ada"))
        world.advance(40)
        assert world.at_cloud() is Observed.STOPPED

    def test_a_pause_ends_by_itself(self, world: World) -> None:
        world.create(seconds=60)
        holds.pause(world.ctx, timedelta(minutes=5), actor=person("ada"), reason="incident")
        world.advance(5 * 60 + 35)
        assert world.at_cloud() is Observed.STOPPED
        assert holds.active(world.ctx) == []

    def test_what_people_ask_for_is_still_done(self, world: World) -> None:
        holds.pause(world.ctx, timedelta(hours=1), actor=person("ada"), reason="incident")
        world.create()
        world.advance(10)
        world.stop("web")
        world.advance(10)
        assert world.at_cloud() is Observed.STOPPED

    def test_a_pause_of_days_is_refused(self, world: World) -> None:
        with pytest.raises(Refused, match="at most 1d"):
            holds.pause(world.ctx, timedelta(hours=25), actor=person("ada"), reason="holiday")


class TestCopiedDatabase:
    @pytest.fixture
    def copied(self, world: World) -> World:
        world.create(seconds=60)
        world.advance(10)
        self._move(world, "another server")
        return world

    def _move(self, world: World, server: str) -> None:
        with world.ctx.begin() as connection:
            connection.execute(text("UPDATE deployment SET system_identifier = :s"), {"s": server})

    def test_a_copy_touches_nothing(self, copied: World) -> None:
        copied.create("other")
        copied.stop("web")
        copied.advance(120)
        assert copied.at_cloud() is Observed.RUNNING
        assert len(copied.calls("launch")) == 1
        assert copied.calls("stop") == []
        assert [h.kind for h in holds.active(copied.ctx)] == [HoldKind.CLONE]

    def test_until_it_is_made_at_home(self, copied: World) -> None:
        copied.advance(60)
        assert holds.settle_here(copied.ctx, actor=person("ada"))
        assert not holds.settle_here(copied.ctx, actor=person("ada"))
        copied.advance(40)
        assert copied.at_cloud() is Observed.STOPPED


class TestClock:
    def test_a_clock_that_differs_holds_its_scope_and_alarms(self, world: World) -> None:
        world.create(seconds=60)
        world.advance(10)
        right = world.provider
        world.provider = _Skewed(right, timedelta(minutes=-61))
        world.advance(80)
        assert world.calls("stop") == []
        (held,) = holds.active(world.ctx)
        assert held.kind is HoldKind.CLOCK
        assert "3660 s behind the database's" in held.reason
        world.provider = right
        world.advance(40)
        assert holds.active(world.ctx) == []
        assert len(world.calls("stop")) == 1

    def test_half_a_minute_is_no_alarm(self, world: World) -> None:
        world.create(seconds=60)
        world.provider = _Skewed(world.provider, timedelta(seconds=30))
        world.advance(80)
        assert len(world.calls("stop")) == 1

    def test_a_look_that_takes_minutes_is_no_wrong_clock(self, world: World) -> None:
        world.create(seconds=600)
        world.advance(30)
        right = world.provider
        world.provider = _Slow(right, world, before=70, after=70)
        world.advance(10)
        assert holds.active(world.ctx) == []

    def test_a_clock_that_differs_is_seen_however_long_the_look_takes(self, world: World) -> None:
        world.create(seconds=600)
        world.advance(30)
        world.provider = _Slow(_Skewed(world.provider, timedelta(minutes=10)), world, before=0, after=70)
        world.advance(10)
        (held,) = holds.active(world.ctx)
        assert "600 s ahead of the database's" in held.reason


class _Slow:
    """A cloud whose listing takes so many seconds to begin, and to end."""

    def __init__(self, inner: Any, world: World, before: float, after: float) -> None:
        self._inner, self._world, self._before, self._after = inner, world, before, after

    def __getattr__(self, name: str) -> Any:
        return getattr(self._inner, name)

    def list(self, scope: Scope, which: Filter = EVERYTHING) -> Iterator[Snapshot]:
        first = [*self._inner.list(scope, which)]
        self._world.now += timedelta(seconds=self._before)
        yield from first
        self._world.now += timedelta(seconds=self._after)


class _Skewed:
    """A cloud whose Date header is off by `by`."""

    def __init__(self, inner: Any, by: timedelta) -> None:
        self._inner, self._by = inner, by

    def __getattr__(self, name: str) -> Any:
        return getattr(self._inner, name)

    def list(self, scope: Scope, which: Filter = EVERYTHING) -> Iterator[Snapshot]:
        for page in self._inner.list(scope, which):
            yield replace(page, date=page.date + self._by)


class TestSweep:
    def test_without_beat_and_broker_a_worker_sweeps(self, world: World) -> None:
        world.create(seconds=90)
        world.advance(30)
        world.worker = False  # the broker is frozen: nobody is rung, nobody ticks
        for _ in range(30):
            world.advance(5)
            sweep_if_stale(world.ctx)
        assert world.at_cloud() is Observed.STOPPED
        assert world.row().settled

    def test_a_fleet_that_ticks_is_not_swept(self, world: World) -> None:
        world.create(seconds=90)
        for _ in range(30):
            world.advance(5)
            assert sweep_if_stale(world.ctx) == "" or world.now.timestamp() % 3600 <= 60

    def test_only_one_process_sweeps_at_a_time(self, world: World) -> None:
        world.create(seconds=90)
        world.advance(30)
        world.worker = False
        world.advance(65)
        assert sweep_if_stale(world.ctx) != ""
        assert sweep_if_stale(world.ctx) == ""


class TestFleetWideRates:
    def test_calls_stay_below_the_clouds_refill_and_all_get_through(self, world: World) -> None:
        world.provider.capabilities = replace(world.provider.capabilities, rates={"launch": Rate(1.5, 4)})
        for number in range(20):
            world.create(f"web-{number}")
        world.advance(2)
        assert len(world.calls("launch")) <= 4 + 1.5 * 2
        world.advance(30)
        assert len(world.calls("launch")) == 20
        assert len(world.machines()) == 20


class TestPoison:
    def test_a_fault_of_ours_on_one_machine_does_not_block_the_others(self, world: World) -> None:
        world.create("web", count=4, seconds=600)
        world.advance(10)
        bad = world.row("web-2").provider_id
        world.provider = _Poisoned(world.provider, bad or "")
        world.stop(*[f"web-{n}" for n in range(1, 5)])
        world.advance(30)
        stopped = [n for n in range(1, 5) if world.at_cloud(f"web-{n}") is Observed.STOPPED]
        assert stopped == [1, 3, 4]
        assert world.row("web-2").error_code == "unknown"
        assert "ZeroDivisionError" in (world.row("web-2").error or "")

    def test_a_start_that_kills_its_workers_is_parked_with_evidence(self, world: World) -> None:
        world.create()
        world.advance(10)
        world.stop("web")
        world.advance(10)
        world.provider = deadly = _Deadly(world.provider)
        world.start("web", seconds=7200)
        for _ in range(60):
            with suppress(_Killed):
                world.advance(20)
        assert world.row().failed
        assert world.row().error_code == "poison"
        assert deadly.killed == 8
        assert world.at_cloud("web") is Observed.STOPPED

    def test_a_row_written_by_half_does_not_stop_its_scope(self, world: World) -> None:
        world.create("good", seconds=60)
        world.create("half", seconds=60)
        world.advance(10)
        with world.ctx.begin() as connection:
            connection.execute(text("""UPDATE instances SET spec = '{"colour": "blue"}' WHERE name = 'half'"""))
        world.advance(70)
        assert world.at_cloud("good") is Observed.STOPPED
        assert world.at_cloud("half") is Observed.STOPPED


class _Killed(BaseException):
    """What kill -9 is to a process: nothing after this line happens."""


class _Deadly:
    """A start ends the process that asks for it."""

    def __init__(self, inner: object) -> None:
        self._inner, self.killed = inner, 0

    def __getattr__(self, name: str) -> object:
        return getattr(self._inner, name)

    def start(self, *_: object) -> None:
        self.killed += 1
        raise _Killed


class _Poisoned:
    def __init__(self, inner: object, bad: str) -> None:
        self._inner, self._bad = inner, bad

    def __getattr__(self, name: str) -> object:
        return getattr(self._inner, name)

    def stop(self, scope: object, asked: list[Machine]) -> object:
        if self._bad in [one.id for one in asked]:
            return 1 / 0
        return self._inner.stop(scope, asked)  # type: ignore[attr-defined]
