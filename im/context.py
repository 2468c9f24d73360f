"""The one composition root: settings in, everything a service needs out. Whatever is costly is made on first use."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from threading import Lock
from typing import TYPE_CHECKING

from im.queue.celery import CeleryQueue
from im.queue.tasks import Queue, Task
from im.scope_threads import Lanes, Sequential

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from im.db.engine import Database
    from im.db.read.connection import ReadTransaction
    from im.domain.scope import Scope
    from im.providers.contract import Provider
    from im.services.reconcile.refusal import Refusal
    from im.settings import Settings


@dataclass(frozen=True)
class Context:
    """What services are given. Tests replace the clock, the queue and the providers; nothing else needs replacing."""

    settings: Settings
    transaction: Callable[[], AbstractContextManager[Connection]]
    """One transaction: commits at the end of the block, rolls back on an exception."""
    provider_for: Callable[[Scope], Provider]
    queue: Queue
    clock: Callable[[Connection | ReadTransaction], datetime]
    """Now, by the database's clock: the only one that decides."""
    pending_work: Callable[[Sequence[str]], list[int] | None]
    """In which scopes something may wait to be done for these instances, asked as cheaply as can be; None: ask otherwise."""
    dispose: Callable[[], None] = field(default=lambda: None)
    """Give back every connection."""
    beside: Callable[[Connection], None] | None = None
    """What is written with each request, in its own transaction and before it; None: nothing."""
    look: Callable[[], AbstractContextManager[ReadTransaction]] | None = None
    """One look at the database that changes nothing, by the driver alone; None: `begin` will do."""
    worker: str = field(default_factory=lambda: os.uname().nodename)
    """What `im doctor` calls this process, when a cloud does not know it."""
    refusals: dict[int, Refusal] = field(default_factory=dict)
    """Scopes (by number) in which the cloud refuses this process; see `im.services.reconcile.refusal`."""
    lanes: Lanes = field(default_factory=Sequential)
    """How work on several scopes is done: in turn, or (in a worker) side by side, so that none waits for another."""

    @contextmanager
    def begin(self) -> Iterator[Connection]:
        """One transaction, as `transaction` has it; once it is committed, its messages to webhooks are rung for."""
        from im.db.webhooks.put_down import marked

        with self.transaction() as connection:
            yield connection
        if marked(connection):
            self.queue.ring(Task.WEBHOOK)

    @contextmanager
    def storing(self) -> Iterator[Connection]:
        """The transaction of one request, whose end is known; see `im.db.commit_status`."""
        from im.db.commit_status import certain

        with certain(self.begin) as connection:
            if self.beside is not None:
                self.beside(connection)
            yield connection

    def looking(self) -> AbstractContextManager[Connection | ReadTransaction]:
        """For what only reads, and what a person waits for."""
        return self.look() if self.look is not None else self.begin()


def open_context(settings: Settings) -> Context:
    """A context on the real services that `settings` names; nothing is connected before it is used."""
    from im.db.read import driver

    driver.load()
    from im.db.instances.pending_work import PendingWork
    from im.db.read.connection import ReadConnection, database_clock

    if "IM_FAILPOINT" in os.environ or "im.failpoints" in sys.modules:  # none is armed where nobody has named one
        from im.failpoints import arm

        arm(os.environ)
    database, queue = _Database(settings.database_url), CeleryQueue(settings)
    pending_work, reader = PendingWork(settings.database_url), ReadConnection(settings.database_url)

    def begin() -> AbstractContextManager[Connection]:
        queue.check()  # what cannot be rung for is refused before it is stored
        return database.begin()

    def dispose() -> None:
        database.dispose()
        pending_work.close()
        reader.close()
        queue.close()

    return Context(
        settings=settings,
        transaction=begin,
        provider_for=_Providers(settings, database.begin),
        queue=queue,
        clock=database_clock,
        pending_work=pending_work,
        dispose=dispose,
        look=reader.look,
    )


class _Database:
    """Transactions by SQLAlchemy, which is imported for the first of them: a command that only looks has none."""

    def __init__(self, url: str) -> None:
        self._url = url
        self._made: Database | None = None

    def begin(self) -> AbstractContextManager[Connection]:
        if self._made is None:
            from im.db.engine import Database

            self._made = Database(self._url)
        return self._made.begin()

    def dispose(self) -> None:
        if self._made is not None:
            self._made.dispose()


class _Providers:
    """One connected provider per cloud and account, made when the first of its scopes is worked on."""

    def __init__(self, settings: Settings, begin: Callable[[], AbstractContextManager[Connection]]) -> None:
        self._settings = settings
        self._begin = begin
        self._made: dict[tuple[str, str], Provider] = {}
        self._lock = Lock()

    def __call__(self, scope: Scope) -> Provider:
        key = (scope.provider, scope.account)
        with self._lock:  # connecting calls nobody: it takes no longer than a look into our own database
            if key not in self._made:
                from im.db import deployment
                from im.providers import registry
                from im.providers.measured import measured

                with self._begin() as connection:
                    identity = deployment.read_id(connection)
                made = registry.connect(scope.provider, self._settings, identity, scope.account)
                self._made[key] = measured(made, scope.provider)
            return self._made[key]
