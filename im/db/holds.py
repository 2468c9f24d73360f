"""Holds: a pause that somebody set, a database that was cloned, a clock that cannot be trusted."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import ColumnElement, Connection, delete, func, or_, select, text, update
from sqlalchemy.dialects.postgresql import insert

from im.db.read.health import BIRTH, SERVER
from im.db.schema.core import holds, scopes
from im.db.schema.deployment import deployment
from im.db.schema.marks import marks
from im.domain.hold import CLOCK_TOLERANCE, HoldKind

_HERE = text(f"SELECT {SERVER}, {BIRTH}")


def pause(connection: Connection, now: datetime, until: datetime, by: str, reason: str) -> None:
    """Set or move the one pause there can be."""
    values = {"since": now, "until": until, "by": by, "reason": reason}
    statement = insert(holds).values(kind=HoldKind.PAUSE.value, **values)
    connection.execute(statement.on_conflict_do_update(index_elements=["kind"], set_=values))


def resume(connection: Connection) -> bool:
    """End the pause; False when there was none."""
    ended = connection.execute(delete(holds).where(holds.c.kind == HoldKind.PAUSE.value).returning(holds.c.kind))
    return ended.first() is not None


def settle_here(connection: Connection) -> bool:
    """This database, in this server, is the deployment's home from now on; False when it was already."""
    server, birth = connection.execute(_HERE).one()
    moved = connection.execute(
        update(deployment)
        .where(or_(deployment.c.system_identifier != server, deployment.c.birth.is_distinct_from(birth)))
        .values(system_identifier=server, birth=birth)
        .returning(deployment.c.id)
    )
    return moved.first() is not None


def acts_here() -> ColumnElement[bool]:
    """For a statement over scopes: no other server, and no other run of this one, acted there last."""
    others = select(marks.c.scope_id).where(marks.c.started != func.pg_postmaster_start_time())
    return scopes.c.id.not_in(others)


def trusted_clock() -> ColumnElement[bool]:
    """For a statement over scopes: the cloud's clock there agrees with ours, as far as it was ever seen."""
    limit = CLOCK_TOLERANCE.total_seconds()
    return or_(scopes.c.clock_skew.is_(None), func.abs(scopes.c.clock_skew) <= limit)
