"""What waits for work in one scope, by its kind, in one statement: most claims of a reconcile would find nothing.

Each of those costs four round trips. This one asks by the very conditions that the claims ask, without their locks, and decides
nothing: whatever it points at is claimed afterwards. It may see too much, and a moment ahead; it never sees too little.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from enum import StrEnum
from functools import cache
from types import MappingProxyType
from typing import Any

from sqlalchemy import Connection, DateTime, Integer, Select, bindparam, exists, func, select

from im.db import launches
from im.db.instances import claims, protection, shelf, spot
from im.db.schema.core import instances
from im.domain.lifecycle import Step, next_step
from im.domain.state import Desired, Observed

t = instances.c
_AHEAD = timedelta(seconds=1)
"""A doorbell may come a little before its moment, by Postgres' clock, and the claim a little after this question."""


class Kind(StrEnum):
    """In the order in which they are to be done."""

    PROTECTION = "protection"
    LAUNCH = "launch"
    ADOPTION = "adoption"
    STOP = "stop"
    TERMINATE = "terminate"
    START = "start"
    LOOK = "look"
    SHELF = "shelf"
    REQUEST = "request"
    REPLACEMENT = "replacement"


OF_STEP: Mapping[Step, Kind] = MappingProxyType(
    {
        # rows that name a machine although none was ever seen
        Step.AWAIT_LAUNCH: Kind.ADOPTION,
        Step.STOP: Kind.STOP,
        Step.TERMINATE: Kind.TERMINATE,
        Step.START: Kind.START,
        Step.LOOK: Kind.LOOK,
    }
)


def in_scope(connection: Connection, scope_id: int, now: datetime) -> frozenset[Kind]:
    """The kinds of work of which something may be due."""
    row = connection.execute(_question(), {"scope": scope_id, "now": now + _AHEAD}).one()
    found = {kind for kind, waits in zip(_BY_ROW, row[1:], strict=True) if waits}
    steps = {next_step(Desired(desired), Observed(observed)).step for desired, observed in row[0]}
    return frozenset(found | {OF_STEP[step] for step in steps & OF_STEP.keys()})


_BY_ROW = (Kind.PROTECTION, Kind.LAUNCH, Kind.SHELF, Kind.REQUEST, Kind.REPLACEMENT)


@cache
def _question() -> Select[Any]:
    scope = bindparam("scope", type_=Integer())
    now = bindparam("now", type_=DateTime(timezone=True))
    moves = (
        select(func.jsonb_build_array(t.desired, t.observed))
        .where(t.scope_id == scope, claims.is_due(now), t.provider_id.is_not(None))
        .distinct()
    )
    return select(
        func.array(moves.scalar_subquery()),
        exists().where(t.scope_id == scope, protection.due(now)),
        exists().where(launches.due(scope, now)),
        shelf.due(scope, now),
        exists().where(t.scope_id == scope, spot.open_requests(now)),
        exists().where(spot.is_lost(scope, now)),
    )
