"""pause and resume: enforcement held for an incident, visibly and with an end; and a copied database made at home."""

from __future__ import annotations

import secrets
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from im.db import holds, marks
from im.db.people import audit
from im.db.read import health
from im.domain.access import Actor, Verb
from im.domain.errors import Refused
from im.domain.hold import MAX_PAUSE, Hold
from im.domain.input.duration import format_duration
from im.domain.input.text import REASON, check_text
from im.logs import log
from im.services import access

if TYPE_CHECKING:
    from im.context import Context


def pause(ctx: Context, span: timedelta, *, actor: Actor, reason: str) -> datetime:
    """Hold every deadline for `span`; returns the end. Raises Refused for more than a day: a pause must not be forgotten."""
    access.ask(actor, Verb.PAUSE)
    if span > MAX_PAUSE:
        raise Refused(f"a pause lasts at most {format_duration(MAX_PAUSE)}", "pause again if it takes longer")
    check_text(reason, "the reason", REASON, '--reason "incident 7"')
    with ctx.begin() as connection:
        now = ctx.clock(connection)
        holds.pause(connection, now, now + span, actor.name, reason)
        audit.record(connection, actor, "deadlines paused", "everything", f"for {format_duration(span)}: {reason}", now)
    log.warning("enforcement paused", by=actor.name, reason=reason, until=(now + span).isoformat())
    return now + span


def resume(ctx: Context, *, actor: Actor) -> bool:
    """End the pause; False when there was none. What fell due meanwhile is stopped at the next tick."""
    access.ask(actor, Verb.RESUME)
    with ctx.begin() as connection:
        if ended := holds.resume(connection):
            audit.record(connection, actor, "pause ended", "everything", "", ctx.clock(connection))
    if ended:
        log.warning("enforcement resumed", by=actor.name)
    return ended


def settle_here(ctx: Context, *, actor: Actor) -> bool:
    """Make this database server the deployment's home, and the one that acts; False when it was both already."""
    access.ask(actor, Verb.SETTLE)
    with ctx.begin() as connection:
        moved = holds.settle_here(connection)
        now = ctx.clock(connection)
        moved = marks.act_here(connection, now, secrets.token_hex(3), moved=moved) or moved
        if moved:
            audit.record(connection, actor, "made this server the home", "everything", "", now)
    if moved:
        log.warning("the deployment's home is this database server from now on", by=actor.name)
    return moved


def active(ctx: Context) -> list[Hold]:
    """Every hold in force."""
    with ctx.begin() as connection:
        return health.holds(connection, ctx.clock(connection))
