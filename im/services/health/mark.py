"""mark: whoever acts at a cloud asks here whether it is this server's to act there, and whoever looks moves the mark.

The one place in which providers are asked for marks. What a mark means is decided in `im.domain.mark`.
"""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from typing import TYPE_CHECKING

from im.db import marks, scopes
from im.db.marks import Standing
from im.domain.mark import Mark, Verdict, Watch, following, judge, newest, tag_of
from im.domain.scope import Scope
from im.failpoints import Point, reach
from im.logs import log
from im.providers.errors import ProviderError
from im.providers.machine import Machine
from im.scope_threads import lane_of
from im.services.reconcile import refusal
from im.services.scope_run import ScopeRun

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from im.context import Context

COPY = "this database is a copy or was restored: nothing is changed at the cloud until `im db resume`"
_TELL_AGAIN = timedelta(minutes=10)
"""From one word in the log about a rival to the next."""


def held_back(run: ScopeRun) -> str:
    """Why this server may change nothing in this scope now; empty when it may. For a caller that the cloud knows.

    One statement while nothing has changed. After a restart of the server the cloud is asked once, so that it goes on at once.
    """
    with run.ctx.begin() as connection:
        standing, _ = marks.standing(connection, run.scope_id)
    match standing:
        case Standing.ACTS:
            return ""
        case Standing.COPY:
            return COPY
        case Standing.WATCHES:
            return _watched(run.scope)
        case Standing.NEW:
            listed: Mapping[str, str] = {}
        case Standing.STRANGE:
            try:
                listed = _shown(run)
            except ProviderError as exc:
                return f"{run.scope}: not known yet whether another server acts there ({exc.code})"
    ruling = _rule(run, newest(listed.values(), run.scope_id), moving=False)
    return "" if ruling.verdict.acts else _watched(run.scope) if ruling.verdict is Verdict.WATCHES else COPY


def admit(ctx: Context) -> None:
    """After a restart of the server: find out, wherever it is not known, whether it may act."""
    with ctx.begin() as connection:
        places = scopes.places(connection, marks.strange(connection))
    ctx.lanes.run({lane_of("mark", where): partial(_admit, ctx, number, where) for number, where in places.items()})


def _admit(ctx: Context, scope_id: int, scope: Scope) -> None:
    run = ScopeRun(ctx, ctx.provider_for(scope), scope, scope_id)
    if refusal.refused(run) is None:
        held_back(run)


def keep(run: ScopeRun, listed: Mapping[str, str] | None) -> bool:
    """Go by what a look at the scope has shown, and move the mark when it is time to. May this server act there?

    `listed`: machine → its mark, of a complete listing; None: nothing was listed in full, and the cloud is asked when it matters.
    """
    with run.ctx.begin() as connection:
        standing, known = marks.standing(connection, run.scope_id)
        quiet = standing is Standing.ACTS and not known.is_due(run.ctx.clock(connection))
    if listed is None:
        if quiet:
            return True
        try:
            listed = _shown(run)
        except ProviderError as exc:
            log.warning(
                "the marks of a scope could not be read", scope=str(run.scope), code=exc.code, error=exc.message
            )
            return standing is Standing.ACTS
    seen = newest(listed.values(), run.scope_id)
    if standing is Standing.COPY:
        if seen is not None:
            with run.ctx.begin() as connection:
                marks.note_seen(connection, run.scope_id, seen)
        return False
    if quiet and not known.is_alien(seen):
        return True
    ruling = _rule(run, seen, moving=True)
    if ruling.moved is not None:
        reach(Point.MARK_COMMITTED)
        _put(run, ruling.machine, ruling.moved)
    return ruling.verdict.acts


def _shown(run: ScopeRun) -> Mapping[str, str]:
    """A cloud that takes no marks shows none: what begins elsewhere is watched for its minute, and then acts."""
    marks_there = run.provider.marks
    return marks_there.read(run.scope) if marks_there is not None else {}


@dataclass(frozen=True, slots=True)
class _Ruling:
    """`moved`: the new mark, committed, which `machine` has to carry."""

    verdict: Verdict
    machine: str = ""
    moved: Mark | None = None


def _rule(run: ScopeRun, seen: Mark | None, *, moving: bool) -> _Ruling:
    """Judge, and write down what comes of it; with `moving` the next mark too, which is to be put on a machine afterwards."""
    with run.ctx.begin() as connection:
        now, row = run.ctx.clock(connection), marks.read(connection, run.scope_id)
        verdict, watch = judge(row.known, row.here, seen, now, living=bool(row.machine))
        news = _note(connection, run.scope_id, row, verdict, watch, now)
        if verdict in (Verdict.HOLDS, Verdict.RESTORED) and seen is not None:
            marks.note_seen(connection, run.scope_id, seen)
        over, moved = verdict is Verdict.TAKES_OVER, None
        due = verdict is not Verdict.ACTS or row.known.is_due(now)
        if moving and verdict.acts and due and (row.machine or over):
            moved, before = following(row.known, row.here, seen, now, secrets.token_hex(3), over=over)
            marks.move(connection, run.scope_id, moved, before, row.machine)
    if news:
        _tell(run.scope, verdict)
    return _Ruling(verdict, row.machine, moved)


def _note(
    connection: Connection, number: int, row: marks.Row, verdict: Verdict, watch: Watch | None, now: datetime
) -> bool:
    """Write down what was ruled. Is it worth a word in the log, which is said once?"""
    match verdict:
        case Verdict.ACTS:
            return False
        case Verdict.RIVAL:
            marks.note_rival(connection, number, now)
            return row.rival_at is None or now - row.rival_at > _TELL_AGAIN
        case Verdict.SETTLES | Verdict.TAKES_OVER:
            marks.settle(connection, number, row.here)
            return row.known.server is not None
        case Verdict.WATCHES:
            assert watch is not None
            marks.watch(connection, number, watch)
            return row.known.watch is None or row.known.watch.started != watch.started
        case Verdict.HOLDS | Verdict.RESTORED:
            return marks.hold(connection, number, now, restored=verdict is Verdict.RESTORED)


def _put(run: ScopeRun, machine: str, mark: Mark) -> None:
    """Have the cloud show what is committed. What fails is tried again with the next mark, on another machine if there is one."""
    if not machine or run.provider.marks is None:
        return
    error = None
    try:
        run.provider.marks.put(run.scope, Machine(machine), tag_of(mark, run.scope_id))
    except ProviderError as exc:
        error = f"{exc.code}: {exc.message}"
        log.warning("the mark was not moved", scope=str(run.scope), machine=machine, code=exc.code, error=exc.message)
    reach(Point.MARK_SHOWN)
    with run.ctx.begin() as connection:
        marks.answered(connection, run.scope_id, error)


def _watched(scope: Scope) -> str:
    return f"{scope}: watched for a minute, in case another server acts there"


_TOLD = {
    Verdict.RIVAL: "another server with the data of this one acts too, a copy that has to hold; this one goes on",
    Verdict.SETTLES: "the database server was restarted, and goes on acting",
    Verdict.TAKES_OVER: "no other server acts any more; this one has taken over",
    Verdict.WATCHES: "this database server is new here; it is watched for a minute whether another one acts",
    Verdict.HOLDS: "another server with the data of this one acts; nothing is changed until `im db resume`",
    Verdict.RESTORED: "this database was restored from a backup; nothing is changed until `im db resume`",
}


def _tell(scope: Scope, verdict: Verdict) -> None:
    loud = log.error if verdict in (Verdict.HOLDS, Verdict.RESTORED, Verdict.RIVAL) else log.warning
    loud(_TOLD[verdict], scope=str(scope))
