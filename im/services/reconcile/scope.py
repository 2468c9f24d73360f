"""reconcile: one scope's work, in the order in which it has to be done."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from types import MappingProxyType
from typing import TYPE_CHECKING

from im.db import scopes
from im.db.instances import claims, due, protection, shelf
from im.db.instances import spot as spot_rows
from im.db.instances.due import Kind
from im.domain.lifecycle import Step
from im.scope_threads import lane_of
from im.services.health import mark
from im.services.reconcile import refusal, spot_requests
from im.services.reconcile.adoptions import drive_adoptions
from im.services.reconcile.guards import drive_guards
from im.services.reconcile.launches import cancel_unwanted, drive_launches
from im.services.reconcile.protection import drive_protections
from im.services.reconcile.replacements import replace_lost
from im.services.reconcile.report import sentence
from im.services.reconcile.steps import drive_step
from im.services.scope_run import run_in
from im.services.shelving.drive import drive_shelves

if TYPE_CHECKING:
    from im.context import Context
    from im.services.scope_run import ScopeRun


def reconcile(ctx: Context, ids: Sequence[str]) -> str:
    """Work on the scopes in which `ids` live, as far as anything is unsettled there. Returns a sentence for people."""
    numbers = ctx.pending_work(ids)
    if numbers is None:
        with ctx.begin() as connection:
            unprotected = protection.scopes_of(connection, ctx.clock(connection), ids)
            spent = spot_rows.scopes_of(connection, ctx.clock(connection), ids)
            shelved = shelf.scopes_of(connection, ids)
            numbers = [*claims.scopes_of(connection, ids), *unprotected, *spent, *shelved]
    return reconcile_scopes(ctx, sorted(set(numbers))) if numbers else sentence([])


def reconcile_scopes(ctx: Context, numbers: Sequence[int]) -> str:
    """Work on these scopes, each in its own lane: none waits for another. Returns a sentence for people."""
    with ctx.begin() as connection:
        places = scopes.places(connection, numbers)
    works = {lane_of("reconcile", where): partial(reconcile_scope, ctx, number) for number, where in places.items()}
    done = ctx.lanes.run(works)
    later = [f"{lane.place} still waits for its cloud" for lane in works if lane not in done]
    return sentence([line for lines in done.values() for line in lines] + later)


def reconcile_scope(ctx: Context, scope_id: int) -> list[str]:
    """Drive every launch and every unsettled row of one scope that is due now; one line for each that moved."""
    run = run_in(ctx, scope_id)
    if run is None:
        return []
    if (trouble := refusal.refused(run)) is not None:
        refusal.pass_on(run)
        left = f"{run.scope}: left to the other workers ({trouble.code})"
        return [*cancel_unwanted(run), left]
    if because := mark.held_back(run):
        return [because]
    told: list[str] = []
    waits = _waiting(run)
    for kind, drive_kind in _DRIVEN.items():
        if kind in waits:
            told += drive_kind(run)
            waits = _waiting(run)  # what was done may have brought more to do
    return told + drive_guards(run)


def _waiting(run: ScopeRun) -> frozenset[Kind]:
    with run.ctx.begin() as connection:
        return due.in_scope(connection, run.scope_id, run.ctx.clock(connection))


def _replace(run: ScopeRun) -> list[str]:
    replace_lost(run)
    return []


_DRIVEN: Mapping[Kind, Callable[[ScopeRun], list[str]]] = MappingProxyType(
    {
        Kind.PROTECTION: drive_protections,  # first: a terminate may depend on it
        Kind.LAUNCH: drive_launches,
        Kind.ADOPTION: drive_adoptions,
        # what saves money before what costs some
        Kind.STOP: partial(drive_step, step=Step.STOP),
        Kind.TERMINATE: partial(drive_step, step=Step.TERMINATE),
        Kind.START: partial(drive_step, step=Step.START),
        Kind.LOOK: partial(drive_step, step=Step.LOOK),
        Kind.SHELF: drive_shelves,  # what has just been seen stopped may give way to its snapshot
        Kind.REQUEST: spot_requests.drive_requests,
        Kind.REPLACEMENT: _replace,
    }
)
