"""Several accounts in one fleet of two processes: one hangs in three regions, one denies, and the third notices nothing of it."""

from __future__ import annotations

import shutil
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from im.context import Context
from im.db.read import health
from im.db.schema import migrate
from im.domain.instance import Instance
from im.domain.intent import Deadline
from im.domain.scope import Scope
from im.domain.state import Observed
from im.providers.request import Ask
from im.services import queries
from im.services.requests import change, order
from im.services.requests import create as requests_create
from im.stack import postgres
from tests import reaper, servers
from tests.chaos.fleet import Fleet, kill_trees
from tests.people import person
from tests.providers.clouds import public_key
from tests.standin.client import Control
from tests.standin.server import StandIn

HANGING, DENIED, WELL = "111111111111", "222222222222", "333333333333"
NAMES = {"hanging": HANGING, "denied": DENIED, "well": WELL}
ZONES = ("us-east-1a", "us-west-2a", "eu-west-1a")
HANGS_FOR = 60.0
"""Seconds until an answer: more than every read time-out of ours."""


@pytest.fixture
def cloud() -> Iterator[StandIn]:
    with StandIn() as running:
        running.control.configure(delays={"launch": 0.5, "stop": 0.5})
        yield running


@pytest.fixture
def fleet(tmp_path: Path, cloud: StandIn) -> Iterator[Fleet]:
    folder = reaper.new_folder("im-a-")
    server = servers.started(folder)
    try:
        postgres.ensure_database(folder / "s", "im_test")
        database_url = postgres.url(folder / "s", "im_test")
        migrate.upgrade(database_url)
        made = Fleet(tmp_path, database_url, cloud.url)
        roles = (f"{name}=arn:aws:iam::{number}:role/im" for name, number in NAMES.items())
        made.environ |= {"IM_ACCOUNTS": ",".join(roles), "IM_ACCOUNT": "well"}
        try:
            yield made
        finally:
            made.kill()
    finally:
        kill_trees([server])
        shutil.rmtree(folder, ignore_errors=True)


def create(ctx: Context, account: str, zone: str, seconds: float) -> Instance:
    ask = Ask(public_key=public_key(), owner="ada", zone=zone)
    deadline = Deadline(to=datetime.now(UTC) + timedelta(seconds=seconds))
    name = f"{account}-{zone}"
    return (
        requests_create.create(ctx, order.Order("aws", account, ask, name, 1, deadline, person("ada"))).changes[0].after
    )


def state(ctx: Context, row: Instance) -> Observed:
    return queries.by_ids(ctx, [row.id]).rows[0].observed


def age_of_facts(ctx: Context, scope: Scope) -> float:
    """Seconds since the last complete listing of that scope began."""
    with ctx.begin() as connection:
        refreshed = health.sight(connection).scopes[scope].refreshed_at
        assert refreshed is not None
        return (ctx.clock(connection) - refreshed).total_seconds()


def stops(control: Control, account: str) -> list[dict[str, object]]:
    return [call for call in control.calls("StopInstances") if call["account"] == account]


@pytest.mark.long
def test_an_account_that_hangs_and_one_that_denies_slow_down_nobody(fleet: Fleet, cloud: StandIn) -> None:
    fleet.start()
    ctx = fleet.context()
    broken = [create(ctx, "hanging", zone, 600) for zone in ZONES] + [create(ctx, "denied", ZONES[0], 600)]
    well = create(ctx, "well", ZONES[0], 600)
    fleet.wait(lambda: all(state(ctx, row) is Observed.RUNNING for row in [*broken, well]))

    cloud.control.slow("*", HANGS_FOR, times=None, account=HANGING)
    cloud.control.refuse("*", "UnauthorizedOperation", times=None, account=DENIED)
    now = datetime.now(UTC)
    # they are to be stopped as well, at once: work piles up where nobody answers
    change.extend(ctx, [row.id for row in broken], Deadline(to=now + timedelta(seconds=4)), actor=person("ada"))
    change.extend(ctx, [well.id], Deadline(to=now + timedelta(seconds=22)), actor=person("ada"))
    oldest = 0.0
    while state(ctx, well) is not Observed.STOPPED:
        oldest = max(oldest, age_of_facts(ctx, well.scope))
        assert oldest < 40, fleet.last_words()
        time.sleep(0.2)  # the clock is everybody's own here

    (stop,) = stops(cloud.control, WELL)
    late = float(str(stop["at"])) - (now.timestamp() + 22)
    assert 0 <= late < 1, f"{late:.1f} s late\n{fleet.last_words()}"
    assert oldest < 15, f"facts were {oldest:.1f} s old"  # a tick is 10 s
    # at first both processes wait for a moment, and never again
    assert all(state(ctx, row) is not Observed.STOPPED for row in broken)
    fresh = create(ctx, "well", ZONES[1], 600)
    fleet.wait(lambda: state(ctx, fresh) is Observed.RUNNING)

    cloud.control.clear_faults()
    fleet.wait(lambda: all(state(ctx, row) is Observed.STOPPED for row in broken))
    assert {call["account"] for call in cloud.control.calls("StopInstances")} == {HANGING, DENIED, WELL}
    ctx.dispose()
