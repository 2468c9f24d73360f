"""P6: what a worker's process holds: idle, after a refresh of 100,000 machines, and after a hundred ticks."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from typing import Any

from tests.benchmarks.p7_growth import MANY
from tests.benchmarks.place import ROOT, Place, place
from tests.benchmarks.row import Row, of_runs
from tests.benchmarks.spent import peak, resident
from tests.machines import machines

TICKING, TICKS, WARM = 1_000, 100, 10
_NAME = "a process with Celery, SQLAlchemy and one EC2 client"


def measure(runs: int) -> Iterator[Row]:
    bare = [_child("bare")["resident"] for _ in range(runs)]
    with place() as here:
        here.fleet(MANY)
        told = [_child("refresh", here) for _ in range(runs)]
        yield of_runs("P6", "worker, idle", "bytes", [one["idle"] for one in told], bare, _NAME, 1.3)
        work = f"worker after refreshes of {MANY:,} machines"
        yield of_runs("P6", f"{work}, by states", "bytes", [one["states"] for one in told], bare, _NAME, 1.3)
        yield of_runs("P6", f"{work}, in full", "bytes", [one["full"] for one in told], bare, _NAME, 1.3)
        yield of_runs("P6", f"{work}, its highest ever", "bytes", [one["peak"] for one in told], bare, _NAME, None)
        grown = [_grown(here) for _ in range(runs)]
        half = TICKS // 2
        work = f"the most it held in ticks {half + 1} to {TICKS} of {TICKING:,} machines, 1 % changed in each"
        earlier, later = [one["earlier"] for one in grown], [one["later"] for one in grown]
        yield of_runs("P6", work, "bytes", later, earlier, f"in ticks 1 to {half}", 1.02)


def _grown(here: Place) -> dict[str, int]:
    here.fleet(TICKING)
    return _child("ticks", here)


def _child(what: str, here: Place | None = None) -> dict[str, Any]:
    given = [here.database_url, here.cloud_url] if here else []
    command = [sys.executable, "-m", "tests.benchmarks.p6_memory", what, *given]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    read: dict[str, Any] = json.loads(done.stdout)
    return read


def _bare() -> dict[str, int]:
    """In a process of its own, that imports nothing of ours but the reading of its size."""
    import boto3
    import celery
    import psycopg2
    import sqlalchemy

    client = boto3.client("ec2", "us-east-1", aws_access_key_id="a", aws_secret_access_key="b")
    return {"resident": resident(), "held": len((client, celery.Celery("bare"), psycopg2, sqlalchemy))}


def _worker(here: Place) -> Any:
    """All that a worker's process has once it has worked: the application, its tasks, the clients, the connections."""
    from im.services.refresh.scope import refresh_scope
    from im.settings import Settings
    from workers.app import make_app

    ctx = here.context()
    make_app(Settings(database_url=here.database_url, broker_url="redis://127.0.0.1:1/0")).finalize()
    number = here.number(ctx)

    def tick(zone: str = "", seconds: float = 10) -> str:
        here.clock.tick(seconds)
        return refresh_scope(ctx, number, zone)

    ctx.provider_for(ctx_scope(ctx, number)).describe(ctx_scope(ctx, number), machines(["i-0123456789abcdef0"]))
    return tick


def ctx_scope(ctx: Any, number: int) -> Any:
    from im.db import scopes

    with ctx.begin() as connection:
        return scopes.read(connection, number)


def _refresh(here: Place) -> dict[str, int]:
    from tests.benchmarks.place import ZONES

    tick = _worker(here)
    told = {"idle": resident()}
    for zone in ZONES:  # whichever come to this process: all of them, one after the other
        tick(zone, 61)
    told["full"] = resident()
    for zone in ZONES:
        tick(zone, 1)
    return told | {"states": resident(), "peak": peak()}


def _ticks(here: Place) -> dict[str, int]:
    """The most that is held in either half: from one full look to the next it goes up and down by a twentieth."""
    tick = _worker(here)
    machines = [one["id"] for one in here.control.machines()]
    held: list[int] = []
    for number in range(WARM + TICKS):
        some = len(machines) // 100
        first = number % 50 * some
        here.control.outside("stop" if number % 100 < 50 else "start", *machines[first : first + some])
        tick()
        held.append(resident())
    half = WARM + TICKS // 2
    return {"earlier": max(held[WARM:half]), "later": max(held[half:])}


if __name__ == "__main__":
    from im import logs

    logs.configure("error", "json")
    what, *urls = sys.argv[1:]
    works = {"refresh": _refresh, "ticks": _ticks}
    print(json.dumps(_bare() if what == "bare" else works[what](Place.at(*urls))))
