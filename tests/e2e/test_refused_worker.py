"""Two workers take from the same queues, and the cloud knows the keys of one: the other fails nothing, and doctor names it."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from im.context import Context
from im.db.health import refusals
from im.db.schema import migrate
from im.domain.instance import Instance
from im.domain.intent import Deadline
from im.domain.state import Observed
from im.providers.request import Ask
from im.queue.celery import QUEUES
from im.services import queries
from im.services.requests import change, create
from im.services.requests import order as requests_order
from im.stack import postgres
from im.stack.programs import celery, worker_words
from tests import reaper, servers
from tests.chaos.fleet import Fleet, kill_trees
from tests.people import person
from tests.providers.clouds import public_key
from tests.standin.server import StandIn

REFUSED_KEY, NOBODY = "AKIAREFUSEDREFUSED00", "999999999999"
MACHINES = 8


@pytest.fixture
def cloud() -> Iterator[StandIn]:
    with StandIn() as running:
        running.control.configure(accounts={REFUSED_KEY: NOBODY}, delays={"launch": 0.5, "stop": 0.5})
        running.control.refuse("*", "AuthFailure", times=None, account=NOBODY)
        yield running


@pytest.fixture
def fleet(tmp_path: Path, cloud: StandIn) -> Iterator[Fleet]:
    folder = reaper.new_folder("im-r-")
    server = servers.started(folder)
    try:
        postgres.ensure_database(folder / "s", "im_test")
        database_url = postgres.url(folder / "s", "im_test")
        migrate.upgrade(database_url)
        made = Fleet(tmp_path, database_url, cloud.url)
        try:
            yield made
        finally:
            made.kill()
    finally:
        kill_trees([server])
        shutil.rmtree(folder, ignore_errors=True)


def rows(ctx: Context, ids: list[str]) -> list[Instance]:
    return [*queries.by_ids(ctx, ids).rows]


def named(ctx: Context) -> list[str]:
    """The workers that doctor would name."""
    with ctx.begin() as connection:
        return [worker for worker, *_ in refusals.current(connection, ctx.clock(connection))]


@pytest.mark.long
def test_a_worker_with_keys_that_the_cloud_does_not_know_fails_nothing_that_another_can_do(
    fleet: Fleet, cloud: StandIn
) -> None:
    fleet.start()
    fleet.environ |= {"AWS_ACCESS_KEY_ID": REFUSED_KEY}
    fleet._start("stranger", celery(*worker_words("stranger", QUEUES, 2)))
    ctx = fleet.context()
    ask = Ask(public_key=public_key(), owner="ada", zone="us-east-1a")
    ids = []
    for number in range(MACHINES):
        order = requests_order.Order(
            "aws", "default", ask, f"web-{number}", 1, Deadline(by=timedelta(seconds=600)), person("ada")
        )
        ids.append(create.create(ctx, order).changes[0].after.id)
    fleet.wait(lambda: all(row.observed is Observed.RUNNING for row in rows(ctx, ids)))
    fleet.wait(lambda: any(name.startswith("stranger@") for name in named(ctx)))

    change.extend(ctx, ids, Deadline(to=datetime.now(UTC) + timedelta(seconds=4)), actor=person("ada"))
    fleet.wait(lambda: all(row.observed is Observed.STOPPED for row in rows(ctx, ids)))
    assert not any(row.failed for row in rows(ctx, ids))
    assert not any(name.startswith("worker@") for name in named(ctx))
    changes = [call for call in cloud.control.calls() if call["action"] in ("RunInstances", "StopInstances")]
    assert {call["account"] for call in changes} == {"123456789012"}
    ctx.dispose()
