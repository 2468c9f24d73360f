"""The proof of the guard: Postgres, broker, workers and beat are killed by kill -9, and the machine stops all the same."""

from __future__ import annotations

import shutil
import time
from datetime import timedelta
from pathlib import Path

from im.context import Context
from im.db.schema import migrate
from im.domain.guard import GuardKind
from im.domain.instance import Instance
from im.domain.intent import Deadline
from im.domain.state import Observed
from im.providers.request import Ask
from im.services import queries
from im.services.requests import create
from im.services.requests import order as requests_order
from im.stack import postgres
from tests import reaper, servers
from tests.chaos.fleet import Fleet, kill_trees
from tests.people import person
from tests.providers.clouds import public_key
from tests.standin.server import StandIn

ROLE = "arn:aws:iam::123456789012:role/im-guard"
LIVES, GRACE = (20.0, 90.0), 3.0
"""Seconds. The clock is a real one, as Celery's and Scheduler's are; the second life is for a machine too busy for the first."""


def test_the_whole_control_plane_is_killed_and_the_machine_stops_all_the_same(tmp_path: Path) -> None:
    folder = reaper.new_folder("im-g-")
    server = servers.started(folder)
    try:
        postgres.ensure_database(folder / "s", "im_test")
        database_url = postgres.url(folder / "s", "im_test")
        migrate.upgrade(database_url)
        with StandIn() as cloud:
            cloud.control.configure(delays={"launch": 0.5, "stop": 0.5})
            fleet = Fleet(tmp_path, database_url, cloud.url)
            fleet.environ |= {"IM_GUARD_ROLE": ROLE, "IM_GUARD_GRACE": str(GRACE)}
            try:
                fleet.start()
                ctx = fleet.context()
                created = next(filter(None, (guarded(fleet, ctx, seconds) for seconds in LIVES)))
                ctx.dispose()
            finally:
                kill_trees([server, *fleet.running.values()])
                fleet.running.clear()

            def state() -> str:
                return str(next(m["state"] for m in cloud.control.machines() if m["id"] == created.provider_id))

            assert state() == "running"
            until = time.monotonic() + 180
            while state() != "stopped":
                assert time.monotonic() < until, cloud.control.machines()
                time.sleep(0.2)  # nobody is left who could be waited for but the cloud itself
            stops = [call for call in cloud.control.calls("StopInstances") if call["credentials"] == ROLE]
            assert len(stops) == 1  # it was the schedule, and not before its grace
            assert stops[0]["at"] - created.expires_at.timestamp() >= GRACE
    finally:
        kill_trees([server])
        shutil.rmtree(folder, ignore_errors=True)


def guarded(fleet: Fleet, ctx: Context, seconds: float, cloud: str = "aws") -> Instance | None:
    """An instance that runs, and whose guard the cloud knows; None when its deadline came before all that."""
    ask = Ask(public_key=public_key(), owner="ada")
    deadline = Deadline(by=timedelta(seconds=seconds))
    order = requests_order.Order(
        cloud, "default", ask, f"web-{seconds:.0f}", 1, deadline, person("ada"), guard=GuardKind.NATIVE
    )
    asked = create.create(ctx, order).changes[0].after

    def now() -> Instance:
        return queries.by_ids(ctx, [asked.id]).rows[0]

    def stands() -> bool:
        guard = queries.guard(ctx, asked.id)
        return now().observed is Observed.RUNNING and guard is not None and guard.told_at is not None

    fleet.wait(lambda: stands() or now().generation != asked.generation)
    return now() if now().generation == asked.generation else None
