"""A small world: the real services on the real Postgres, a cloud in memory, a queue that is a list, and a clock moved by hand."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from functools import cache
from typing import Any

from sqlalchemy import text

from im.cli.backend.place import Place
from im.context import Context
from im.db import deployment, holds
from im.db.engine import Database
from im.db.instances.pending_work import PendingWork
from im.db.read.connection import ReadConnection
from im.db.schema.said import metadata
from im.domain.adoption import Adopt
from im.domain.event import Event
from im.domain.explain.phase import phase
from im.domain.instance import Instance
from im.domain.intent import Deadline
from im.domain.scope import Scope
from im.domain.spec.spot import Spot
from im.domain.state import Observed
from im.providers.contract import Provider
from im.providers.fake.provider import FakeCloud, FakeProvider
from im.providers.request import Ask
from im.queue.tasks import Task
from im.services import queries
from im.services.requests import change, create, result
from im.services.requests import order as requests_order
from im.settings import Settings
from tests.people import person
from workers import tasks

START = datetime(2030, 1, 1, 12, 0, 0, tzinfo=UTC)
_WORK = {
    Task.REFRESH: tasks.refresh,
    Task.REFRESH_SCOPE: tasks.refresh_scope,
    Task.ENFORCE_TTL: tasks.enforce_ttl,
    Task.PRICES: tasks.prices,
    Task.GC: tasks.gc,
    Task.NOTIFY: tasks.notify,
    Task.WEBHOOK: tasks.webhook,
    Task.GUARD: tasks.guard,
    Task.PRUNE: tasks.prune,
}
_CALM = timedelta(seconds=60)
"""With nothing to do, a full look among it, after which beats are left out."""
_LONGEST = timedelta(minutes=30)
"""Without a beat: what is looked at hourly keeps its hour."""
_NEAR = timedelta(seconds=60)
"""To a deadline or to an end: nothing is left out."""
_MOMENTS = (
    "SELECT unnest(ARRAY[expires_at, ends_at, next_attempt_at, lease_until, protection_try_at])"
    " FROM instances WHERE closed_at IS NULL"
)


@dataclass(order=True)
class Doorbell:
    at: datetime
    number: int
    task: Task = field(compare=False)
    ids: tuple[str, ...] = field(compare=False)
    to: str | None = field(compare=False, default=None)


class Recorder:
    """A queue that keeps what was rung, with the moment it is for; `down` makes it refuse."""

    def __init__(self, world: World) -> None:
        self._world = world
        self.waiting: list[Doorbell] = []
        self.rung: list[Doorbell] = []
        self.down = False

    def ring(
        self, task: Task, ids: Sequence[str] = (), *, label: str = "", after: float = 0, to: str | None = None
    ) -> bool:
        if self.down:
            return False
        bell = Doorbell(self._world.now + timedelta(seconds=after), len(self.rung), task, tuple(ids), to)
        self.waiting.append(bell)
        self.rung.append(bell)
        return True


@cache
def database_of(url: str) -> Database:
    """One for a whole run of tests: each engine compiles every statement for itself, which takes longer than a test."""
    return Database(url)


class World:
    """`advance` is the only thing that moves time; beat and one worker live in it as long as they are switched on."""

    def __init__(self, database_url: str) -> None:
        self.now = START
        self.cloud = FakeCloud(lambda: self.now, takes=timedelta(seconds=3))
        self.queue = Recorder(self)
        self.beat = True
        self.worker = True
        self.told: list[tuple[Task, str]] = []
        self.place: Place | None = None
        """The API that stands before it, where commands are to ask that."""
        self._database, self._pending_work, self._eyes = (
            database_of(database_url),
            PendingWork(database_url),
            ReadConnection(database_url),
        )
        with self._database.begin() as connection:
            self.deployment = deployment.read_id(connection)
        self.provider: Any = FakeProvider(self.cloud, self.deployment)
        self.ctx = Context(
            settings=Settings(
                database_url=database_url, provider="fake", region="fake-1", owner="ada", adopt=Adopt.ANY
            ),
            transaction=self._database.begin,
            provider_for=self._provider_for,
            queue=self.queue,
            clock=lambda _: self.now,
            pending_work=self._pending_work,
            look=self._eyes.look,
        )

    def _provider_for(self, _: Scope) -> Provider:
        provider: Provider = self.provider
        return provider

    def close(self) -> None:
        self._pending_work.close()
        self._eyes.close()

    # ---- people ------------------------------------------------------------------------------------------------------

    def create(
        self,
        name: str = "web",
        *,
        seconds: float = 3600,
        count: int = 1,
        actor: str = "ada",
        kind: str | None = None,
        zone: str | None = None,
        spot: Spot | None = None,
        **order_as: Any,
    ) -> list[Instance]:
        """`order_as`: what else an Order may say."""
        ask = Ask(instance_type=kind, zone=zone, public_key="ssh-ed25519 AAAA test", owner=actor, spot=spot)
        deadline = Deadline(by=timedelta(seconds=seconds))
        order = requests_order.Order("fake", "default", ask, name, count, deadline, person(actor), **order_as)
        return [c.after for c in create.create(self.ctx, order).changes]

    def extend(self, *names: str, seconds: float, start: bool = True, actor: str = "ada") -> result.Answer:
        deadline = Deadline(by=timedelta(seconds=seconds))
        return change.extend(self.ctx, self._ids(names), deadline, actor=person(actor), start=start)

    def start(self, *names: str, seconds: float | None = None) -> result.Answer:
        deadline = Deadline(by=timedelta(seconds=seconds)) if seconds else None
        return change.start(self.ctx, self._ids(names), deadline, actor=person("ada"))

    def stop(self, *names: str, actor: str = "ada", shelve: bool = False) -> result.Answer:
        return change.stop(self.ctx, self._ids(names), actor=person(actor), shelve=shelve)

    def terminate(self, *names: str) -> result.Answer:
        return change.terminate(self.ctx, self._ids(names), actor=person("ada"))

    def protect(self, *names: str, on: bool) -> result.Answer:
        return change.protect(self.ctx, self._ids(names), on=on, actor=person("ada"))

    def _ids(self, names: Sequence[str]) -> list[str]:
        return [self.row(n).id for n in names]

    # ---- time --------------------------------------------------------------------------------------------------------

    def advance(self, seconds: float, tick: float | None = None) -> None:
        """Let time pass, from one due moment to the next: a doorbell's, or beat's on the full `tick` of seconds.

        A larger tick is a beat that comes more seldom; what is between two due moments costs nothing. Unless a tick is asked
        for, beat comes every 10 s, but skips what is far from both ends and from every deadline while it finds nothing to do.
        """
        until = self.now + timedelta(seconds=seconds)
        self.deliver()
        busy = self.now
        while self.now < until:
            before, self.now = self.now, self._next_due(until, tick, self.now - busy)
            heard = len(self.told)
            for task, period in ((Task.REFRESH, 10), (Task.ENFORCE_TTL, 30)):
                span = timedelta(seconds=period)
                if self.beat and (before - START) // span != (self.now - START) // span:
                    self.queue.ring(task)
            self.deliver()
            if not all(_idle(*one) for one in self.told[heard:]):
                busy = self.now

    def _next_due(self, until: datetime, tick: float | None, calm: timedelta) -> datetime:
        moments = [until]
        if self.worker:
            moments += [bell.at for bell in self.queue.waiting if bell.at > self.now]
        if self.beat:
            if tick is None and calm >= _CALM:
                moments.append(max(self._on_beat(10), self._skipped_to(until, calm)))
            else:
                moments.append(self._on_beat(tick or 10))
        return min(moments)

    def _on_beat(self, tick: float) -> datetime:
        span = timedelta(seconds=tick)
        return START + span * ((self.now - START) // span + 1)

    def _skipped_to(self, until: datetime, calm: timedelta) -> datetime:
        """The beat before something may be due, but no further than the calm has lasted."""
        with self._database.begin() as connection:
            moments = connection.execute(text(_MOMENTS)).scalars().all()
        near = [at for at in (*moments, until) if at is not None and at > self.now - _NEAR]
        reached = min(self.now + min(calm, _LONGEST), min(near) - _NEAR)
        return START + timedelta(seconds=10) * ((reached - START) // timedelta(seconds=10))

    def deliver(self) -> None:
        """The worker answers every doorbell whose moment has come, and those that ring meanwhile."""
        while self.worker and (due := sorted(b for b in self.queue.waiting if b.at <= self.now)):
            self.queue.waiting.remove(due[0])
            self.answer(due[0].task, due[0].ids)

    def answer(self, task: Task, ids: Sequence[str] = ()) -> str:
        sentence = _WORK.get(task, tasks.reconcile)(self.ctx, ids)
        self.told.append((task, sentence))
        return sentence

    def lose_messages(self) -> None:
        self.queue.waiting.clear()

    # ---- looking -----------------------------------------------------------------------------------------------------

    def row(self, name: str = "web") -> Instance:
        return queries.resolve(self.ctx, [name]).rows[0]

    def word(self, name: str = "web") -> str:
        return phase(self.row(name), self.now).word

    def at_cloud(self, name: str = "web") -> Observed:
        machine = self.row(name).provider_id
        assert machine is not None
        return self.cloud.state(self.cloud.visible(machine))

    def calls(self, verb: str) -> list[tuple[str, ...]]:
        return [call.ids for call in self.cloud.calls if call.verb == verb]

    def machines(self) -> list[str]:
        """Every machine at the cloud that still exists."""
        gone = (Observed.TERMINATED, Observed.TERMINATING)
        return [s.provider_id for s in self.cloud.listing("fake-1", {}).sightings if s.state not in gone]

    def story(self, name: str = "web") -> list[Event]:
        return queries.history(self.ctx, self.row(name).id)

    def kinds(self, name: str = "web") -> list[str]:
        return [event.kind for event in self.story(name)]

    def tamper(self, name: str = "web", **columns: object) -> None:
        """Write a row directly, as a half-done past would have left it."""
        sets = ", ".join(f"{column} = :{column}" for column in columns)
        with self.ctx.begin() as connection:
            connection.execute(text(f"UPDATE instances SET {sets} WHERE name = :name"), {**columns, "name": name})

    def another_worker(self, **settings: object) -> Context:
        """A context of a second process: same database, cloud and clock, other settings."""
        return replace(self.ctx, settings=replace(self.ctx.settings, **settings))


def _idle(task: Task, sentence: str) -> bool:
    """Did this task find nothing to do, by its own words? What an hour's chores find makes nothing due."""
    if task in (Task.PRUNE, Task.PRICES):
        return True
    words = {
        Task.REFRESH: " 0 instances rung for",
        Task.REFRESH_SCOPE: " 0 changed",
        Task.ENFORCE_TTL: "nothing is due",
    }
    return task in words and words[task] in f" {sentence}"


def empty(database_url: str) -> None:
    """Every table but the deployment's identity, which is made anew as this server's own."""
    tables = [table.name for table in reversed(metadata.sorted_tables) if table.name != "deployment"]
    deletes = ", ".join(f"d{number} AS (DELETE FROM {name})" for number, name in enumerate(tables))
    with database_of(database_url).begin() as connection:
        connection.execute(text(f"WITH {deletes} SELECT 1"))
        holds.settle_here(connection)
