"""P9: is year two as fast as day one? The hot queries with 1,000,000 events of machines that are gone, against 10,000.

`python -m tests.benchmarks.p9_history` prints their plans as well: EXPLAIN (ANALYZE, BUFFERS) of the very statements that are run.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, event, text

from im import logs
from im.context import Context
from im.db import events
from im.db.instances import claims, observations, requests
from im.db.read import instances as read_instances
from im.domain.lifecycle import Step
from tests.benchmarks.place import Place, place
from tests.benchmarks.row import Row
from tests.benchmarks.spent import spent

LIVING, DUE, EACH = 1_000, 100, 10
DAY_ONE, YEAR_TWO = 10_000, 1_000_000
"""Events in all; one machine that is gone for every ten of them."""

Ask = Callable[[Connection, int, datetime], object]
QUERIES: dict[str, Ask] = {
    "what is due (enforce)": lambda c, _, now: requests.expire(c, now, 1000),
    "what waits for a stop (reconcile)": lambda c, number, now: claims.ready(c, number, Step.STOP, now, 200),
    "what a look should see (refresh)": lambda c, number, now: observations.awaited(c, number, "", now),
    "the history of one": lambda c, _, now: read_instances.story(c, ["im-5"]),
    "what is old, nothing (prune)": lambda c, _, now: events.prune(c, datetime.fromtimestamp(0, now.tzinfo), 2000),
}


def measure(runs: int) -> Iterator[Row]:
    with place() as young, place() as old:
        sides = []
        for here, size in ((young, DAY_ONE), (old, YEAR_TWO)):
            _living(here)
            ctx = here.context()
            _history(here, ctx, size)
            sides.append((ctx, here.number(ctx)))
        # in turn, so that both have the same weather; the best of many, because what is asked takes less than a change of process
        taken = {
            name: [[_once(*side, ask) for side in sides] for _ in range(20 * runs)] for name, ask in QUERIES.items()
        }
        for ctx, _ in sides:
            ctx.dispose()
    for name, times in taken.items():
        first, second = (min(column) for column in zip(*times, strict=True))
        yield Row("P9", f"{name}, {YEAR_TWO:,} events", "wall", second, first, f"with {DAY_ONE:,}", 1.2, runs)


def plans() -> Iterator[str]:
    """What Postgres does for each, with the long history."""
    with place() as here:
        _living(here)
        ctx = here.context()
        _history(here, ctx, YEAR_TWO)
        for name, ask in QUERIES.items():
            yield f"\n## {name}"
            for statement, given in _statements(ctx, here, ask):
                yield from _plan(ctx, statement, given)
        ctx.dispose()


def _living(here: Place) -> None:
    """A fleet at rest, but for some whose deadline has passed and some that wait for a stop."""
    here.fleet(LIVING)
    ctx = here.context()
    with ctx.begin() as connection:
        for change, first in (
            ("expires_at = now() - interval '1 second'", 0),
            ("desired = 'stopped', generation = 2", DUE),
        ):
            ids = [f"im-{n}" for n in range(first, first + DUE)]
            connection.execute(text(f"UPDATE instances SET {change} WHERE id = ANY(:ids)"), {"ids": ids})
    ctx.dispose()


def _history(here: Place, ctx: Context, count: int) -> None:
    """So many events: ten of each machine, of the living and of those that are gone."""
    with ctx.begin() as connection:
        connection.execute(text("SET LOCAL statement_timeout = 0"))
        connection.execute(text("DELETE FROM events"))
        connection.execute(text("DELETE FROM instances WHERE closed_at IS NOT NULL"))
        connection.execute(
            text(
                "INSERT INTO instances (id, name, owner, scope_id, spec, created_at, desired, why, by, expires_at, on_expiry,"
                " generation, settled_generation, observed, observed_at, provider_id, zone, launched_at, closed_at)"
                " SELECT 'gone-' || n, 'gone-' || n, owner, scope_id, spec, created_at, 'terminated', 'user', by,"
                " now() - make_interval(mins => n), on_expiry, 3, 3, 'terminated', now() - make_interval(mins => n),"
                " 'i-gone' || n, zone, launched_at, now() - make_interval(mins => n)"
                " FROM instances, generate_series(1, :count) n WHERE id = 'im-0'"
            ),
            {"count": count // EACH - LIVING},
        )
        connection.execute(
            text(
                "INSERT INTO events (instance_id, at, kind, actor, reason, generation)"
                " SELECT id, now() - make_interval(mins => 10 * (11 - n)), 'looked', 'im', 'as it was, as far as is known', 1"
                " FROM generate_series(1, :each) n, instances"
            ),
            {"each": EACH},
        )
    here.analyze()


def _once(ctx: Context, number: int, ask: Ask) -> float:
    """Seconds that one asking takes; nothing of it is kept."""
    with ctx.begin() as connection:
        now = ctx.clock(connection)
        took = spent(lambda: ask(connection, number, now))[0].wall
        connection.rollback()
    return took


def _statements(ctx: Context, here: Place, ask: Ask) -> list[tuple[str, Any]]:
    """What an asking sends to Postgres."""
    number, sent = here.number(ctx), []
    with ctx.begin() as connection:
        now = ctx.clock(connection)

        def keep(_c: object, _cursor: object, statement: str, given: Any, _x: object, _m: object) -> None:
            sent.append((statement, given))

        event.listen(connection, "before_cursor_execute", keep)
        ask(connection, number, now)
        event.remove(connection, "before_cursor_execute", keep)
        connection.rollback()
    return sent


def _plan(ctx: Context, statement: str, given: Any) -> Iterator[str]:
    with ctx.begin() as connection:
        for (line,) in connection.exec_driver_sql(f"EXPLAIN (ANALYZE, BUFFERS, COSTS OFF) {statement}", given):
            yield line[:180]
        connection.rollback()


if __name__ == "__main__":
    logs.configure("error", "json")
    for line in plans():
        print(line)
