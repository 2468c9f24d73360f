"""Workers that nobody starts again: they outlive their broker and whatever lies in it, and keep deadlines in every pool."""

from __future__ import annotations

import base64
import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from random import Random

import pytest
import redis

from im.domain.state import Observed
from im.queue.celery import QUEUES
from im.queue.inspect import workers_alive
from im.queue.tasks import DEADLINES, REQUESTS, WATCH, Task
from im.queue.wire import message
from tests.chaos.fleet import TREE, Fleet
from tests.chaos.junk import broadcasts, envelopes
from tests.chaos.test_kill_fleet import Person, judge
from tests.standin.server import StandIn

pytestmark = pytest.mark.sampled(every=3)

CELERY = str(Path(sys.executable).parent / "celery")
PLAIN = (CELERY, "-A", "workers.main", "worker")
"""As docs/fleet.md has it."""


@pytest.fixture
def cloud() -> Iterator[StandIn]:
    with StandIn() as running:
        running.control.configure(delays={"launch": 0.5, "start": 0.5, "stop": 0.5, "terminate": 0.5})
        yield running


@pytest.fixture
def fleet(tmp_path: Path, database_url: str, cloud: StandIn) -> Iterator[Fleet]:
    made = Fleet(tmp_path, database_url, cloud.url)
    try:
        yield made
    finally:
        made.kill()


@pytest.fixture
def person(fleet: Fleet) -> Iterator[Person]:
    made = Person(fleet)
    yield made
    made.ctx.dispose()


def is_well(fleet: Fleet) -> bool:
    """Does the worker answer, and is nothing left that it should have taken or acknowledged?"""
    with redis.Redis.from_url(fleet.environ["IM_BROKER_URL"]) as broker:
        left = [broker.llen(queue) for queue in QUEUES] + [broker.hlen("unacked")]
    return not any(left) and len(workers_alive(fleet.context().settings)) == 1


def test_a_plain_celery_worker_takes_from_every_queue(fleet: Fleet) -> None:
    fleet.start_broker()
    with redis.Redis.from_url(fleet.environ["IM_BROKER_URL"]) as broker:
        for task, queue in ((Task.STOP, REQUESTS), (Task.ENFORCE_TTL, DEADLINES), (Task.REFRESH, WATCH)):
            broker.lpush(queue, message(task, [], queue))
    fleet.start_worker(*PLAIN)
    fleet.wait(lambda: is_well(fleet))


