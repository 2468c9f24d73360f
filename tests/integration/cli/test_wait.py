"""How waiting ends: settled, failed, superseded, hopeless, timed out, interrupted; and each with its exit code."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import Connection

from im.cli.backend.direct.looks import DirectLooks
from im.cli.output.wait import Outcome, wait
from im.domain.errors import Unavailable
from im.domain.instance import Instance
from im.domain.state import Observed
from im.providers.errors import (
    Forbidden,
    InvalidSpec,
    LabelChanged,
    NoCapacity,
    ProviderError,
    QuotaExceeded,
    Throttled,
    Unauthenticated,
)
from im.services.requests import change
from im.services.requests.result import Answer, Change
from im.views.exits import Exit, exit_of
from tests.people import person
from tests.world import START, World


def _asked(world: World, rows: Sequence[Instance]) -> Answer:
    return Answer(tuple(Change(None, row) for row in rows), world.now, True)


class Waiter:
    """Waits as a command does, only that a look costs half a second of the world's time; `then` happens at a moment."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.seen: list[tuple[str, int]] = []
        self.then: dict[float, Callable[[], object]] = {}

    def _elapsed(self) -> float:
        return (self.world.now - START).total_seconds()

    def _pause(self, _: float) -> None:
        for at in [at for at in self.then if at <= self._elapsed()]:
            self.then.pop(at)()
        self.world.advance(0.5)

    def __call__(self, answer: Answer, *, timeout: float = 300) -> Outcome:
        def show(rows: Sequence[Instance], _now: object, done: int) -> None:
            self.seen.append((rows[0].observed, done))

        return wait(
            DirectLooks(self.world.ctx),
            answer,
            timedelta(seconds=timeout),
            show,
            monotonic=self._elapsed,
            pause=self._pause,
        )


@pytest.fixture
def waiter(world: World) -> Waiter:
    return Waiter(world)


def _told(outcome: Outcome) -> tuple[str, str, int]:
    assert outcome.error is not None
    return outcome.error.message, outcome.error.hint, exit_of(outcome.error)


def test_it_ends_when_the_cloud_was_seen_in_the_desired_state(world: World, waiter: Waiter) -> None:
    outcome = waiter(_asked(world, world.create()))
    assert outcome.error is None
    assert outcome.rows[0].observed is Observed.RUNNING
    assert world.at_cloud() is Observed.RUNNING
    assert waiter.seen[0] == ("none", 0)
    assert waiter.seen[-1] == ("running", 1)


def test_it_waits_for_each_of_many(world: World, waiter: Waiter) -> None:
    outcome = waiter(_asked(world, world.create(count=5)))
    assert outcome.error is None
    assert {row.observed for row in outcome.rows} == {Observed.RUNNING}


@pytest.mark.parametrize(
    ("error", "status"),
    [
        (NoCapacity("no room"), Exit.CAPACITY),
        (QuotaExceeded("too many"), Exit.LIMIT),
        (Forbidden("not you"), Exit.AUTH),
        (InvalidSpec("no such type"), Exit.USAGE),
    ],
)
def test_a_launch_that_fails_ends_with_the_clouds_reason(
    world: World, waiter: Waiter, error: ProviderError, status: Exit
) -> None:
    world.cloud.fail_next("launch", error)
    message, hint, code = _told(waiter(_asked(world, world.create())))
    assert message.startswith("web: ")
    assert error.message in message
    anew = "im terminate web  frees the name; then create it as it can be"
    assert hint == (anew if isinstance(error, InvalidSpec) else "im start web -d 1h  tries again")
    assert code == status


def test_what_no_worker_is_known_for_ends_the_wait_and_not_the_request(world: World, waiter: Waiter) -> None:
    world.cloud.fail_next("identity", Unauthenticated("who?"), times=99)
    message, hint, code = _told(waiter(_asked(world, world.create())))
    assert message == "web: who?; im keeps trying"
    assert (hint, code) == ("im status web", Exit.AUTH)
    assert not world.row().failed


def test_one_worker_that_is_not_known_does_not_end_the_wait(world: World, waiter: Waiter) -> None:
    world.cloud.fail_next("launch", Unauthenticated("who?"))
    assert waiter(_asked(world, world.create())).error is None


def test_half_of_them_came_and_that_is_said_too(world: World, waiter: Waiter) -> None:
    world.cloud.capacity = {"fake-1a": 3}
    message, _, code = _told(waiter(_asked(world, world.create(count=5))))
    assert message.endswith("has no room for 1 more (and 1 more like it); the other 3 of 5 are fine")
    assert code == 7


