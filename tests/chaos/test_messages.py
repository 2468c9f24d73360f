"""What anybody on the broker can send, a broker that stops answering, and a worker asked to go: real Celery, Valkey and boto3."""

from __future__ import annotations

import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from random import Random

import pytest
from celery import Celery

from im.domain.state import Observed
from im.queue.celery import broker_settings
from im.settings import Settings
from tests.chaos.fleet import Fleet
from tests.chaos.soak.clouds import _FORGERIES
from tests.chaos.test_kill_fleet import Person, judge
from tests.providers.clouds import public_key
from tests.standin.server import StandIn


@pytest.fixture
def cloud() -> Iterator[StandIn]:
    """Its clock is the machine's, as Celery's is."""
    with StandIn() as running:
        running.control.configure(delays={"launch": 0.5, "start": 0.5, "stop": 0.5, "terminate": 0.5})
        yield running


@pytest.fixture
def fleet(tmp_path: Path, database_url: str, cloud: StandIn) -> Iterator[Fleet]:
    made = Fleet(tmp_path, database_url, cloud.url)
    try:
        made.start()
        yield made
    finally:
        made.kill()


def test_forged_messages_of_every_kind_move_no_machine_and_end_no_worker(
    fleet: Fleet, database_url: str, cloud: StandIn
) -> None:
    """Unknown ids, wrong types, a pickled body, a megabyte, extra arguments, another task's name, and what is no JSON at all."""
    person = Person(fleet)
    person.create("web")
    person.sees("web", Observed.RUNNING)
    before = len(cloud.control.calls())
    forger = Celery("forger", set_as_current=False)
    forger.conf.update(broker_settings(Settings(broker_url=fleet.environ["IM_BROKER_URL"])))
    for number, (_, send) in enumerate(_FORGERIES):
        send(forger, Random(number))
    forger.close()
    person.create("after")
    person.sees("after", Observed.RUNNING)
    person.ctx.dispose()
    assert fleet.running["worker"].poll() is None
    changed = [call["action"] for call in cloud.control.calls()[before:]]
    assert {"StopInstances", "TerminateInstances", "StartInstances"} & set(changed) == set()
    assert changed.count("RunInstances") == 1
    judge(database_url, cloud.control, cloud.url)


def test_a_frozen_broker_is_told_within_seconds_and_what_it_took_all_the_same_doubles_nothing(
    fleet: Fleet, tmp_path: Path, database_url: str, cloud: StandIn
) -> None:
    """SIGSTOP: the kernel still takes what is sent, so that a publish that failed may be delivered when it wakes."""
    (tmp_path / "id.pub").write_text(public_key())
    words = ["create", "--name", "web", "--public-key", str(tmp_path / "id.pub"), "--ssh-from", "none", "--no-wait"]
    fleet.running["valkey"].send_signal(signal.SIGSTOP)
    try:
        began = time.monotonic()
        done = subprocess.run(
            [sys.executable, "-m", "im.cli.main", *words],
            env=fleet.environ,
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
        took = time.monotonic() - began
    finally:
        fleet.running["valkey"].send_signal(signal.SIGCONT)
    assert done.returncode == 0, done.stderr
    assert "the broker did not answer; this is stored" in done.stderr
    assert took < 30, "a person waits for two tries of five seconds each, on a slow machine"
    person = Person(fleet)
    person.sees("web", Observed.RUNNING)
    person.ctx.dispose()
    judge(database_url, cloud.control, cloud.url)


def test_a_worker_asked_to_go_in_the_middle_of_a_launch_finishes_it(
    fleet: Fleet, database_url: str, cloud: StandIn
) -> None:
    """SIGTERM while EC2 thinks: the call is waited for, its outcome written, and then the worker ends well."""
    cloud.control.slow("RunInstances", 4)
    person = Person(fleet)
    person.create("web")
    fleet.wait(lambda: bool(cloud.control.calls("RunInstances")))
    worker = fleet.running["worker"]
    worker.send_signal(signal.SIGTERM)
    assert worker.wait(60) == 0, fleet.last_words()
    (row,) = person.rows()
    assert row.provider_id is not None
    assert len(cloud.control.calls("RunInstances")) == 1
    fleet.start_worker()
    person.sees("web", Observed.RUNNING)
    person.ctx.dispose()
    judge(database_url, cloud.control, cloud.url)
