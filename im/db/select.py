"""Whole rows by SQLAlchemy, to be added to: WHERE, ORDER BY, FOR UPDATE."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from sqlalchemy import Connection, Executable, Row, Select, select

from im.db.instances.spec import to_spec
from im.db.mapping import COLUMNS, to_instance
from im.db.schema.core import instances, launches, scopes
from im.domain.launch import Launch, LaunchState
from im.domain.scope import Scope

if TYPE_CHECKING:
    from im.domain.instance import Instance

_KEPT = [instances.c[name] for name in COLUMNS]
_PLACE = (scopes.c.provider, scopes.c.account, scopes.c.region)


def select_instances() -> Select[Any]:
    """Whole instances with their scope; add WHERE, ORDER BY, FOR UPDATE OF instances as needed."""
    return select(*_KEPT, *_PLACE).join_from(instances, scopes, scopes.c.id == instances.c.scope_id)


def select_launches() -> Select[Any]:
    return select(launches, *_PLACE).join(scopes, scopes.c.id == launches.c.scope_id)


def fetch_instances(
    connection: Connection, query: Executable, given: Mapping[str, Any] | None = None
) -> list[Instance]:
    return [to_instance(row) for row in connection.execute(query, given)]


def to_launch(row: Row[Any]) -> Launch:
    return Launch(
        token=row.token,
        scope=_scope(row),
        spec=to_spec(row.spec),
        slots=tuple(row.slots),
        names=tuple(row.names),
        state=LaunchState(row.state),
        attempts=row.attempts,
        called_at=row.called_at,
        candidate=row.candidate,
        round=row.round,
    )


def _scope(row: Row[Any]) -> Scope:
    return Scope(row.provider, row.account, row.region)