def test_some_of_many_failed_and_it_says_how_many(world: World, waiter: Waiter) -> None:
    world.cloud.fail_next("launch", NoCapacity("no room"))
    message, _, code = _told(waiter(_asked(world, world.create(count=3))))
    assert message.endswith("(and 2 more like it)")
    assert code == 7


def test_a_later_request_for_something_else_supersedes_and_is_named(world: World, waiter: Waiter) -> None:
    waiter.then[1] = lambda: world.stop("web", actor="eve")
    message, hint, code = _told(waiter(_asked(world, world.create())))
    assert message == "web: superseded; a later request by eve wants it to stop"
    assert (hint, code) == ("im history web", 8)


def test_superseded_is_told_although_the_later_request_is_already_settled(world: World, waiter: Waiter) -> None:
    rows = world.create()
    world.stop("web", actor="eve")
    world.advance(30)
    assert world.row().settled
    assert _told(waiter(_asked(world, rows)))[2] == 8


def test_the_deadline_supersedes_too_and_says_so(world: World, waiter: Waiter) -> None:
    rows = world.create(seconds=1)
    message, _, code = _told(waiter(_asked(world, rows)))
    assert message == "web: superseded; its deadline came first, and it has to stop"
    assert code == 8


def test_a_later_request_for_the_same_end_is_waited_for(world: World, waiter: Waiter) -> None:
    waiter.then[1] = lambda: world.extend("web", seconds=600, actor="eve")
    outcome = waiter(_asked(world, world.create()))
    assert outcome.error is None
    assert outcome.rows[0].generation == 2


@pytest.mark.parametrize(
    ("refusal", "status"), [(Forbidden("you may not stop it"), 4), (LabelChanged("you may not stop it"), 2)]
)
def test_a_stop_that_the_cloud_refuses_for_good_ends_the_wait_but_not_the_trying(
    world: World, waiter: Waiter, refusal: ProviderError, status: int
) -> None:
    world.create()
    world.advance(10)
    machine = world.row().provider_id
    assert machine is not None
    world.cloud.cursed[machine] = refusal
    message, hint, code = _told(waiter(world.stop("web")))
    assert message == "web: you may not stop it; im keeps trying"
    assert (hint, code) == ("im status web", status)
    del world.cloud.cursed[machine]
    world.advance(120)
    assert world.at_cloud() is Observed.STOPPED


def test_a_stop_that_is_throttled_is_waited_for(world: World, waiter: Waiter) -> None:
    world.create()
    world.advance(10)
    world.cloud.fail_next("stop", Throttled("slow down"), times=2)
    assert waiter(world.stop("web")).error is None


def test_the_waiting_times_out_and_the_work_goes_on(world: World, waiter: Waiter) -> None:
    world.worker = False
    message, hint, code = _told(waiter(_asked(world, world.create()), timeout=10))
    assert message == "web: still launching after 10s; the work goes on"
    assert (hint, code) == ("im status web, or im doctor if nothing moves", 5)
    world.worker = True
    world.advance(20)
    assert world.row().observed is Observed.RUNNING


def test_ctrl_c_leaves_the_work_running_and_says_so(world: World, waiter: Waiter) -> None:
    def interrupt() -> None:
        raise KeyboardInterrupt

    waiter.then[1] = interrupt
    message, hint, code = _told(waiter(_asked(world, world.create(count=2))))
    assert message == "stopped waiting for web-1 and 1 more; the work goes on"
    assert (hint, code) == ("im status web-1", 130)
    world.advance(20)
    assert world.row("web-1").observed is Observed.RUNNING


def test_a_short_absence_of_the_database_is_waited_out_and_a_long_one_is_told(world: World, waiter: Waiter) -> None:
    answer = _asked(world, world.create())
    begin = world.ctx.begin
    away = [START + timedelta(seconds=3), START + timedelta(seconds=8)]

    def flaky() -> AbstractContextManager[Connection]:
        if away[0] <= world.now < away[1]:
            raise Unavailable("the database does not answer", "im up")
        return begin()

    # the command's context only: the world's own worker goes on
    mine = replace(world.ctx, transaction=flaky, look=None)

    def pause(_: float) -> None:
        world.advance(0.5)

    def elapsed() -> float:
        return (world.now - START).total_seconds()

    span = timedelta(minutes=5)
    assert wait(DirectLooks(mine), answer, span, lambda *_: None, monotonic=elapsed, pause=pause).error is None
    stopping = change.stop(world.ctx, [answer.changes[0].after.id], actor=person("ada"))
    away[:] = [world.now, world.now + timedelta(minutes=4)]
    outcome = wait(DirectLooks(mine), stopping, span, lambda *_: None, monotonic=elapsed, pause=pause)
    assert _told(outcome) == ("the database does not answer", "im up", 1)
