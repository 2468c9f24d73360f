"""The last step of every task, acknowledging its message, with the real Celery and Valkey; and kill -9 of everything at once."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import boto3
import pytest
from redis import Redis

from im.context import Context
from im.db.engine import Database
from im.db.read.connection import database_clock
from im.db.schema import migrate
from im.domain.instance import Instance
from im.domain.intent import Deadline
from im.domain.state import Observed
from im.providers.request import Ask
from im.queue.celery import broker_settings
from im.queue.tasks import Task
from im.services import queries
from im.services.requests import change, create, order
from im.settings import Settings
from im.stack import postgres
from tests import reaper, servers
from tests.chaos import audit
from tests.chaos.fleet import Fleet, kill_trees
from tests.people import person
from tests.providers.clouds import REGION, public_key
from tests.standin.client import Control
from tests.standin.server import StandIn

_LIFE = (
    Task.CREATE,
    Task.EXTEND,
    Task.START,
    Task.STOP,
    Task.TERMINATE,
    Task.REFRESH,
    Task.REFRESH_SCOPE,
    Task.ENFORCE_TTL,
)
"""What is rung for in the life of a machine; the other tasks look after the deployment as a whole."""
_VISIBILITY = broker_settings(Settings())["broker_transport_options"]["visibility_timeout"]


@pytest.fixture
def cloud() -> Iterator[StandIn]:
    """Its clock is the machine's, as Celery's is."""
    with StandIn() as running:
        running.control.configure(delays={"launch": 0.5, "start": 0.5, "stop": 0.5, "terminate": 0.5})
        yield running


class Person:
    """Asks for things on the real broker, and looks at what came of it."""

    def __init__(self, fleet: Fleet) -> None:
        self.fleet = fleet
        self.ctx: Context = fleet.context()

    def create(self, name: str, count: int = 1, seconds: float = 3600) -> None:
        ask = Ask(public_key=public_key(), owner="ada")
        deadline = Deadline(by=timedelta(seconds=seconds))
        create.create(self.ctx, order.Order("aws", "default", ask, name, count, deadline, person("ada")))

    def stop(self, name: str) -> None:
        change.stop(self.ctx, self.ids(name), actor=person("ada"))

    def start(self, name: str, seconds: float | None = None) -> None:
        deadline = Deadline(by=timedelta(seconds=seconds)) if seconds else None
        change.start(self.ctx, self.ids(name), deadline, actor=person("ada"))

    def extend(self, name: str) -> None:
        change.extend(self.ctx, self.ids(name), Deadline(by=timedelta(hours=1)), actor=person("ada"))

    def terminate(self, name: str) -> None:
        change.terminate(self.ctx, self.ids(name), actor=person("ada"))

    def ids(self, name: str) -> list[str]:
        return [row.id for row in queries.resolve(self.ctx, [name]).rows]

    def rows(self) -> list[Instance]:
        return list(queries.listing(self.ctx, everything=True).rows)

    def sees(self, name: str, state: Observed) -> None:
        """Wait until it is settled and so."""
        self.fleet.wait(lambda: any(r.name == name and r.settled and r.observed is state for r in self.rows()))

    def sees_everything_settled(self) -> None:
        self.fleet.wait(lambda: all(row.settled or row.failed for row in self.rows()))


def judge(database_url: str, control: Control, cloud_url: str) -> None:
    bare = boto3.Session("outside", "outside", region_name=REGION).client("ec2", endpoint_url=cloud_url)
    database = Database(database_url)
    with database.begin() as connection:
        evidence = audit.gather(connection, bare, control.calls(), database_clock(connection))
    database.dispose()
    assert audit.broken_promises(evidence) == []


def test_a_worker_killed_before_it_acknowledges_loses_nothing_whatever_the_task(
    tmp_path: Path, database_url: str, cloud: StandIn
) -> None:
    """Each task's process is killed once when its work is done, and create's and stop's once more before it is begun."""
    points = {f"task.done/{task}=kill" for task in _LIFE}
    points |= {"task.taken/im.create=kill", "task.taken/im.stop=kill"}
    fleet = Fleet(tmp_path, database_url, cloud.url, ",".join(sorted(points)))
    try:
        fleet.start()
        person = Person(fleet)
        person.create("brief")
        person.create("web")
        for name in ("brief", "web"):
            person.sees(name, Observed.RUNNING)
            person.stop(name)
            person.sees(name, Observed.STOPPED)
        person.start("brief", seconds=5)  # at its deadline it is stopped, however long this machine took to wake it
        person.start("web")
        person.sees("web", Observed.RUNNING)
        person.extend("web")
        person.sees("brief", Observed.STOPPED)
        person.terminate("web")
        person.sees("web", Observed.TERMINATED)
        fleet.wait(lambda: fleet.struck() == points)
        person.ctx.dispose()
        judge(database_url, cloud.control, cloud.url)
    finally:
        fleet.kill()


