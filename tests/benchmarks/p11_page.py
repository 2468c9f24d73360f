"""P11: the page of 50 rows and the API's list of 200, of 10,000 and of 100,000 instances, against a bare answer; and 50 viewers."""

from __future__ import annotations

import random
import statistics
import threading
import time
from collections.abc import Generator, Iterator, Mapping, Sequence
from contextlib import contextmanager

from sqlalchemy import text

from tests.benchmarks import p2_deadlines
from tests.benchmarks.fleet import broker, environment
from tests.benchmarks.place import Place, place
from tests.benchmarks.row import Row, of_runs
from tests.benchmarks.served import Asking, Served, people, served
from tests.benchmarks.viewers import viewers

FEW, MANY = 10_000, 100_000
LOOKS = 20
"""Of each path, of each run."""
VIEWERS, CHANGING, WATCHED = 50, 100, 20.0
"""Pages that are open, rows that change in a second, and for how many seconds that is measured."""
_PATHS = {"a bare answer": "/version", "the page of 50": "/", "the API's list of 200": "/api/v1/instances?limit=200"}


def measure(runs: int) -> Iterator[Row]:
    with place() as here, broker() as url:
        of_few = yield from _looks(here, url, FEW, runs)
        yield from _watched(here, url, FEW, 0.1, runs)
        # where a tenth of everything changes each second, each page changes each second
        yield from _watched(here, url, 1_000, None, runs)
        of_many = yield from _looks(here, url, MANY, runs)
    for name in of_few:
        work = f"{name}, of {MANY:,} against of {FEW:,}"
        yield of_runs("P11", work, "wall", of_many[name], of_few[name], f"of {FEW:,}", 2.0)
    yield from _late(runs)


def _looks(here: Place, url: str, count: int, runs: int) -> Generator[Row, None, dict[str, list[float]]]:
    """Medians of each path, a run's looks in turn; yields the rows and returns seconds by path."""
    here.fleet(count)
    tokens = people(here, 4 * runs)
    taken: dict[str, list[float]] = {name: [] for name in _PATHS}
    burnt: dict[str, list[float]] = {name: [] for name in _PATHS}
    with served(environment(here, url)) as web:
        ask = Asking(web.port)
        for path in _PATHS.values():
            assert ask.get(path, tokens[0])[0] == 200, path
        for run in range(runs):
            spent: dict[str, list[float]] = {name: [] for name in _PATHS}
            cpu: dict[str, list[float]] = {name: [] for name in _PATHS}
            for n in range(LOOKS):
                # of several people, or they would be asked to wait
                token = tokens[4 * run + n % 4]
                for name, path in _PATHS.items():
                    before, began = web.precise_cpu(), time.perf_counter()
                    status, _ = ask.get(path, token)
                    spent[name].append(time.perf_counter() - began)
                    cpu[name].append(web.precise_cpu() - before)
                    assert status == 200, (path, status)
            for name in _PATHS:
                taken[name].append(statistics.median(spent[name]))
                burnt[name].append(statistics.median(cpu[name]))
        ask.close()
    bare = taken.pop("a bare answer")
    for name, ours in taken.items():
        yield of_runs(
            "P11", f"{name} of {count:,}", "wall", ours, bare, "a bare answer", 12.0 if count == FEW else None
        )
        of_bare = burnt["a bare answer"]
        yield of_runs("P11", f"{name} of {count:,}: the web's", "cpu", burnt[name], of_bare, "a bare answer", None)
    return taken


def _watched(here: Place, url: str, count: int, goal: float | None, runs: int) -> Iterator[Row]:
    """CPU of `im web` in a second of 50 viewers, against one core."""
    here.fleet(count)
    tokens = people(here, VIEWERS)
    cpu: list[float] = []
    looks: list[float] = []
    with served(environment(here, url)) as web, viewers(web.port, tokens) as told, _changing(here, count):
        time.sleep(3)  # the first looks of all
        for _ in range(runs):
            del told.looks[:]
            cpu.append(_cpu_in_a_second(web))
            looks.append(sorted(told.looks)[int(len(told.looks) * 0.95)])
        assert not told.wrong, told.wrong[:5]
    work = f"{VIEWERS} viewers, {CHANGING} of {count:,} rows changing a second"
    yield of_runs("P11", f"{work}: the web's", "cpu", cpu, [1.0] * runs, "a core", goal)
    yield of_runs("P11", f"{work}: p95 of a look", "wall", looks, [1.0] * runs, "1 s", None)


def _cpu_in_a_second(web: Served) -> float:
    before, began = web.cpu(), time.monotonic()
    time.sleep(WATCHED)  # a rate is measured over a time
    return (web.cpu() - before) / (time.monotonic() - began)


@contextmanager
def _changing(here: Place, count: int) -> Iterator[None]:
    """So many rows are written each second, by chance, as a refresh that saw them change does."""
    ctx, ending = here.context(), threading.Event()

    def write() -> None:
        chance = random.Random(11)
        while not ending.wait(1.0):
            with ctx.begin() as connection:
                connection.execute(
                    text("UPDATE instances SET observed_at = now() WHERE id = ANY(:ids)"),
                    {"ids": [f"im-{n}" for n in chance.sample(range(count), CHANGING)]},
                )

    thread = threading.Thread(target=write, daemon=True)
    thread.start()
    try:
        yield
    finally:
        ending.set()
        thread.join(10)
        ctx.dispose()


def _late(runs: int) -> Iterator[Row]:
    """P2 once more, while 50 people look."""

    @contextmanager
    def looked_at(here: Place, environ: Mapping[str, str]) -> Iterator[None]:
        tokens: Sequence[str] = people(here, VIEWERS)
        with served(environ) as web, viewers(web.port, tokens):
            yield

    yield from p2_deadlines.measure(max(1, runs // 2), beside=looked_at, goal_id="P11", more=f", {VIEWERS} viewers on")
