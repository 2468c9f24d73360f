"""A worker small enough to be killed hundreds of times a minute: the real services, tasks, Postgres and boto3, without Celery.

`work` is the body of a process that a fork server made: everything is imported once, and nothing is connected before
the fork. Run as `python -m tests.chaos.worker FOLDER DATABASE_URL CLOUD_URL` it is a process of its own that works until
it is killed; whoever sets the clock in FOLDER moves its time.
"""

from __future__ import annotations

import os
import sys
import time
import traceback
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

import boto3
import boto3.session
from sqlalchemy import text

from im import failpoints
from im.context import Context
from im.db import deployment
from im.db.engine import Database
from im.db.instances.pending_work import PendingWork
from im.domain.adoption import Adopt
from im.domain.intent import Deadline
from im.domain.scope import Scope
from im.domain.spec.spot import Spot
from im.failpoints import Point
from im.providers import registry
from im.providers.aws.api.clients import Clients
from im.providers.aws.provider import AwsProvider
from im.providers.contract import Provider
from im.providers.request import Ask
from im.queue.tasks import Task
from im.services import leftovers, queries
from im.services.requests import adopt, change, create
from im.services.requests import order as requests_order
from im.settings import Settings
from tests.chaos.desk import Broker, Clock
from tests.people import person
from tests.providers.clouds import REGION, public_key
from tests.standin.client import Control
from workers import tasks

_SESSION = boto3.Session("test", "test", region_name=REGION)
for _service in ("ec2", "sts", "ssm"):
    # reads botocore's models, which takes longer than any case; no connection is made
    _SESSION.client(_service)  # type: ignore[call-overload]

_WORK = {Task.REFRESH: tasks.refresh, Task.REFRESH_SCOPE: tasks.refresh_scope, Task.ENFORCE_TTL: tasks.enforce_ttl}

STRAY = "made by hand"

Act = tuple[Any, ...]
"""A verb of `Worker` and what it is given."""


@dataclass(frozen=True, slots=True)
class Shift:
    """What one process does in its life."""

    folder: Path
    database_url: str
    cloud_url: str
    acts: tuple[Act, ...]
    cloud: str = "aws"
    """Any other is asked for nothing but its own API: `cloud_url` is as IM_SANDBOX_URL has it."""


def work(shift: Shift) -> None:
    """The whole life of a process; what it says, and what goes wrong, is left in the folder for the test to show."""
    os.environ["AWS_ENDPOINT_URL"] = shift.cloud_url
    with (shift.folder / "log").open("ab") as said:
        os.dup2(said.fileno(), 1)
        os.dup2(said.fileno(), 2)
    worker = Worker(shift)
    try:
        for verb, *given in shift.acts:
            getattr(worker, verb)(*given)
    except BaseException:
        (shift.folder / "error").write_text(traceback.format_exc())
        raise
    finally:
        worker.close()


class _Warm(Clients):
    """The clients of a process, made from what was read before the fork."""

    def _open(self) -> boto3.Session:
        return _SESSION


class _Trace:
    def __init__(self, path: Path) -> None:
        self._path = path

    def at(self, point: Point, of: str) -> None:
        with self._path.open("a") as out:
            out.write(f"{point}/{of}\n" if of else f"{point}\n")


