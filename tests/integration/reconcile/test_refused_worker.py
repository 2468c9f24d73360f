"""A worker that the cloud does not know leaves its rows to the others, and what waited goes on as soon as one is known again."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import timedelta
from typing import Any, cast

import pytest

from im.context import Context
from im.db import scopes
from im.db.health import refusals
from im.domain.scope import Scope
from im.domain.state import Observed
from im.providers.errors import ProviderError, Unauthenticated, Unavailable
from im.queue.tasks import Task
from im.services import leftovers
from im.services.health import doctor_fleet
from im.services.refresh import orphans
from im.services.scope_run import ScopeRun
from tests.integration.requests.test_machine import order
from tests.people import person
from tests.world import World

_ABILITIES = ("adoption", "deadline_guard", "leftovers", "prices", "protection", "spot", "states", "zones")


class _Refuses:
    """An ability, each of whose methods is refused."""

    def __init__(self, refuse: Callable[..., object]) -> None:
        self._refuse = refuse

    def __getattr__(self, name: str) -> Callable[..., object]:
        return self._refuse


class Unknown:
    """The cloud as a worker sees it that has no credentials, or a clock an hour off, from the first call on or in mid-life."""

    def __init__(self, inner: Any, *, known_so_far: bool = False) -> None:
        self._inner, self.known_so_far, self.known = inner, known_so_far, False
        self.asked = 0

    def __getattr__(self, name: str) -> Any:
        if self.known or name == "capabilities":
            return getattr(self._inner, name)
        return _Refuses(self._refuse) if name in _ABILITIES else self._refuse

    def identity(self, scope: Scope, *, afresh: bool = False) -> str:
        if self.known or (self.known_so_far and not afresh):
            return str(self._inner.identity(scope))
        return str(self._refuse())

    def _refuse(self, *_: object, **__: object) -> object:
        self.asked += 1
        raise Unauthenticated("AWS finds this machine's clock wrong")


class Fleet:
    """The world's worker and one that the cloud does not know take doorbells in turn."""

    def __init__(self, world: World, bad: Unknown) -> None:
        self.world, self.bad = world, bad
        self._good = world.ctx
        # a refusal is remembered by the process that was refused
        self.refused: Context = replace(world.ctx, provider_for=lambda _: bad, refusals={}, worker="w2")  # type: ignore[arg-type,return-value]
        self._turn = 0
        self._answer = world.answer
        world.answer = self.answer  # type: ignore[method-assign]

    def answer(self, task: Task, ids: Sequence[str] = ()) -> str:
        self._turn += 1
        self.world.ctx = (self.refused, self._good)[self._turn % 2]
        try:
            return self._answer(task, ids)
        finally:
            self.world.ctx = self._good

    def doctor(self) -> list[str]:
        with self._good.begin() as connection:
            checks = doctor_fleet.refresh(connection, self.world.now)
            return [f"{one.name}: {one.detail}" for one in checks if not one.ok]


@pytest.fixture(params=[False, True], ids=["from the start", "in mid-life"])
def fleet(request: pytest.FixtureRequest, world: World) -> Fleet:
    return Fleet(world, Unknown(world.provider, known_so_far=request.param))


def test_one_of_two_workers_without_credentials_fails_nothing(fleet: Fleet) -> None:
    world = fleet.world
    for number in range(8):
        world.create(f"web-{number}", seconds=60)
        world.advance(1)
    world.advance(15)
    assert len(world.machines()) == 8
    assert not any(world.row(f"web-{n}").failed for n in range(8))
    world.advance(60)
    assert {world.at_cloud(f"web-{n}") for n in range(8)} == {Observed.STOPPED}
    assert fleet.bad.asked


def test_a_start_is_not_failed_by_it_either(fleet: Fleet) -> None:
    world = fleet.world
    world.create(seconds=600)
    world.advance(15)
    world.stop("web")
    world.advance(15)
    world.start("web")
    world.advance(15)
    assert world.at_cloud() is Observed.RUNNING
    assert not world.row().failed


def test_doctor_names_the_worker_and_forgets_it_when_it_is_known_again(fleet: Fleet) -> None:
    world = fleet.world
    world.create(seconds=600)
    world.advance(40)
    (told,) = fleet.doctor()
    assert told.startswith("worker w2: may do nothing in fake/default/fake-1 since ")
    assert told.endswith("and leaves it to the others: AWS finds this machine's clock wrong")
    fleet.bad.known = True
    world.advance(30)
    assert fleet.doctor() == []


