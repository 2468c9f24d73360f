"""P1: one refresh tick of 10,000 machines of which 1 % have changed, against plain boto3 and Custodian."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from sqlalchemy import text

from im.context import Context
from im.db import ticks
from im.services.refresh import listing, orphans
from im.services.refresh.scope import refresh_scope
from tests.benchmarks import custodian
from tests.benchmarks.place import Place, place
from tests.benchmarks.row import Row, of_runs
from tests.benchmarks.spent import Spent, spent

MACHINES, CHANGED = 10_000, 100
A_MINUTE = 6
"""Ticks, of which one is the full look."""


def measure(runs: int) -> Iterator[Row]:
    with place() as here:
        ours: list[Spent] = []
        whole: list[Spent] = []
        full: list[Spent] = []
        status: list[Spent] = []
        written: list[int] = []
        passes: list[Spent | None] = []
        machines = here.fleet(MACHINES)
        ctx, plain = here.context(), here.ec2()
        quiet(here, ctx)
        # of those that no run stops
        custodian.mark(here, machines[-CHANGED:])
        for run in range(runs):
            full.append(spent(lambda: drain(plain, "describe_instances", "Reservations"))[0])
            status.append(spent(lambda: drain(plain, "describe_instance_status", "InstanceStatuses", **EVERY_STATE))[0])
            passes.append(custodian.one_pass(here, CHANGED))
            change(here, machines, run)
            before = mark(ctx)
            here.clock.tick()
            full_look_done(here, ctx)
            ours.append(spent(lambda: refresh_scope(ctx, here.number(ctx)))[0])
            written.append(written_since(ctx, before))
            quiet(here, ctx)
            here.clock.tick(121)  # long enough for it to be one that seeks orphans too
            whole.append(spent(lambda: refresh_scope(ctx, here.number(ctx)))[0])
        ctx.dispose()
    mean = [_mean(one, other) for one, other in zip(ours, whole, strict=True)]
    works = {
        f"refresh tick, {MACHINES:,} machines, {CHANGED} changed": (ours, True),
        "the same, the mean of a minute's six, one of them the full look": (mean, True),
        "the full look, once a minute, that also seeks orphans": (whole, False),
    }
    for work, (taken, promised) in works.items():
        for name, floor, goal in (
            ("describe_instances drain", full, 0.35),
            ("describe_instance_status drain", status, 1.3),
        ):
            most = goal if promised else None
            yield of_runs("P1", work, "cpu", [s.cpu for s in taken], [s.cpu for s in floor], name, most)
            yield of_runs("P1", work, "wall", [s.wall for s in taken], [s.wall for s in floor], name, most)
    work = next(iter(works))
    if dry := [one for one in passes if one is not None]:
        name = "one dry pass of Cloud Custodian, its start included"
        yield of_runs("P1", work, "cpu", [s.cpu for s in ours], [s.cpu for s in dry], name, None)
        yield of_runs("P1", work, "wall", [s.wall for s in ours], [s.wall for s in dry], name, None)
    yield of_runs("P1", work, "rows", written, [CHANGED] * runs, "rows whose machine changed", 1.0)


def _mean(tick: Spent, whole: Spent) -> Spent:
    """Of a minute's ticks."""
    return Spent(*(((A_MINUTE - 1) * a + b) / A_MINUTE for a, b in ((tick.cpu, whole.cpu), (tick.wall, whole.wall))))


def full_look_done(here: Place, ctx: Context, zones: Sequence[str] = ("",)) -> None:
    """Somebody else has this minute's full looks, and the search for orphans, behind him."""
    number = here.number(ctx)
    with ctx.begin() as connection:
        now = here.clock(connection)
        ticks.claim(connection, f"orphans {number}", orphans.EVERY, now)
        for zone in zones:
            ticks.claim(connection, f"full {listing.shard(number, zone)}", listing.FULLY_EVERY, now)


EVERY_STATE = {"IncludeAllInstances": True}


def drain(plain: Any, call: str, items: str, **asked: Any) -> int:
    """Every page of a listing, as unmodified boto3 reads it; how many items there were."""
    pages = plain.get_paginator(call).paginate(**asked, PaginationConfig={"PageSize": 1000})
    return sum(len(page[items]) for page in pages)


def change(here: Place, machines: list[str], run: int) -> None:
    """One machine in a hundred is stopped from outside; other ones in each run."""
    first = run * CHANGED % len(machines)
    here.control.outside("stop", *machines[first : first + CHANGED])


def quiet(here: Place, ctx: Context) -> None:
    """Ticks until nothing is news: a change is judged in the second look that shows it."""
    number = here.number(ctx)
    for _ in range(10):
        here.clock.tick()
        if refresh_scope(ctx, number).endswith(" 0 changed"):
            return
    raise AssertionError("the fleet does not come to rest")


def mark(ctx: Context) -> int:
    """A point in the database's history, for `written_since`."""
    with ctx.begin() as connection:
        return int(connection.execute(text("SELECT CAST(CAST(pg_current_xact_id() AS text) AS bigint)")).scalar_one())


def written_since(ctx: Context, point: int) -> int:
    """Rows of `instances` that were written after that point."""
    with ctx.begin() as connection:
        asked = text("SELECT count(*) FROM instances WHERE CAST(CAST(xmin AS text) AS bigint) > :point")
        return int(connection.execute(asked, {"point": point}).scalar_one())