def test_a_queue_that_there_is_not_is_refused(fleet: Fleet) -> None:
    done = subprocess.run(
        [*PLAIN, "-Q", "im.requets"],
        env=fleet.environ,
        cwd=TREE,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode != 0
    assert "im.requets" in done.stderr


@pytest.mark.parametrize("pool", ["prefork", "threads", "solo"])
def test_without_a_broker_deadlines_and_requests_are_kept_in_every_pool(
    pool: str, fleet: Fleet, person: Person, database_url: str, cloud: StandIn
) -> None:
    """The broker is never there, so the consumer never starts; nor is there a beat."""
    fleet.start_worker(*PLAIN, "--pool", pool, "-c", "2")
    person.create("brief", seconds=30)
    fleet.wait(lambda: bool(cloud.control.calls("StopInstances")))
    person.sees("brief", Observed.STOPPED)
    judge(database_url, cloud.control, cloud.url)


def test_a_pool_in_which_deadlines_would_be_late_is_refused_with_the_reason(fleet: Fleet) -> None:
    words = [sys.executable, "-P", "-m", "workers", "worker", "--pool", "gevent"]
    done = subprocess.run(words, env=fleet.environ, cwd=TREE, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode != 0
    assert "with the pool gevent one slow statement in Postgres holds up every deadline" in done.stderr
    assert "use --pool prefork, threads or solo" in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize("pool", ["prefork", "threads"])
def test_a_worker_outlives_a_broker_that_is_killed_while_it_holds_hints(
    pool: str, fleet: Fleet, person: Person, database_url: str, cloud: StandIn
) -> None:
    fleet.start_broker()
    fleet.start_worker(*PLAIN, "--pool", pool, "-c", "2")
    person.create("web", seconds=3600)
    person.sees("web", Observed.RUNNING)
    for number in range(2):
        with redis.Redis.from_url(fleet.environ["IM_BROKER_URL"]) as broker:
            for queue in QUEUES:
                broker.lpush(queue, *(message(Task.ENFORCE_TTL, [["im-0"]], queue, after=20) for _ in range(6)))
            fleet.wait(lambda broker=broker: broker.hlen("unacked") == 18)
        fleet.kill("valkey")
        fleet.start_broker()
        person.create(f"after-{number}", seconds=10)
        person.sees(f"after-{number}", Observed.STOPPED)
        assert fleet.running["worker"].poll() is None, fleet.last_words()
        fleet.wait(lambda: len(workers_alive(person.ctx.settings)) == 1)
    judge(database_url, cloud.control, cloud.url)


@pytest.mark.parametrize("pool", ["prefork", "threads", "solo"])
def test_whatever_lies_in_the_queues_is_refused_and_ends_no_worker(
    pool: str, fleet: Fleet, person: Person, database_url: str, cloud: StandIn
) -> None:
    fleet.start_broker()
    fleet.start_worker(*PLAIN, "--pool", pool, "-c", "1")
    fleet.wait(lambda: is_well(fleet))
    before = len(cloud.control.calls())
    with redis.Redis.from_url(fleet.environ["IM_BROKER_URL"]) as broker:
        for at, raw in enumerate(envelopes(Random(11))):
            broker.lpush(QUEUES[at % 3], raw)
        for raw in broadcasts(Random(11)):
            broker.publish("/0.celery.pidbox", raw)
        # what is held back and cannot be read stands before what was taken from a killed worker
        broker.hset("unacked", "tag", "@@@")
        broker.zadd("unacked_index", {"tag": 1})
    fleet.wait(lambda: is_well(fleet))
    told = fleet.last_words()
    assert fleet.running["worker"].poll() is None, told
    assert "begins anew" not in told
    assert "Connection to broker lost" not in told
    assert [
        call["action"] for call in cloud.control.calls()[before:] if not call["action"].startswith("Describe")
    ] == []
    person.create("after")
    person.sees("after", Observed.RUNNING)
    judge(database_url, cloud.control, cloud.url)


def test_nobody_on_the_broker_can_end_a_worker_or_take_its_processes_away(fleet: Fleet, person: Person) -> None:
    fleet.start_broker()
    fleet.start_worker(*PLAIN, "-c", "1")
    fleet.wait(lambda: is_well(fleet))
    with redis.Redis.from_url(fleet.environ["IM_BROKER_URL"]) as broker:
        for method, arguments in (
            ("shutdown", {}),
            ("pool_shrink", {"n": 1}),
            ("pool_restart", {}),
            ("cancel_consumer", {"queue": REQUESTS}),
            ("rate_limit", {"task_name": "im.stop", "rate_limit": "1/h"}),
            ("time_limit", {"task_name": "im.stop", "soft": 1, "hard": 1}),
            ("revoke", {"task_id": ["x"], "terminate": True}),
            ("conf", {"with_defaults": True}),
        ):
            body = {"method": method, "arguments": arguments, "destination": None, "ticket": "t"}
            envelope = {
                "body": base64.b64encode(json.dumps(body).encode()).decode(),
                "content-type": "application/json",
                "content-encoding": "utf-8",
                "headers": {},
                "properties": {"body_encoding": "base64", "delivery_info": {}, "delivery_tag": "x"},
            }
            assert broker.publish("/0.celery.pidbox", json.dumps(envelope)) == 1
    fleet.wait(lambda: fleet.last_words().count("a broadcast was refused") == 8)
    (worker,) = workers_alive(person.ctx.settings).values()
    assert worker.queues == set(QUEUES)
    assert not worker.childless
