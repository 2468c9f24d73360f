"""What came of the work on snapshots is written: how far each has come, and what becomes of its instance."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from im.db import events, launches, scopes
from im.db.instances import shelf as kept
from im.db.instances.spec import from_spec
from im.domain.event import Channel, Event, EventKind
from im.domain.instance import Instance
from im.domain.lifecycle import backoff
from im.domain.shelf.address import Fate
from im.domain.shelf.snapshot import (
    LOOK_AGAIN,
    NOT_SHELVED,
    SHOWN_WITHIN,
    TRIES,
    Made,
    Snapshot,
    is_proof,
    look_again,
    spec_from,
)
from im.domain.shelf.table import ShelfStep, There, there_of
from im.domain.sighting import Sighting
from im.domain.state import Desired, Observed, Shelf
from im.logs import log
from im.providers import errors
from im.providers.errors import ProviderError
from im.services.batches import Transaction
from im.services.requests.launch_rows import _open_launch
from im.services.shelving.calls import Answer, Job, Told

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from im.services.scope_run import ScopeRun

_UNSURE = errors.Ambiguous | errors.Unknown
"""What was asked for may have been done."""
Soon = dict[float, list[Instance]]
"""Seconds from now → instances to ring for then."""


def apply(
    tx: Transaction, run: ScopeRun, owner: str, jobs: Sequence[Job], answer: Answer, now: datetime
) -> tuple[list[str], Soon]:
    """Write it for what is still leased to `owner`; a line for each, and whom to ring for when."""
    mine = kept.mine(tx.connection, owner)
    lines: list[str] = []
    soon: Soon = {}
    for job in jobs:
        if job.key not in mine:
            continue  # somebody newer has it, and will look at what we did
        row, one = mine[job.key]
        written = _Written(tx.connection, run, row, one, now)
        lines.append(f"{row.name}: {written.take(job, answer[job.key])}")
        soon.setdefault(written.wait.total_seconds(), []).append(row)
        events.record(tx.connection, written.story)
    return lines, soon


class _Written:
    """One snapshot and its instance, locked."""

    def __init__(self, connection: Connection, run: ScopeRun, row: Instance, snapshot: Snapshot, now: datetime) -> None:
        self.connection, self.run, self.row, self.snapshot, self.now = connection, run, row, snapshot, now
        self.wait = LOOK_AGAIN
        self.story: list[Event] = []

    def take(self, job: Job, told: Told) -> str:
        """What came of it, in words."""
        match job.step:
            case ShelfStep.SAVE | ShelfStep.WATCH:
                return self._saved(job, told)
            case ShelfStep.REMOVE:
                return self._removed(job, told)
            case ShelfStep.DISCARD:
                return self._discarded(told)
            case _:
                self._leave()
                return "nothing to do"

    # ---- the snapshot ------------------------------------------------------------------------------------------------

    def _saved(self, job: Job, told: Told) -> str:
        saved, exc = told.saved, told.error
        if saved is not None and exc is None:
            facts = {"provider_id": saved.id, "began_at": saved.made_at or self.snapshot.asked_at, "gb": saved.gb}
            if not is_proof(saved, self.snapshot):
                self.wait = look_again(self.snapshot, self.now)
                self._leave(made=Made.ASKED.value, attempts=0, **facts)
                return "its snapshot is being made"
            self.wait = timedelta(0)
            self._leave(made=Made.COMPLETE.value, attempts=0, **facts)
            self._trouble(None)
            self._tell(EventKind.SNAPSHOT_COMPLETE, f"{saved.id}, {saved.gb} GB, of {saved.machine}")
            return "its snapshot is complete"
        if exc is not None:
            return self._not_saved(job, told.asked, exc)
        since = self.snapshot.asked_at or self.now
        if self.now - since < SHOWN_WITHIN:
            self._leave(made=Made.ASKED.value)
            return "its snapshot does not show yet"
        return self._again("the cloud made no snapshot, though it was asked for one")

    def _not_saved(self, job: Job, asked: bool, exc: ProviderError) -> str:
        if job.step is ShelfStep.WATCH or isinstance(exc, _UNSURE):
            self._refused(exc)
            return f"its snapshot is looked for again ({exc.code})"
        later = errors.Transient | errors.WrongState | errors.Unauthenticated
        if not asked or isinstance(exc, later):  # definitely not made, and so it cost nothing
            self._refused(exc, made=Made.WANTED.value, tries=max(0, self.snapshot.tries - 1))
            return f"a snapshot is refused ({exc.code}), retry in {self.wait.total_seconds():.0f} s"
        return self._give_up(f"{exc.code}: {exc.message}")

    def _again(self, because: str) -> str:
        if self.snapshot.tries >= TRIES:
            return self._give_up(f"{because}, {TRIES} times")
        self.wait = backoff(self.snapshot.tries)
        self._leave(made=Made.WANTED.value, provider_id=None, next_attempt_at=self.now + self.wait)
        return f"{because}; it is asked again"

    def _give_up(self, because: str) -> str:
        """Each further attempt costs money: the machine stays stopped, and people are told."""
        self._leave(made=Made.FAILED.value)
        told = f"no snapshot could be made, so it stays stopped and goes on costing: {because}"
        self._trouble(NOT_SHELVED, told)
        self._tell(EventKind.NOT_SHELVED, told)
        log.error("a machine could not be shelved", instance=self.row.name, because=because)
        return f"not shelved ({because})"

    # ---- the machine -------------------------------------------------------------------------------------------------

    def _removed(self, job: Job, told: Told) -> str:
        exc = told.error
        if told.gone:
            return self._shelve()
        if told.runs or not is_proof(told.saved, self.snapshot):
            if exc is not None:
                self._refused(exc)
                if job.first and not isinstance(exc, _UNSURE):  # it could not be looked at, so nothing was asked for
                    kept.put(self.connection, self.row.id, shelf=Shelf.NONE.value)
                return f"its machine stays for now ({exc.code})"
            kept.put(self.connection, self.row.id, shelf=Shelf.NONE.value)
            self._leave(made=(Made.COMPLETE if told.runs else Made.ASKED).value)
            return "its machine was started" if told.runs else "its snapshot is not shown complete; the machine stays"
        if exc is None:
            self._leave(attempts=0)
            return "its machine goes"
        self._refused(exc)
        if job.first and not isinstance(exc, _UNSURE):
            kept.put(self.connection, self.row.id, shelf=Shelf.NONE.value)  # whoever wants it back has it
        return f"its machine is not deleted yet ({exc.code})"

    def _shelve(self) -> str:
        """The machine is gone, and its snapshot is what there is: its books are closed, and its row is free for another one."""
        row, one = self.row, self.snapshot
        gone = Sighting(one.machine, Observed.TERMINATED, zone=row.zone)
        launches.lose(self.connection, {row.id: gone}, self.now)
        spec = spec_from(row.spec, one)
        settled = {} if row.desired is not Desired.STOPPED else {"settled_generation": row.generation}
        kept.put(
            self.connection,
            row.id,
            shelf=Shelf.SHELVED.value,
            spec=from_spec(spec),
            launch_token=None,
            attempts=0,
            error_code=None,
            error=None,
            **settled,
        )
        self._leave(made=Made.KEPT.value, attempts=0, left_at=self.now)
        kept.spend_older(self.connection, one)
        stays = f"the snapshot {one.provider_id} ({one.gb} GB)"
        stays = f"{stays} is kept" if one.address_id is None else f"{stays} and the address {one.address} are kept"
        self._tell(EventKind.SHELVED, f"{one.machine} is gone; {stays}")
        self.wait = timedelta(0)
        if row.desired is not Desired.RUNNING:
            return "shelved"
        number = scopes.ensure(self.connection, row.scope)
        token = _open_launch(self.connection, number, spec, [row.id], [row.name], self.now)
        launches.move(self.connection, token, [row.id], spec, row.candidate, None, None, self.now)
        return "shelved, and wanted back: it is launched from its snapshot"

    # ---- the end of a snapshot ---------------------------------------------------------------------------------------

    def _discarded(self, told: Told) -> str:
        row, one = self.row, self.snapshot
        if told.error is not None:
            self._refused(told.error)
            return f"its snapshot is not deleted yet ({told.error.code})"
        asked = one.asked_at
        if not told.gone and one.provider_id is None and asked is not None and self.now - asked < SHOWN_WITHIN:
            self._leave()
            return "its snapshot may show yet, to be deleted"
        lost = {"address_gone_at": self.now} if told.fate in (Fate.GONE, Fate.LEFT) else {}
        self._leave(made=Made.GONE.value, gone_at=self.now, attempts=0, **lost)
        if lost and there_of(row) is There.RUNS and row.public_ip != one.address:
            because = "was not there any more, or not free, or not for where the machine is"
            self._tell(EventKind.ADDRESS_CHANGED, f"it is {row.public_ip or 'another one'}: {one.address} {because}")
        if one.began_at is not None:
            self._tell(EventKind.SNAPSHOT_DELETED, f"{one.provider_id}, which nobody needs any more")
        if row.shelved and row.desired is Desired.TERMINATED:
            closing = {"settled_generation": row.generation, "closed_at": self.now, "next_attempt_at": None}
            kept.put(self.connection, row.id, error_code=None, error=None, **closing)
            self._tell(EventKind.TERMINATED, "its snapshot is deleted, which was all that there was")
        return "its snapshot is deleted"

    # ---- rows --------------------------------------------------------------------------------------------------------

    def _leave(self, **values: Any) -> None:
        """Give the lease back."""
        given = {"lease_token": None, "lease_until": None, "next_attempt_at": self.now + self.wait, **values}
        kept.write(self.connection, self.snapshot, **given)

    def _refused(self, exc: ProviderError, **values: Any) -> None:
        of_us = isinstance(exc, errors.Unauthenticated)
        self.wait = LOOK_AGAIN if of_us else backoff(self.snapshot.attempts + 1, exc.retry_after)
        attempts = self.snapshot.attempts + (0 if of_us else 1)
        self._leave(attempts=attempts, next_attempt_at=self.now + self.wait, **values)
        self._trouble(exc.code, exc.message)
        if self.snapshot.attempts == 0:
            self._tell(EventKind.REFUSED, f"{exc.code}: {exc.message}")

    def _trouble(self, code: str | None, error: str | None = None) -> None:
        """Of a row that rests; one on its way has the trouble of its own steps."""
        if self.row.closed_at is None and (self.row.settled or self.row.shelf is not Shelf.NONE):
            kept.put(self.connection, self.row.id, error_code=code, error=error)

    def _tell(self, kind: EventKind, reason: str) -> None:
        self.story.append(Event(self.row.id, self.now, kind, Channel.CLOUD, reason, self.row.generation))
