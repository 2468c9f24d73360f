"""What the health checks of docker-compose.yml rest on: ticks that do not come, and a worker that is alive and takes nothing."""

from __future__ import annotations

import json
import subprocess
import sys
from typing import Any

import pytest
import redis
from celery import Celery
from sqlalchemy import text

from im.queue.celery import CeleryQueue
from im.queue.inspect import workers_alive
from im.queue.tasks import Task
from im.services.health import doctor_fleet
from im.settings import Settings
from tests.e2e.conftest import StackUnderTest
from tests.waiting import until
from tests.world import World


def told(stack: StackUnderTest, kind: str, **environ: str) -> tuple[int, list[dict[str, Any]]]:
    done = stack.run("doctor", "--json", "--only", kind, environ=environ)
    return done.returncode, json.loads(done.stdout)["checks"]


def test_a_worker_that_is_alive_and_takes_nothing_is_told_of(stack: StackUnderTest) -> None:
    """It listens, answers and is idle; a rate of nothing keeps it from taking more than one."""
    elsewhere = stack.broker_url.rsplit("/", 1)[0] + "/6"  # a database of its own: nobody else takes these messages
    named = {"IM_DATABASE_URL": stack.database_url, "IM_BROKER_URL": elsewhere}
    words = ["-m", "tests.e2e.hurt_worker", "slow", "im.watch"]
    worker = subprocess.Popen(
        [sys.executable, *words],
        env={**stack.environ, **named},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    app = Celery("slow", broker=elsewhere, set_as_current=False)
    try:
        until("the worker", lambda: bool(app.control.ping(timeout=0.5)))
        status, (well,) = told(stack, "here", **named)
        assert (status, well["name"], well["ok"]) == (0, "worker here", True)
        rings = CeleryQueue(Settings(broker_url=elsewhere))
        for _ in range(6):
            assert rings.ring(Task.GC)
        with redis.Redis.from_url(elsewhere) as broker:
            until("what is left lying", lambda: 0 < broker.llen("im.watch") < 6)
        status, (ill,) = told(stack, "here", **named)
        assert (status, ill["ok"]) == (1, False)
        assert ill["detail"] == "1 alive, but what waits in im.watch is not taken, although nobody there is busy"
        assert ill["mend"]
    finally:
        worker.kill()
        worker.wait()
        app.close()


@pytest.mark.long
def test_a_worker_without_a_process_to_do_its_work_is_told_of(stack: StackUnderTest) -> None:
    elsewhere = stack.broker_url.rsplit("/", 1)[0] + "/4"
    named = {"IM_DATABASE_URL": stack.database_url, "IM_BROKER_URL": elsewhere}
    worker = subprocess.Popen(
        [sys.executable, "-m", "tests.e2e.hurt_worker", "childless", "im.watch"],
        env={**stack.environ, **named},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        until("the worker", lambda: bool(workers_alive(Settings(broker_url=elsewhere))))
        status, (ill,) = told(stack, "workers", **named)
        assert (status, ill["ok"], ill["mend"]) == (1, False, "start it again")
        assert ill["detail"].endswith(" has no process left to do what it takes")
    finally:
        worker.kill()
        worker.wait()


def test_a_host_without_a_worker_is_told_of(stack: StackUnderTest) -> None:
    elsewhere = stack.broker_url.rsplit("/", 1)[0] + "/5"
    status, (none,) = told(stack, "here", IM_BROKER_URL=elsewhere, IM_DATABASE_URL=stack.database_url)
    assert status == 1
    assert none["detail"].startswith("no worker answers on ")


def test_ticks_that_do_not_come_are_told_of_whatever_the_cloud_does(stack: StackUnderTest) -> None:
    status, checks = told(stack, "beat")
    assert (status, [check["ok"] for check in checks]) == (0, [True, True])


def test_a_tick_is_missed_after_three_periods(database_url: str) -> None:
    """And a scope that cannot be listed is no fault of the beat's."""
    world = World(database_url)
    world.create()
    world.advance(31)
    with world.ctx.begin() as connection:
        connection.execute(text("UPDATE scopes SET failing_since = now(), error = 'down'"))

    def judged() -> list[bool]:
        with world.ctx.begin() as connection:
            return [check.ok for check in doctor_fleet.beat(connection, world.now)]

    world.beat = False
    assert judged() == [True, True]
    world.advance(40)
    assert judged() == [False, True]
    world.advance(60)
    assert judged() == [False, False]
    with world.ctx.begin() as connection:
        assert [check.ok for check in doctor_fleet.refresh(connection, world.now)] == [False]
    world.close()
