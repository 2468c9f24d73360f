"""The proof of the guard: Postgres, broker, workers and beat are killed by kill -9, and the machine stops all the same."""

from __future__ import annotations

import shutil
import tempfile
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

from im.db import migrate
from im.domain.guard import GuardKind
from im.domain.instance import Observed
from im.domain.intent import Deadline
from im.providers.base import Ask
from im.services import read, request
from im.stack import postgres
from tests import conftest
from tests.chaos.fleet import Fleet, kill_trees
from tests.providers.clouds import public_key
from tests.standin.server import StandIn

ROLE = "arn:aws:iam::123456789012:role/im-guard"
LIFE, GRACE = 20.0, 3.0
"""Seconds. The clock is a real one, as Celery's and Scheduler's are."""


def test_the_whole_control_plane_is_killed_and_the_machine_stops_all_the_same(tmp_path: Path) -> None:
    folder = Path(tempfile.mkdtemp(prefix="im-g-", dir="/tmp"))
    server = conftest._start(folder)
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
                deadline = Deadline(to=datetime.now(UTC) + timedelta(seconds=LIFE))
                ask = Ask(public_key=public_key(), owner="ada")
                order = request.Order("aws", "default", ask, "web", 1, deadline, "ada", guard=GuardKind.SCHEDULER)
                created = request.create(ctx, order).changes[0].after

                def guarded() -> bool:
                    row, guard = read.by_ids(ctx, [created.id]).rows[0], read.guard(ctx, created.id)
                    return row.observed is Observed.RUNNING and guard is not None and guard.told_at is not None

                fleet.wait(guarded)
                ctx.dispose()
            finally:
                kill_trees([server, *fleet.running.values()])
                fleet.running.clear()

            assert [one["state"] for one in cloud.control.machines()] == ["running"]
            assert cloud.control.calls("StopInstances") == []
            until = time.monotonic() + 60
            while cloud.control.machines()[0]["state"] != "stopped":
                assert time.monotonic() < until, cloud.control.machines()
                time.sleep(0.2)  # nobody is left who could be waited for but the cloud itself
            (stop,) = cloud.control.calls("StopInstances")
            assert stop["credentials"] == ROLE  # it was the schedule
            late = stop["at"] - created.expires_at.timestamp()
            assert GRACE <= late < GRACE + 3
    finally:
        kill_trees([server])
        shutil.rmtree(folder, ignore_errors=True)
