"""What waits in one scope because of a trouble that is the scope's, not its own: told why, rung for, and pulled forward."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import Connection, or_, select, update

from im.db.instances.claims import UNSETTLED, is_due
from im.db.schema.core import instances, launches
from im.db.schema.work import guards
from im.db.select import fetch_instances, select_instances
from im.domain.instance import Instance
from im.domain.launch import LaunchState

t = instances.c
OF_THE_SCOPE = ("unauthenticated", "forbidden", "unavailable", "ambiguous")
"""Codes of troubles that strike a whole scope: when one of its calls succeeds again, the others may as well. A cloud that is asked
too often is not among them: the pause is what ends that one."""


def due(connection: Connection, scope_id: int, now: datetime, limit: int) -> list[Instance]:
    """Unsettled rows of the scope that could be worked on now, soonest deadline first."""
    query = select_instances().where(t.scope_id == scope_id, is_due(now)).order_by(t.expires_at).limit(limit)
    return fetch_instances(connection, query)


def note_trouble(
    connection: Connection, scope_id: int, code: str, error: str, now: datetime, limit: int
) -> list[Instance]:
    """Let people see on rows that are due why nobody works on them; when they are due stays. Returns those that were told anew."""
    told = [row for row in due(connection, scope_id, now, limit) if row.error_code != code]
    values = {"error_code": code, "error": error}
    if told:
        connection.execute(update(instances).where(t.id.in_([r.id for r in told]), is_due(now)).values(**values))
    return told


def pull_forward(connection: Connection, scope_id: int, now: datetime, limit: int) -> list[Instance]:
    """Make due what waits for a trouble of the scope: machines, launches and guards. Returns rows to ring for."""
    i, n, g = instances.c, launches.c, guards.c
    own = select(i.id).where(i.scope_id == scope_id, UNSETTLED, i.error_code.in_(OF_THE_SCOPE), i.next_attempt_at > now)
    ids: Sequence[str] = connection.execute(own.order_by(i.id).with_for_update(skip_locked=True)).scalars().all()
    connection.execute(update(instances).where(i.id.in_(ids)).values(next_attempt_at=now, attempts=0))
    connection.execute(
        update(launches)
        .where(n.scope_id == scope_id, n.state.in_((LaunchState.OPEN.value, LaunchState.CALLED.value)))
        .where(n.error_code.in_(OF_THE_SCOPE), n.next_attempt_at > now)
        .values(next_attempt_at=now)
    )
    connection.execute(
        update(guards)
        .where(g.instance_id == i.id, i.scope_id == scope_id, g.next_attempt_at > now)
        .where(or_(g.error_code.in_(OF_THE_SCOPE), g.error_code.is_(None)))
        .values(next_attempt_at=now)
    )
    if not ids:
        return []
    query = select_instances().where(t.id.in_(ids)).order_by(t.expires_at).limit(limit)
    return fetch_instances(connection, query)
