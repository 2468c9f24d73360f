"""Workers and the broker hurt while a person waits: only latency changes."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import psutil
import pytest
import redis

from im.db.schema import migrate
from im.queue.celery import CeleryQueue
from im.queue.tasks import Task
from im.settings import Settings
from tests.e2e.conftest import StackUnderTest
from tests.waiting import until


def machines(stack: StackUnderTest, name: str) -> list[str]:
    """The states of every machine of that name, asked at the cloud itself."""
    ec2 = stack.ec2()
    found = ec2.describe_instances(Filters=[{"Name": "tag:Name", "Values": [name]}])
    ec2.close()
    return [i["State"]["Name"] for r in found["Reservations"] for i in r["Instances"]]


def workers(stack: StackUnderTest) -> list[psutil.Process]:
    """Both workers with all their pool processes."""
    mains = [psutil.Process(stack.pid(name)) for name in ("worker", "deadlines")]
    return [p for main in mains for p in (main, *main.children(recursive=True))]


def create(stack: StackUnderTest, key: Path, name: str) -> None:
    done = stack.run("create", "--name", name, "-d", "1h", "--public-key", str(key), "--no-wait")
    assert done.returncode == 0, done.stderr


@pytest.fixture
def key(tmp_path: Path) -> Path:
    made = tmp_path / "key"
    subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", str(made)], check=True)
    return tmp_path / "key.pub"


@pytest.mark.long
def test_a_broker_wiped_after_the_enqueue_only_delays(stack: StackUnderTest, key: Path) -> None:
    for process in workers(stack):
        process.send_signal(signal.SIGSTOP)
    try:
        create(stack, key, "wiped")
        with redis.Redis.from_url(stack.broker_url) as broker:
            broker.flushall()
    finally:
        for process in workers(stack):
            process.send_signal(signal.SIGCONT)
    until("the machine", lambda: machines(stack, "wiped") == ["running"])
    assert stack.run("start", "wiped", "--wait").returncode == 0


@pytest.mark.long
def test_workers_killed_in_the_middle_of_a_create_leave_one_machine(stack: StackUnderTest, key: Path) -> None:
    create(stack, key, "killed")
    for process in workers(stack):
        process.kill()
    until("the machine", lambda: machines(stack, "killed") == ["running"], seconds=150)
    until("its row", lambda: '"status": "running"' in stack.run("status", "killed", "--json").stdout)
    assert machines(stack, "killed") == ["running"]


def test_a_worker_that_takes_nothing_while_messages_wait_ends_itself(stack: StackUnderTest) -> None:
    """It still answers: its consumer has left its queue, which is what a lost subscription looks like."""
    queue = "im.watch"
    database = redis.Redis.from_url(stack.broker_url)
    elsewhere = stack.broker_url.rsplit("/", 1)[0] + "/7"  # a database of its own: nobody else takes these messages
    environ = {**stack.environ, "IM_DATABASE_URL": stack.database_url, "IM_BROKER_URL": elsewhere, "IM_PATIENCE": "2"}
    words = ["-m", "tests.e2e.hurt_worker", "deaf", queue]
    worker = subprocess.Popen([sys.executable, *words], env=environ, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    try:
        from celery import Celery

        app = Celery("deaf", broker=elsewhere, set_as_current=False)
        until("the worker", lambda: bool(app.control.ping(timeout=0.5)))
        assert worker.poll() is None
        rings = CeleryQueue(Settings(broker_url=elsewhere))
        assert rings.ring(Task.REFRESH)
        assert bool(app.control.ping(timeout=1.0))
        until("its end", lambda: worker.poll() is not None, seconds=60)
        app.close()
    finally:
        if worker.poll() is None:
            os.kill(worker.pid, signal.SIGKILL)
        out, _ = worker.communicate()
        database.close()
    assert b"this worker ends, to be started again" in out


def test_a_database_that_is_behind_is_refused_with_what_to_type(
    stack: StackUnderTest, key: Path, tmp_path: Path
) -> None:
    from im.stack import postgres

    sockets = Path(stack.database_url.partition("host=")[2].replace("%2F", "/")).parent
    postgres.ensure_database(sockets, "behind")
    url = postgres.url(sockets, "behind")
    migrate.upgrade(url, "0001")
    environ = {"IM_DATABASE_URL": url, "IM_BROKER_URL": stack.broker_url}
    refused = stack.run("list", environ=environ)
    assert refused.returncode == 1
    assert "im db upgrade" in refused.stderr
    assert stack.run("db", "upgrade", environ=environ).returncode == 0
    assert stack.run("list", environ=environ).returncode == 0
