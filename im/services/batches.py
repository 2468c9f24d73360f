"""claim → call → apply, written once: how work on many rows reaches a cloud (or a channel), and how what came of it is kept.

A claim commits before anything is called, and no transaction is open during a call. What was done and what failed is written for
each row in one transaction, and what comes next is rung for once that is committed. Whoever dies in between leaves a lease (by
the token `owner`) or a date pushed ahead; either runs out, and the same is done again.

Leftovers and listings do not come this way: they claim a slot of time, not rows, and an answer cut short proves nothing there.
"""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, Generic, Protocol, TypeVar

from im.logs import log
from im.providers import errors
from im.providers.errors import ProviderError

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from im.context import Context
    from im.services.scope_run import ScopeRun

Row = TypeVar("Row")
B = TypeVar("B", bound="Batch[Any]")
A = TypeVar("A")


@dataclass(slots=True)
class Batch(Generic[Row]):
    """What was claimed for one call."""

    owner: str
    """The lease's token."""
    rows: list[Row]
    claimed_at: datetime
    more: bool = False
    """There may be others that wait for the same: they are claimed next."""
    told: str = ""
    """The claim has settled it by itself, and this is what came of it; there is nothing to call."""


@dataclass(frozen=True, slots=True)
class Transaction:
    """A transaction of a job, with what is to be done once it is committed: doorbells, mostly."""

    connection: Connection
    afterwards: list[Callable[[], object]] = field(default_factory=list)

    def after_commit(self, do: Callable[[], object]) -> None:
        self.afterwards.append(do)


class Overtaken(Exception):
    """Somebody newer has taken the batch up; the message says so. Raised by a call that asks whether it may still be made."""


class Job(Protocol[B, A]):
    """One kind of work, for instance the stops of a scope."""

    def claim(self, tx: Transaction, owner: str) -> B | None:
        """Take rows up, and write down that they are. None: there are none, or it is not their turn yet."""

    def call(self, batch: B) -> A:
        """Ask the cloud once for all of them. Raises ProviderError when that failed for all, and Overtaken."""

    def failed(self, batch: B, error: ProviderError) -> A:
        """The answer that a call has when it raised: this error for each."""

    def apply(self, tx: Transaction, batch: B, answer: A) -> list[str]:
        """Write what is done and what failed on rows that are still ours; one line for each. It may set `batch.more`."""


def claimed_by_date(
    run: ScopeRun,
    tx: Transaction,
    owner: str,
    claim: Callable[[Connection, int, datetime, timedelta, int], list[Row]],
) -> Batch[Row] | None:
    """Rows whose next try is pushed ahead by a step's lease, which runs out if we die; None when none waits.

    `claim` takes the scope, now, the lease, and how many rows at most.
    """
    settings, now = run.ctx.settings, run.ctx.clock(tx.connection)
    rows = claim(tx.connection, run.scope_id, now, timedelta(seconds=settings.step_lease), settings.batch)
    return Batch(owner, rows, now) if rows else None


def drive(ctx: Context, job: Job[B, A], *, goes_on: Callable[[], bool] = lambda: True) -> list[str]:
    """Batch after batch until nothing more waits; one line for each row. `goes_on` is asked before every claim."""
    lines: list[str] = []
    while goes_on():
        with _transaction(ctx) as tx:
            batch = job.claim(tx, str(uuid.uuid4()))
        if batch is None:
            break
        lines += [batch.told] if batch.told else finish(ctx, job, batch)
        if not batch.more:
            break
    return lines


def finish(ctx: Context, job: Job[B, A], batch: B) -> list[str]:
    """Call, and apply, what is claimed; one line for each row."""
    try:
        answer = job.call(batch)
    except Overtaken as exc:
        return [str(exc)]
    except ProviderError as exc:
        answer = job.failed(batch, exc)
    except Exception as exc:
        log.exception("unexpected error in a call", job=type(job).__name__)
        answer = job.failed(batch, unexpected(exc))
    with _transaction(ctx) as tx:
        return job.apply(tx, batch, answer)


def unexpected(exc: Exception) -> ProviderError:
    """A fault of ours, in words that may go into a row."""
    return errors.Unknown(f"unexpected {type(exc).__name__}; the worker's log has it")


@contextmanager
def _transaction(ctx: Context) -> Iterator[Transaction]:
    with ctx.begin() as connection:
        tx = Transaction(connection)
        yield tx
    for do in tx.afterwards:
        do()
