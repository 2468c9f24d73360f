"""kill -9 of everything at once, in the middle of everything: three workers with a beat each, four people; then one is started."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Iterator
from multiprocessing.context import ForkServerContext
from pathlib import Path
from random import Random

import pytest

from tests.chaos import audit, case
from tests.chaos.case import Case
from tests.chaos.worker import Act
from tests.standin.server import StandIn

SEEDS = range(20 if os.environ.get("IM_KILL_POINTS") == "all" else 2)
_HOUR = 3600.0


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


def wishes(name: str, rng: Random) -> list[Act]:
    """A person's afternoon with three machines: whatever comes to mind, in an order that no rule refuses."""
    machines = [f"{name}-{n}" for n in (1, 2, 3)]
    acts: list[Act] = [("create", name, 3, rng.choice([30.0, _HOUR]))]
    for _ in range(rng.randrange(4, 9)):
        some = rng.sample(machines, rng.randrange(1, 4))
        acts.append(rng.choice([("stop", some), ("extend", some, _HOUR)]))
    return [*acts, ("terminate", rng.sample(machines, 1))]


@pytest.mark.parametrize("seed", SEEDS)
def test_everything_killed_at_once_then_started(one: Case, seed: int) -> None:
    rng = Random(seed)
    one.live(("create", "old", 3, 40.0), ("drive", 0, 120))
    crew = [one.start(("serve",)) for _ in range(3)]
    crew += [one.start(*wishes(name, rng)) for name in ("ada", "bob", "cy", "dee")]
    for _ in range(rng.randrange(5, 60)):
        one.control.step(1)
        one.clock.set(one.control.now())
        time.sleep(0.02)  # the others work meanwhile
    for process in crew:
        process.kill()
    for process in crew:
        process.join()
    assert [process.exitcode for process in crew[:3]] == [-signal.SIGKILL] * 3
    for process in crew:
        process.close()

    one.live(("drive", 40, 900))

    assert audit.broken_promises(one.evidence()) == []