def test_the_scope_counts_as_seen_while_another_worker_sees_it(fleet: Fleet) -> None:
    fleet.world.create(seconds=600)
    fleet.world.advance(60)
    assert not any("cannot be listed" in told for told in fleet.doctor())


def test_a_worker_that_ended_is_not_told_of_for_ever(world: World) -> None:
    row = world.create()[0]
    with world.ctx.begin() as connection:
        number = scopes.ensure(connection, row.scope)
        refusals.note(connection, "w9", number, "unauthenticated", "who?", world.now)
        assert [worker for worker, *_ in refusals.current(connection, world.now)] == ["w9"]
        assert refusals.current(connection, world.now + timedelta(minutes=3)) == []


class TestLeftovers:
    @pytest.fixture(autouse=True)
    def _something_lies_unused(self, fleet: Fleet) -> None:
        order(fleet.world, "web", ssh_from=("10.0.0.1/32",))
        fleet.world.advance(15)
        fleet.world.terminate("web")
        fleet.world.advance(30)

    def test_the_question_waits_for_a_worker_that_is_known(self, fleet: Fleet) -> None:
        leftovers.ask(fleet.refused)
        leftovers.collect(fleet.refused)
        assert leftovers.survey(fleet.refused).open == 1
        fleet.world.advance(5)
        seen = leftovers.survey(fleet.refused)
        assert (seen.open, seen.troubles) == (0, {})
        assert {one.kind for one in seen.found} == {"key", "firewall"}

    def test_when_none_is_known_the_trouble_is_the_answer(self, fleet: Fleet) -> None:
        fleet.world.worker = False
        leftovers.ask(fleet.refused)
        fleet.world.advance(20)
        leftovers.collect(fleet.refused)
        assert [*leftovers.survey(fleet.refused).troubles.values()] == ["AWS finds this machine's clock wrong"]

    def test_what_may_go_stays_condemned_until_a_known_worker_takes_it_away(self, fleet: Fleet) -> None:
        leftovers.ask(fleet.refused)
        fleet.world.advance(5)
        leftovers.approve_deletion(fleet.refused, leftovers.survey(fleet.refused).found, actor=person("ada"))
        leftovers.collect(fleet.refused)
        assert all(one.waiting and one.error is None for one in leftovers.survey(fleet.refused).found)
        fleet.world.advance(5)
        assert fleet.world.cloud.belonging == {}


def test_a_slot_for_orphans_that_a_refused_worker_took_is_given_back(world: World) -> None:
    scope = world.create()[0].scope
    world.advance(130)
    world.beat = False
    world.cloud.foreign("fake-1a", **{"im:deployment": world.deployment})
    world.advance(orphans.EVERY)
    with world.ctx.begin() as connection:
        number = scopes.ensure(connection, scope)
    bad = Unknown(world.provider, known_so_far=True)
    unknown = ScopeRun(replace(world.ctx, refusals={}), cast(Any, bad), scope, number)
    assert orphans.look_for_orphans(unknown) == 0
    assert orphans.look_for_orphans(ScopeRun(world.ctx, world.provider, scope, number)) == 1


class TestNobodyIsKnown:
    def test_for_two_minutes_and_then_everything_asked_for_is_done(self, world: World) -> None:
        good, bad = world.provider, Unknown(world.provider)
        world.provider = bad
        world.create(seconds=600)
        world.advance(120)
        assert not world.row().failed
        assert world.row().error_code == "unauthenticated"
        assert world.word() == "launching (unauthenticated, retrying)"
        world.provider = good
        world.advance(20)
        assert world.at_cloud() is Observed.RUNNING

    def test_until_the_deadline_and_nothing_is_launched_after_it(self, world: World) -> None:
        good = world.provider
        world.provider = Unknown(good)
        world.create(seconds=60)
        world.advance(120)
        assert world.row().settled
        world.provider = good
        world.advance(60)
        assert world.machines() == []

    @pytest.mark.parametrize("trouble", [Unauthenticated("who?"), Unavailable("no route")], ids=lambda e: e.code)
    def test_when_it_is_over_the_late_ones_are_stopped_within_a_tick(
        self, world: World, trouble: ProviderError
    ) -> None:
        for number in range(5):
            world.create(f"web-{number}", seconds=30 + number)
        world.advance(20)
        refusing = dict.fromkeys(world.machines(), trouble)
        world.cloud.cursed.update(refusing)
        world.advance(150)
        assert world.cloud.cursed
        assert {world.at_cloud(f"web-{n}") for n in range(5)} == {Observed.RUNNING}
        world.cloud.cursed.clear()
        world.advance(14)
        assert {world.at_cloud(f"web-{n}") for n in range(5)} == {Observed.STOPPED}
