"""reconcile: one scope's work, in the order in which it has to be done."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import TYPE_CHECKING

from im.db import scopes
from im.db.instances import claims, protection
from im.db.instances import spot as spot_rows
from im.scope_threads import lane_of
from im.services.identity import is_clone
from im.services.reconcile import refusal, spot_requests
from im.services.reconcile.adoptions import drive_adoptions
from im.services.reconcile.guards import drive_guards
from im.services.reconcile.launches import cancel_unwanted, drive_launches
from im.services.reconcile.protection import drive_protections
from im.services.reconcile.replacements import replace_lost
from im.services.reconcile.report import sentence
from im.services.reconcile.steps import _STEPS, _claim, _one_batch

if TYPE_CHECKING:
    from im.context import Context


def reconcile(ctx: Context, ids: Sequence[str]) -> str:
    """Work on the scopes in which `ids` live, as far as anything is unsettled there. Returns a sentence for people."""
    numbers = ctx.glance(ids)
    if numbers is None:
        with ctx.begin() as connection:
            unprotected = protection.scopes_of(connection, ctx.clock(connection), ids)
            spent = spot_rows.scopes_of(connection, ctx.clock(connection), ids)
            numbers = [*claims.scopes_of(connection, ids), *unprotected, *spent]
    return reconcile_scopes(ctx, sorted(set(numbers))) if numbers else sentence([])


def reconcile_scopes(ctx: Context, numbers: Sequence[int]) -> str:
    """Work on these scopes, each in its own lane: none waits for another. Returns a sentence for people."""
    with ctx.begin() as connection:
        places = scopes.places(connection, numbers)
    works = {lane_of("reconcile", where): partial(reconcile_scope, ctx, number) for number, where in places.items()}
    done = ctx.lanes.run(works)
    later = [f"{lane.place} still waits for its cloud" for lane in works if lane not in done]
    return sentence([line for lines in done.values() for line in lines] + later)


def reconcile_scope(ctx: Context, number: int) -> list[str]:
    """Drive every launch and every unsettled row of one scope that is due now; one line for each that moved."""
    with ctx.begin() as connection:
        scope = scopes.read(connection, number)
    if scope is None:
        return []
    provider = ctx.provider_for(scope)
    if is_clone(ctx):
        return ["this database is a copy: nothing is changed at the cloud until `im db resume`"]
    if (trouble := refusal.refused(ctx, provider, scope, number)) is not None:
        refusal.pass_on(ctx, number)
        left = f"{scope}: left to the other workers ({trouble.code})"
        return [*cancel_unwanted(ctx, provider, scope, number), left]
    told = drive_protections(ctx, provider, scope, number)  # first: what is unprotected may have to end now
    told += drive_launches(ctx, provider, scope, number)
    told += drive_adoptions(ctx, provider, scope, number)
    for step in _STEPS:
        while not refusal.stands_aside(ctx, number) and (batch := _claim(ctx, provider, number, step)):
            told += _one_batch(ctx, provider, scope, number, step, batch)
            if not batch.more:
                break
    told += spot_requests.drive_requests(ctx, provider, scope, number)
    replace_lost(ctx, number)
    told += drive_guards(ctx, provider, scope, number)
    return told
