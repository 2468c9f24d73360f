"""The proof of the guard at the other clouds that have one: all of im is killed by kill -9, and the machine stops all the same."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from im.db.schema import migrate
from im.stack import postgres
from im.standins.azure import Azure
from im.standins.gcp import Gcp
from im.standins.service import Service, serving
from tests import reaper, servers
from tests.chaos.fleet import Fleet, kill_trees
from tests.e2e.test_guard_outlives_us import GRACE, LIVES, guarded
from tests.waiting import until

ACCOUNT, TAKES = "default", timedelta(milliseconds=500)


def google(cloud: Any) -> tuple[str, datetime | None]:
    """(State of the one machine, when it was stopped)."""
    project = cloud.project(ACCOUNT)
    (machine,) = project.machines.values()
    return machine.status, next((one.began for one in project.operations.values() if one.kind == "stop"), None)


def microsoft(cloud: Any) -> tuple[str, datetime | None]:
    subscription = cloud.subscription(ACCOUNT)
    (machine,) = subscription.machines.values()
    done = (one.at for one in subscription.orders.values() if one.state == "Succeeded")
    return str(machine.power), next(done, None)


CLOUDS: dict[str, tuple[Callable[..., Service], Callable[[Any], tuple[str, datetime | None]], str, str]] = {
    "azure": (Azure, microsoft, "running", "deallocated"),
    "gcp": (Gcp, google, "RUNNING", "TERMINATED"),
}


@pytest.mark.long
@pytest.mark.parametrize("name", CLOUDS)
def test_the_whole_control_plane_is_killed_and_the_machine_stops_all_the_same(name: str, tmp_path: Path) -> None:
    made, look, running, stopped = CLOUDS[name]
    folder = reaper.new_folder("im-g-")
    server = servers.started(folder)
    try:
        postgres.ensure_database(folder / "s", "im_test")
        database_url = postgres.url(folder / "s", "im_test")
        migrate.upgrade(database_url)
        cloud = made("secret", takes=TAKES)
        with serving(cloud) as url:
            fleet = Fleet(tmp_path, database_url, "http://127.0.0.1:1")
            where = f"{name}={url.replace('//', '//sandbox:secret@')}"
            fleet.environ |= {"IM_SANDBOX_URL": where, "IM_GUARD_GRACE": str(GRACE)}
            try:
                fleet.start()
                ctx = fleet.context()
                created = next(filter(None, (guarded(fleet, ctx, seconds, name) for seconds in LIVES)))
                ctx.dispose()
            finally:
                kill_trees([server, *fleet.running.values()])
                fleet.running.clear()
            assert look(cloud)[0] == running
            until("the cloud itself has stopped it", lambda: look(cloud)[0] == stopped, seconds=180)
            at = look(cloud)[1]
            assert at is not None
            assert (at - created.expires_at).total_seconds() >= GRACE
    finally:
        kill_trees([server])
        shutil.rmtree(folder, ignore_errors=True)
