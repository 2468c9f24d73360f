"""Every failpoint, on the way of every verb, with a real process and a real kill -9: it is started again, and nothing is amiss.

Run as a whole with IM_KILL_POINTS=all; without it, every point once and every story at least once, and of the stories that nobody
interrupts so many as have every point on their way.
"""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from multiprocessing.context import ForkServerContext
from pathlib import Path

import pytest

from im.domain.instance import Instance
from im.domain.state import Desired, Observed
from im.failpoints import Point
from im.queue.tasks import Task
from tests.chaos import audit, case
from tests.chaos.case import Case
from tests.chaos.stories import OTHER, STORIES, WEB, End
from tests.standin.server import StandIn

WHOLE = os.environ.get("IM_KILL_POINTS") == "all"
MATRIX = [(name, reached) for name, story in STORIES.items() for reached in story.way]
AFTERWARDS = ("messages redelivered", "messages lost, killed again")
"""What becomes of the dead process's messages; and the next process may die at the same point, before a third one finishes."""
LIFE = {reached.partition("/")[2] for _, reached in MATRIX if reached.startswith("task.")}
UPKEEP = {f"{point}/{task}" for point in (Point.TASK_TAKEN, Point.TASK_DONE) for task in set(Task) - LIFE}
"""Tasks of the deployment as a whole, which any story may meet: they change no machine."""


def representative() -> list[tuple[str, str]]:
    """Each point once, told by the story that has had the fewest; then each story that had none, at its middle."""
    had = dict.fromkeys(STORIES, 0)
    chosen: list[tuple[str, str]] = []
    for point in Point:
        on_the_way = [(name, reached) for name, reached in MATRIX if case.named(reached) is point]
        name, reached = min(on_the_way, key=lambda pair: had[pair[0]])
        had[name] += 1
        chosen.append((name, reached))
    return chosen + [(name, STORIES[name].way[len(STORIES[name].way) // 2]) for name, n in had.items() if not n]


def covering() -> list[str]:
    """A few stories that come by every point together: each time the one with the most that are new."""
    left, chosen = set(Point), list[str]()
    while left:
        name = max(STORIES, key=lambda one: len(left & {case.named(reached) for reached in STORIES[one].way}))
        left -= {case.named(reached) for reached in STORIES[name].way}
        chosen.append(name)
    return chosen


CHOSEN = (
    [(*pair, after) for pair in MATRIX for after in AFTERWARDS]
    if WHOLE
    else [(*pair, AFTERWARDS[n % len(AFTERWARDS)]) for n, pair in enumerate(representative())]
)


@pytest.fixture(scope="module")
def cloud() -> Iterator[StandIn]:
    with StandIn(start=case.BEGIN) as running:
        yield running


@pytest.fixture(scope="module")
def forks() -> ForkServerContext:
    return case.forks()


@pytest.fixture
def one(tmp_path: Path, database_url: str, cloud: StandIn, forks: ForkServerContext) -> Iterator[Case]:
    with case.opened(tmp_path, database_url, cloud.url, forks) as made:
        yield made


@pytest.mark.parametrize("name", STORIES if WHOLE else covering())
def test_a_story_nobody_interrupts_goes_its_way(one: Case, name: str) -> None:
    """So that a case below kills where its verb really passes, and no place on its way is left out."""
    story = STORIES[name]
    one.live(*story.before, ("trace",), *story.acts)
    assert {reached for reached in one.trace() if reached not in UPKEEP} == set(story.way)
    judge(one, story.ends[-1])


def test_no_point_is_missing_in_the_matrix() -> None:
    assert {case.named(reached) for _, reached in MATRIX} == set(Point)
    assert {case.named(reached) for _, reached in representative()} == set(Point)
    assert {name for name, _ in representative()} == set(STORIES)


@pytest.mark.parametrize(("name", "reached", "after"), CHOSEN, ids=[" · ".join(chosen) for chosen in CHOSEN])
def test_killed_there_and_started_again(one: Case, name: str, reached: str, after: str) -> None:
    story = STORIES[name]
    foreign = one.control.create(1, state="running")
    die = ("arm", f"{reached}=kill")

    assert one.run(*story.before, die, *story.acts) == -signal.SIGKILL, f"{reached} was never reached"
    if after == AFTERWARDS[1]:
        one.broker.wipe()
        one.run(die, ("drive", 40, 300))
        one.broker.wipe()
    one.live(("drive", 40, 600))

    judge(one, story.end(reached))
    assert [m["state"] for m in one.control.machines() if m["id"] in foreign] == ["running"]


def judge(one: Case, end: End) -> None:
    evidence = one.evidence()
    assert audit.broken_promises(evidence) == []
    rows = {row.name: row for row in evidence.rows}
    assert rows.pop(OTHER).observed is Observed.RUNNING
    assert sorted(rows) == ([] if end is End.NOTHING else sorted(WEB))
    for row in rows.values():
        assert ended(row) is end, f"{row.name}: {row.desired}, {row.observed}, {row.error_code}"


def ended(row: Instance) -> End | None:
    """What a settled or failed row has come to; None for what no story may come to."""
    match row.desired, row.observed:
        case _ if row.failed:
            return End.FAILED
        case Desired.STOPPED, Observed.NONE:
            return End.CANCELLED
        case Desired.RUNNING, Observed.RUNNING:
            return End.RUNNING
        case Desired.STOPPED, Observed.STOPPED:
            return End.STOPPED
        case Desired.TERMINATED, Observed.TERMINATED | Observed.MISSING:
            return End.GONE
    return None