def test_a_message_whose_work_was_done_is_delivered_again_and_changes_nothing(
    tmp_path: Path, database_url: str, cloud: StandIn
) -> None:
    """The whole worker, parent too: held still between the end of its work and the acknowledgement, and killed there."""
    point = "task.done/im.stop=pause"
    fleet = Fleet(tmp_path, database_url, cloud.url, point)
    try:
        fleet.start()
        person = Person(fleet)
        person.create("web")
        person.sees("web", Observed.RUNNING)
        person.stop("web")
        fleet.wait(lambda: point in fleet.struck())
        with Redis.from_url(fleet.environ["IM_BROKER_URL"]) as broker:
            fleet.kill("worker")
            kept = set(broker.hkeys("unacked"))
            assert kept, "the message was lost with its worker"
            for tag in kept:  # the visibility time-out passes
                broker.zincrby("unacked_index", -_VISIBILITY, tag)
            fleet.start_worker()
            fleet.wait(lambda: not kept & set(broker.hkeys("unacked")))
        person.sees("web", Observed.STOPPED)
        person.ctx.dispose()
        assert len(cloud.control.calls("StopInstances")) == 1
        judge(database_url, cloud.control, cloud.url)
    finally:
        fleet.kill()


def test_everything_killed_at_once_and_started_again_converges_with_no_hand(tmp_path: Path, cloud: StandIn) -> None:
    """Postgres, broker, workers and beat, all by kill -9 in one moment, in the middle of work of every kind."""
    folder = reaper.new_folder("im-k-")
    server = servers.started(folder)
    try:
        postgres.ensure_database(folder / "s", "im_test")
        database_url = postgres.url(folder / "s", "im_test")
        migrate.upgrade(database_url)
        fleet = Fleet(tmp_path, database_url, cloud.url)
        try:
            fleet.start()
            person = Person(fleet)
            for name in ("stays", "stops", "sleeps", "ends"):
                person.create(name)
            person.create("brief")
            person.sees_everything_settled()
            for name in ("sleeps", "brief"):
                person.stop(name)
                person.sees(name, Observed.STOPPED)
            person.start("brief", seconds=10)
            person.stop("stops")
            person.terminate("ends")
            person.start("sleeps")
            person.create("new", 10)
            fleet.wait(lambda: bool(cloud.control.calls("TerminateInstances")))
            kill_trees([server, *fleet.running.values()])
            fleet.running.clear()
            person.ctx.dispose()

            shutil.rmtree(folder / "s")  # sockets of the dead
            server = servers.started(folder)
            fleet.start()
            for name, state in {
                "stops": Observed.STOPPED,
                "sleeps": Observed.RUNNING,
                "brief": Observed.STOPPED,
            }.items():
                person.sees(name, state)
            person.sees_everything_settled()
            person.ctx.dispose()
            judge(database_url, cloud.control, cloud.url)
        finally:
            fleet.kill()
    finally:
        kill_trees([server])
        shutil.rmtree(folder, ignore_errors=True)
