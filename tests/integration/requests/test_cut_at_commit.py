"""The connection to Postgres breaks exactly at a COMMIT: stored or not, a person is told the truth and nothing is doubled."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from datetime import timedelta

import pytest
from sqlalchemy import text

from im import failpoints
from im.db import commit_status
from im.domain.errors import ImError
from im.domain.state import Observed
from im.failpoints import Point
from im.queue.tasks import Task
from im.services import queries
from tests.integration.typed import run
from tests.wire import Cut, Wire
from tests.world import World, database_of, empty


class _Cut(World):
    """A world at the end of a wire; its worker goes on after an error that has a sentence, as Celery's does."""

    def __init__(self, wire: Wire) -> None:
        self.wire = wire
        super().__init__(wire.url)

    def answer(self, task: Task, ids: Sequence[str] = ()) -> str:
        try:
            return super().answer(task, ids)
        except ImError as exc:
            self.told.append((task, exc.message))
            return exc.message


@pytest.fixture
def wire(database_url: str) -> Iterator[Wire]:
    made = Wire(database_url)
    yield made
    failpoints.armed = None
    database_of(made.url).dispose()
    made.close()


@pytest.fixture
def cut(wire: Wire) -> Iterator[_Cut]:
    made = _Cut(wire)
    yield made
    made.close()


class _AtTheEnd:
    """The wire is cut at the COMMIT of the next request, whatever is read before that."""

    def __init__(self, wire: Wire, how: Cut, *, and_stay_down: bool = False) -> None:
        self._wire, self._how, self._down = wire, how, and_stay_down

    def at(self, point: Point, _of: str) -> None:
        if point is Point.REQUEST_WRITTEN:
            failpoints.armed = None
            self._wire.cut_next(self._how, and_stay_down=self._down)


def cut_at_the_end(world: _Cut, how: Cut, *, and_stay_down: bool = False) -> None:
    failpoints.armed = _AtTheEnd(world.wire, how, and_stay_down=and_stay_down)  # type: ignore[assignment]


def everything(world: World) -> list[tuple[object, ...]]:
    """What the tables say of instances, launches and events."""
    asked = (
        "SELECT name, desired, generation, expires_at, protected FROM instances ORDER BY name",
        "SELECT names, state FROM launches ORDER BY names",
        "SELECT kind, actor, reason FROM events ORDER BY id",
    )
    with world.ctx.begin() as connection:
        return [tuple(row) for query in asked for row in connection.execute(text(query))]


VERBS = ("create", "extend", "start", "stop", "terminate", "protect", "adopt")


def _words(world: World, verb: str, key: str) -> list[str]:
    """What is typed; the world is made ready for it."""
    if verb == "create":
        return ["create", "--public-key", key, "-d", "1h", "--no-wait"]
    if verb == "adopt":
        stray = world.cloud.foreign("fake-1a", Name="stray")
        return ["adopt", stray, "-d", "1h", "--no-wait"]
    world.create(seconds=600)
    world.advance(15)
    if verb == "start":
        world.stop("web")
        world.advance(15)
    more = {"extend": ["-d", "1h"], "terminate": ["-y"]}.get(verb, [])
    return [verb, "web", *more, *([] if verb == "protect" else ["--no-wait"])]


@pytest.mark.parametrize("verb", VERBS)
def test_what_was_stored_though_its_answer_was_lost_is_told_as_stored(cut: _Cut, key: str, verb: str) -> None:
    words = _words(cut, verb, key)
    cut_at_the_end(cut, Cut.ANSWER)
    done = run(cut, *words)
    assert cut.wire.struck()
    assert done.exit_code == 0, done.stderr
    stored = everything(cut)
    cut.advance(30)
    assert len(cut.machines()) == (0 if verb == "terminate" else 1)
    kind = {"extend": "extended", "protect": "protected"}.get(verb, f"{verb} requested")
    # the world made ready for `start` had a stop in it, and that for the others a create
    assert [line[0] for line in stored].count(kind) == 1


@pytest.mark.parametrize("verb", VERBS)
def test_what_was_not_stored_is_told_so_and_typing_it_again_does_it_once(cut: _Cut, key: str, verb: str) -> None:
    words = _words(cut, verb, key)
    before = everything(cut)
    cut_at_the_end(cut, Cut.REQUEST)
    done = run(cut, *words)
    assert cut.wire.struck()
    assert done.exit_code == 1
    assert done.stdout == ""
    told = "im: the connection to the database broke, and nothing was stored. Next: type it again\n"
    assert done.stderr == told
    assert everything(cut) == before
    assert run(cut, *words).exit_code == 0
    cut.advance(30)
    assert len(cut.machines()) == (0 if verb == "terminate" else 1)
    if verb == "extend":
        assert cut.row().generation == 2
        assert cut.row().expires_at - cut.row().created_at == timedelta(seconds=600 + 3600)


