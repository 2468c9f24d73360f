"""P7: what one machine costs when there are 1,000 of them, and when there are 100,000; and whether those fit a tick of 10 s."""

from __future__ import annotations

import time
from collections.abc import Iterator
from multiprocessing import get_context
from multiprocessing.connection import Connection
from typing import Any

from im.db import shards
from im.db.instances.observations import REST
from im.queue.periods import REFRESH_EVERY
from im.services.refresh.scope import refresh_scope
from tests.benchmarks.p1_refresh import full_look_done, quiet
from tests.benchmarks.place import Clock, Place, place
from tests.benchmarks.row import Row, of_runs
from tests.benchmarks.spent import cpu_seconds, spent

FEW, MANY = 1_000, 100_000
Cost = tuple[float, float]
"""Seconds: CPU of all processes, and wall time."""
WORKERS = 2


def measure(runs: int) -> Iterator[Row]:
    with place() as here:
        few = _alone(here, runs)
        ticks, full = _sharded(here, runs)
    each = "cpu of a refresh tick per 1,000 machines, 1 % changed"
    thousands = MANY / 1000
    many = [cpu / thousands for cpu, _ in ticks]
    yield of_runs("P7", f"{each}: {MANY:,}", "cpu", many, few, f"the same, {FEW:,}", 1.2)
    work = f"refresh tick, {MANY:,} machines, 1 % changed, zones shared by {WORKERS} processes"
    yield of_runs("P7", work, "wall", [wall for _, wall in ticks], [REFRESH_EVERY] * runs, "the tick", 1.0)
    work = f"the full look of once a minute, {MANY:,} machines, {WORKERS} processes"
    yield of_runs("P7", work, "wall", [wall for _, wall in full], [REFRESH_EVERY] * runs, "the tick", 1.0)
    yield of_runs("P7", work, "cpu", [cpu for cpu, _ in full], [60.0] * runs, "a minute of one core", None)


def _alone(here: Place, runs: int) -> list[float]:
    machines = here.fleet(FEW)
    ctx = here.context()
    quiet(here, ctx)
    costs = []
    for run in range(runs):
        _change(here, machines, run)
        here.clock.tick()
        full_look_done(here, ctx, [""])
        costs.append(spent(lambda: refresh_scope(ctx, here.number(ctx)))[0].cpu)
        quiet(here, ctx)
    ctx.dispose()
    return costs


def _sharded(here: Place, runs: int) -> tuple[list[Cost], list[Cost]]:
    """What each tick took, and each full look."""
    machines = here.fleet(MANY)
    ctx = here.context()
    number = here.number(ctx)
    with ctx.begin() as connection:
        split = shards.zones_of(connection, [number])
        shards.keep(connection, split)
    zones = split[number]
    workers = [_Worker(here) for _ in range(WORKERS)]
    try:
        ticks = [_tick(here, workers, number, zones)]
        for run in range(runs):
            _change(here, machines, run)
            here.clock.tick()
            full_look_done(here, ctx, zones)
            ticks.append(_tick(here, workers, number, zones))
            here.clock.tick()
            full_look_done(here, ctx, zones)
            _tick(here, workers, number, zones)
        full = []
        for _ in range(runs):
            here.clock.tick(61)
            full.append(_tick(here, workers, number, [zone for zone in zones if zone != REST]))
    finally:
        for worker in workers:
            worker.end()
        ctx.dispose()
    return ticks[1:], full


def _change(here: Place, machines: list[str], run: int) -> None:
    some = len(machines) // 100
    here.control.outside("stop", *machines[run * some : (run + 1) * some])


def _tick(here: Place, workers: list[_Worker], number: int, zones: list[str]) -> Cost:
    """The doorbells of one tick, taken by whoever is free; CPU of all, and wall time until the last is answered."""
    waiting = list(zones)
    before = sum(worker.cpu() for worker in workers)
    began = time.perf_counter()
    busy: dict[Any, _Worker] = {}
    free = list(workers)
    while waiting or busy:
        while waiting and free:
            worker = free.pop()
            worker.pipe.send(("refresh", number, waiting.pop(0), here.clock))
            busy[worker.pipe] = worker
        for pipe, worker in list(busy.items()):
            if pipe.poll(0.005):
                told = pipe.recv()
                assert " seen" in told, told
                del busy[pipe]
                free.append(worker)
    wall = time.perf_counter() - began
    return sum(worker.cpu() for worker in workers) - before, wall


class _Worker:
    """A process with a context of its own, as a prefork child has it."""

    def __init__(self, here: Place) -> None:
        self.pipe, theirs = get_context("spawn").Pipe()
        given = (theirs, here.database_url, here.cloud_url)
        self._process = get_context("spawn").Process(target=_work, args=given, daemon=True)
        self._process.start()
        theirs.close()

    def cpu(self) -> float:
        self.pipe.send(("cpu",))
        return float(self.pipe.recv())

    def end(self) -> None:
        self.pipe.send(("end",))
        self._process.join(30)
        self.pipe.close()


def _work(pipe: Connection, database_url: str, cloud_url: str) -> None:
    from im import logs

    logs.configure("error", "json")
    here = Place.at(database_url, cloud_url)
    ctx = here.context()
    while True:
        match pipe.recv():
            case ("refresh", number, zone, Clock() as clock):
                here.clock.ahead = clock.ahead
                pipe.send(refresh_scope(ctx, number, zone))
            case ("cpu",):
                pipe.send(cpu_seconds())
            case _:
                ctx.dispose()
                return