class Worker:
    """One process of the fleet, and the person at its command line."""

    def __init__(self, shift: Shift) -> None:
        self._shift, self._cloud = shift, shift.cloud
        self._control = Control(shift.cloud_url)
        self.clock = Clock(shift.folder)
        self.broker = Broker(shift.folder, self.clock)
        named: dict[str, str] = {"provider": "aws", "region": REGION}
        if shift.cloud != "aws":
            named = {"provider": shift.cloud, "sandbox_url": f"{shift.cloud}={shift.cloud_url}"}
        settings = Settings(database_url=shift.database_url, owner="ada", adopt=Adopt.ANY, **named)  # type: ignore[arg-type]
        database, glance = Database(shift.database_url), PendingWork(shift.database_url)
        with database.begin() as connection:
            identity = deployment.read_id(connection)
        provider = self._connected(settings, identity)

        def provider_for(_: Scope) -> Provider:
            return provider

        def dispose() -> None:
            database.dispose()
            glance.close()

        self.ctx = Context(
            settings, database.begin, provider_for, self.broker, lambda _: self.clock.now(), glance, dispose
        )
        self._tasks = _registered(lambda: self.ctx)

    def _connected(self, settings: Settings, identity: str) -> Provider:
        if self._cloud == "aws":
            return AwsProvider(settings, identity, _Warm(settings))
        made = registry.connect(self._cloud, settings, identity)
        if self._cloud in ("lambda", "vast"):
            pace = made._api._pace  # type: ignore[attr-defined]
            pace._clock, pace.pause = self.clock.read, self.clock.wait
        return made

    def close(self) -> None:
        self._control.close()
        self.ctx.dispose()

    # ---- what the test does to it ------------------------------------------------------------------------------------

    def arm(self, written: str) -> None:
        failpoints.arm({"IM_FAILPOINT": written})

    def trace(self) -> None:
        """Write down every point that is reached from here on."""
        failpoints.armed = _Trace(self._shift.folder / "trace")  # type: ignore[assignment]

    def cloud(self, does: str, *given: Any) -> None:
        """Any verb of the stand-in's control."""
        getattr(self._control, does)(*given)

    def delay(self, delays: Mapping[str, float]) -> None:
        self._control.configure(delays=delays)

    def fault(self, fields: Mapping[str, Any]) -> None:
        self._control.fault(**fields)

    def outside(self, does: str, names: Sequence[str]) -> None:
        """Somebody at the console."""
        self._control.outside(
            does, *[row.provider_id for row in queries.resolve(self.ctx, names).rows if row.provider_id]
        )

    def strays(self, count: int) -> None:
        """Running machines that somebody made by hand."""
        self._control.create(count, tags={"Name": STRAY}, state="running")

    def lose_messages(self) -> None:
        self.broker.wipe()

    # ---- a person ----------------------------------------------------------------------------------------------------

    def create(self, name: str, count: int, seconds: float) -> None:
        walled = self._cloud != "aws" and registry.capabilities(self._cloud).can_firewall
        ask = Ask(public_key=public_key(), owner="ada", ssh_from=("10.0.0.0/8",) if walled else None)
        order = requests_order.Order(self._cloud, "default", ask, name, count, _span(seconds), person("ada"))
        create.create(self.ctx, order)

    def create_spot(self, name: str, count: int, seconds: float) -> None:
        """As create, from the cloud's spare room; EC2 lends no t2.nano."""
        ask = Ask(public_key=public_key(), owner="ada", instance_type="t3.nano", spot=Spot())
        create.create(self.ctx, requests_order.Order("aws", "default", ask, name, count, _span(seconds), person("ada")))

    def adopt(self, name: str, seconds: float) -> None:
        strays = tuple(m["id"] for m in self._control.machines() if m["tags"].get("Name") == STRAY)
        adopt.adopt(self.ctx, adopt.AdoptRequest("aws", "default", REGION, strays, name, _span(seconds), person("ada")))

    def extend(self, names: Sequence[str], seconds: float) -> None:
        change.extend(self.ctx, self._ids(names), _span(seconds), actor=person("ada"))

    def start(self, names: Sequence[str]) -> None:
        change.start(self.ctx, self._ids(names), None, actor=person("ada"))

    def stop(self, names: Sequence[str]) -> None:
        change.stop(self.ctx, self._ids(names), actor=person("ada"))

    def terminate(self, names: Sequence[str]) -> None:
        change.terminate(self.ctx, self._ids(names), actor=person("ada"))

    def _ids(self, names: Sequence[str]) -> list[str]:
        return [row.id for row in queries.resolve(self.ctx, names).rows]

    # ---- the fleet ---------------------------------------------------------------------------------------------------

    def drive(self, least: float, most: float) -> None:
        """Let time pass, `least` seconds and then until everything is settled, at most `most`; beat lives in here too.

        From one moment at which something is to be done to the next: in between, nothing can happen that anybody sees.
        """
        began = self.clock.read()
        self.deliver()
        while (passed := self.clock.read() - began) < most and (passed < least or not self.settled()):
            now = self.clock.read()
            tick = now + 10 - now % 10
            self._pass(min(tick, self.broker.next() or tick) - now)

    def sleep(self, least: float) -> None:
        """Time passes, at least so much, and nobody works; until the moment of both ticks, which this process keeps."""
        now = self.clock.read()
        self._pass(least + (-now - least) % 30)

    def _pass(self, seconds: float) -> None:
        if self._cloud == "aws":  # the others read the clock themselves
            self._control.step(seconds)
        self.clock.set(self.clock.read() + seconds)
        self.tick(self.clock.read())
        self.deliver()

    def serve(self) -> None:
        """Work until killed, as fast as others move the clock."""
        ticked = 0
        while True:
            if (second := int(self.clock.read())) != ticked:
                ticked = second
                self.tick(second)
            self.deliver()
            time.sleep(0.005)  # the pace of polling; nothing is waited out

    def tick(self, second: float) -> None:
        if not second % 10:
            self.answer(Task.REFRESH)
        if not second % 30:
            self.answer(Task.ENFORCE_TTL)

    def deliver(self) -> None:
        while due := self.broker.due():
            for message in due:
                self.answer(Task(message.task), message.ids)
                self.broker.acknowledge(message)

    def answer(self, task: Task, ids: Sequence[str] = ()) -> None:
        """As Celery would call it: through the registered function, failpoints and all."""
        self._tasks[task.value](list(ids))

    def collect(self) -> None:
        """What nothing uses is looked for, and all that was found is taken away."""
        leftovers.ask(self.ctx)
        self.deliver()
        leftovers.approve_deletion(self.ctx, leftovers.survey(self.ctx).found, actor=person("ada"))
        self.deliver()

    def settled(self) -> bool:
        """Does every request stand at its end, and nothing move at the cloud that a row waits for?"""
        query = text(
            "SELECT count(*) FROM instances WHERE closed_at IS NULL AND failed_generation < generation"
            " AND (settled_generation < generation OR observed IN ('pending', 'stopping', 'terminating'))"
        )
        with self.ctx.begin() as connection:
            return int(connection.execute(query).scalar_one()) == 0


def _registered(context: Any) -> dict[str, Any]:
    """What workers.tasks gives to Celery, name by name."""
    found: dict[str, Any] = {}

    class Collecting:
        def task(self, *, name: str, **_options: Any) -> Any:
            return lambda function: found.setdefault(name, function)

    tasks.register(Collecting(), context)  # type: ignore[arg-type]
    return found


def _span(seconds: float) -> Deadline:
    return Deadline(by=timedelta(seconds=seconds))


if __name__ == "__main__":
    work(Shift(Path(sys.argv[1]), sys.argv[2], sys.argv[3], (("arm", os.environ.get("IM_FAILPOINT", "")), ("serve",))))