@pytest.mark.parametrize("how", Cut)
def test_when_nobody_can_say_it_is_told_so_with_where_to_look(
    cut: _Cut, how: Cut, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The database does not come back: an `extend` typed again unasked might count twice."""
    monkeypatch.setattr(commit_status, "PAUSE", 0)
    cut.create(seconds=600)
    cut.advance(15)
    cut_at_the_end(cut, how, and_stay_down=True)
    done = run(cut, "extend", "web", "-d", "1h", "--no-wait", "--json")
    cut.wire.down = False
    assert done.exit_code == 1
    assert done.stdout == ""
    told = json.loads(done.stderr)["error"]
    assert told["code"] == "uncertain"
    assert "may be stored" in told["message"]
    assert "im history NAME" in told["hint"]
    assert cut.row().generation == (2 if how is Cut.ANSWER else 1)


def test_a_transaction_ended_by_the_server_before_its_commit_is_told_as_not_stored(cut: _Cut) -> None:
    """pg_terminate_backend between the last statement and the COMMIT."""

    class Ending:
        def at(self, point: Point, _of: str) -> None:
            if point is Point.REQUEST_WRITTEN:
                failpoints.armed = None
                with other.ctx.begin() as connection:
                    ended = text(
                        "SELECT count(*) FROM (SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity WHERE"
                        " datname = current_database() AND state = 'idle in transaction' AND pid <> pg_backend_pid())"
                    )
                    assert connection.execute(ended).scalar_one() == 1

    cut.create(seconds=600)
    cut.advance(15)
    other = World(cut.wire.url)
    failpoints.armed = Ending()  # type: ignore[assignment]
    done = run(cut, "stop", "web", "--no-wait")
    other.close()
    assert done.exit_code == 1
    assert "nothing was stored. Next: type it again" in done.stderr
    assert cut.row().generation == 1


# ---- workers ---------------------------------------------------------------------------------------------------------


def live(world: World) -> None:
    """A machine is launched, stopped at its deadline, woken, and terminated."""
    world.create(seconds=30)
    world.advance(45)
    world.extend("web", seconds=600)
    world.advance(10)
    world.terminate("web")
    world.advance(60)


def live_on(world: World) -> None:
    """What a person does who was told that the request was not stored."""
    if not queries.listing(world.ctx, everything=True).rows:
        world.create(seconds=600)
    world.advance(30)
    if world.row().closed_at is None:
        world.terminate("web")
    world.advance(60)


def _hurried(database_url: str, wire: Wire) -> _Cut:
    """Leases are short, so that a life with one cut in it stays short."""
    empty(database_url)
    world = _Cut(wire)
    world.ctx = world.another_worker(launch_lease=8, step_lease=4)
    return world


@pytest.mark.parametrize("each", [9, pytest.param(1, marks=pytest.mark.long)], ids=["some", "every"])
def test_cut_at_the_commit_of_a_transaction_of_a_life_it_converges(database_url: str, wire: Wire, each: int) -> None:
    """Each kind of transaction that writes, by the tables it writes to, once with its COMMIT lost and once its answer.

    Of `some` it is every sixth, other ones with its COMMIT lost than with its answer.
    """
    world = _hurried(database_url, wire)
    live(world)
    kinds = {wrote: nth for wrote, nth in world.wire.written.items() if wrote}
    world.close()
    assert {table for wrote in kinds for table in wrote} >= {
        b"INSERT INTO instances",
        b"UPDATE launches",
        b"INSERT INTO ticks",
    }
    for turn, how in enumerate(Cut):
        for wrote, nth in list(kinds.items())[turn * each // 2 :: each]:
            _cut_and_judge(database_url, wire, how, nth, f"{how}: {b', '.join(wrote).decode()}")


def _cut_and_judge(database_url: str, wire: Wire, how: Cut, nth: int, case: str) -> None:
    world = _hurried(database_url, wire)
    world.wire.cut_next(how, nth)
    try:
        try:
            live(world)
        except ImError:
            live_on(world)
        assert world.wire.struck(), case
        assert world.machines() == [], case
        (row,) = queries.listing(world.ctx, everything=True).rows
        assert row.settled, case
        assert row.observed is Observed.TERMINATED, case
        made = [machine for machine in world.cloud._machines.values() if "im:deployment" in machine.tags]
        assert len(made) == 1, case
    finally:
        world.close()
