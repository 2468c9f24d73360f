"""What is asked of a cloud about snapshots: one listing of them for all, and then what is to be done about each.

Nothing is asked for before a look has shown that it is not there, and no machine is deleted that the look does not allow.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

from im.db.instances import shelf as kept
from im.domain.instance import Instance
from im.domain.shelf.address import Address, Fate
from im.domain.shelf.snapshot import Saved, Snapshot, is_of, is_proof
from im.domain.shelf.table import ShelfStep, There, there_of
from im.domain.sighting import Sighting
from im.domain.state import GONE, Observed
from im.failpoints import Point, reach
from im.logs import log
from im.providers.errors import NotFound, ProviderError
from im.providers.features import Shelving
from im.providers.machine import Machine, machine_of

if TYPE_CHECKING:
    from im.services.scope_run import ScopeRun

Key = tuple[str, int]
LEASE = timedelta(seconds=40)
"""Above the slowest call's time-outs: it is renewed before each that changes something."""


@dataclass(frozen=True, slots=True)
class Job:
    """One snapshot, its instance as it was when it was claimed, and what is to be done."""

    row: Instance
    snapshot: Snapshot
    step: ShelfStep
    first: bool
    """REMOVE: nobody can have asked for the machine's end before."""

    @property
    def key(self) -> Key:
        return self.snapshot.instance_id, self.snapshot.generation


@dataclass(frozen=True, slots=True)
class Told:
    """What came of one job."""

    saved: Saved | None = None
    """The snapshot as the cloud shows it; None: it does not."""
    error: ProviderError | None = None
    gone: bool = False
    """What was to be deleted is not there any more: of REMOVE the machine, of DISCARD the snapshot."""
    asked: bool = False
    """REMOVE: the machine may have been asked to go. SAVE: the snapshot may have been asked for."""
    runs: bool = False
    """REMOVE: somebody has started the machine."""
    fate: Fate | None = None
    """DISCARD: what became of the address that was kept beside it; None where there was none."""


Answer = Mapping[Key, Told]


def ask(run: ScopeRun, shelving: Shelving, owner: str, jobs: Sequence[Job]) -> Answer:
    """Raises ProviderError when it could not be seen what there is: nothing was asked for then."""
    for step in {job.step for job in jobs}:
        reach(Point.CALL_BEGUN, step)
    found = shelving.found(run.scope)
    machines = [machine_of(job.row) for job in jobs if job.step is ShelfStep.REMOVE and job.row.provider_id]
    seen = run.provider.describe(run.scope, machines) if machines else {}
    return {job.key: _do(run, shelving, owner, job, found, seen) for job in jobs}


def _do(
    run: ScopeRun,
    shelving: Shelving,
    owner: str,
    job: Job,
    found: Sequence[Saved],
    seen: Mapping[str, Sighting],
) -> Told:
    mine = sorted((one for one in found if is_of(one, job.snapshot)), key=lambda one: (not one.complete, one.id))
    known = next((one for one in mine if one.id == job.snapshot.provider_id), None)
    saved = known or next((one for one in mine if not one.broken), None)
    try:
        match job.step:
            case ShelfStep.SAVE | ShelfStep.WATCH:
                # one that came to nothing, and one that was asked for twice, cost and are for nothing
                _delete(run, shelving, [one for one in mine if one is not saved or one.broken])
                if saved is not None and not saved.broken:
                    return Told(saved)
                return _save(run, shelving, owner, job) if job.step is ShelfStep.SAVE else Told()
            case ShelfStep.REMOVE:
                return _remove(run, shelving, owner, job, saved, seen.get(job.snapshot.machine))
            case ShelfStep.DISCARD:
                fate = _release(run, shelving, job)
                _delete(run, shelving, mine)
                return Told(gone=bool(mine), fate=fate)
            case _:
                return Told(saved)
    except ProviderError as exc:
        return Told(saved, exc)


def _is_ours(run: ScopeRun, owner: str, job: Job, address: Address | None = None) -> bool:
    """This process may have been stopped for minutes since it claimed: what it saw may be of the past.

    `address`: it is written down with it, before it is asked for that it be kept.
    """
    with run.ctx.begin() as connection:
        if address is not None:
            kept.know_address(connection, job.snapshot, owner, address)
        return kept.renew(connection, job.snapshot, owner, run.ctx.clock(connection) + LEASE)


def _save(run: ScopeRun, shelving: Shelving, owner: str, job: Job) -> Told:
    machine = machine_of(job.row)
    if not _is_ours(run, owner, job):
        return Told()
    try:
        return Told(shelving.save(run.scope, machine, *job.key), asked=True)
    except ProviderError as exc:
        return Told(error=exc, asked=True)


def _delete(run: ScopeRun, shelving: Shelving, things: Sequence[Saved]) -> None:
    """Raises the first error."""
    failed = shelving.discard(run.scope, [one.id for one in things]) if things else {}
    for exc in failed.values():
        raise exc


def _release(run: ScopeRun, shelving: Shelving, job: Job) -> Fate | None:
    """Its address is kept no longer."""
    address = job.snapshot.address_id
    if shelving.addresses is None or address is None:
        return None
    machine = job.row.provider_id if there_of(job.row) in (There.RUNS, There.RESTS) else None
    return shelving.addresses.release(run.scope, address, *job.key, machine)


def _remove(
    run: ScopeRun, shelving: Shelving, owner: str, job: Job, saved: Saved | None, seen: Sighting | None
) -> Told:
    """Delete the machine, if its snapshot is shown complete at this very moment, and the machine still rests."""
    if not is_proof(saved, job.snapshot):
        log.warning("no complete snapshot is shown; the machine stays", instance=job.row.name)
        return Told(saved)
    if seen is None or seen.state in GONE:
        return Told(saved, gone=True)
    if seen.state is Observed.TERMINATING:
        return Told(saved, asked=True)
    if seen.state is not Observed.STOPPED:
        return Told(saved, runs=True)
    machine, addresses = machine_of(job.row), shelving.addresses
    address = addresses.of(run.scope, machine, seen.public_ip) if addresses and seen.public_ip else None
    if not _is_ours(run, owner, job, address):
        return Told(saved)
    if addresses and address:
        addresses.keep(run.scope, address, *job.key)
    result = run.provider.terminate(run.scope, [Machine(machine.id, machine.notes)])
    exc = result.failed.get(machine.id)
    return Told(saved, None if isinstance(exc, NotFound) else exc, asked=True)
