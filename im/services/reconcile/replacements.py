"""A new machine in place of each spot machine that the cloud took back for good, where that is the policy and there is time left.

Follows from the rows alone, and happens once for each: that it was replaced is written with the new row, in one transaction.
"""

from __future__ import annotations

import uuid
from random import SystemRandom
from typing import TYPE_CHECKING

from im.db import events, guards, launches
from im.db.instances import requests, spot
from im.db.instances.spec import from_spec
from im.db.read import instances as read_instances
from im.domain.config.policy import OnInterruption
from im.domain.errors import OverLimit
from im.domain.event import Channel, Event, EventKind
from im.domain.instance import Instance
from im.domain.spec import placement
from im.domain.spec.names import make_id
from im.queue.tasks import Task
from im.services.money import budgets

if TYPE_CHECKING:
    from datetime import datetime

    from sqlalchemy import Connection

    from im.services.scope_run import ScopeRun

_random = SystemRandom()


def replace_lost(run: ScopeRun) -> int:
    """Replace what the cloud took back for good in this scope; returns how many new machines are launched."""
    if run.ctx.settings.policies.interruption is not OnInterruption.REPLACE:
        return 0
    made: list[Instance] = []
    while _replace_one(run, made):
        pass
    if made:
        run.ctx.queue.ring(Task.CREATE, [row.id for row in made], label=made[0].name)
    return len(made)


def _replace_one(run: ScopeRun, made: list[Instance]) -> bool:
    """Add the replacement of the next one to `made`, unless it cannot be replaced. False when no row is left."""
    with run.ctx.begin() as connection:
        now = run.ctx.clock(connection)
        rows = spot.lost(connection, run.scope_id, now, 1)
        if not rows:
            return False
        (row,) = rows
        because = _not_again(connection, row)
        if not because:
            try:
                with connection.begin_nested():
                    new = _successor(connection, row, run.scope_id, now)
                    budgets.enforce(connection, (), [new], now)
                made.append(new)
                return True
            except OverLimit as exc:  # what nobody asks for again is not let through where a request would be refused
                because = exc.message
        spot.note_replaced(connection, row.id, because)
        events.record(connection, [Event(row.id, now, EventKind.NOT_REPLACED, Channel.POLICY, because, row.generation)])
        return True


def _not_again(connection: Connection, row: Instance) -> str:
    if row.spec.user_data_aside:
        return "its user data was used and erased; im create --user-data  makes another one"
    if requests.taken_names(connection, [row.name]):
        return "another instance has its name by now"
    return ""


def _successor(connection: Connection, row: Instance, number: int, now: datetime) -> Instance:
    new_id, token = make_id(_random), str(uuid.uuid4())
    spec = placement.at(row.spec, 0)  # where it was first wanted, though another place had to do
    launches.add(connection, token, number, spec, [new_id], [row.name], now)
    values = spot.successor(connection, row, new_id, token, now)
    requests.add(connection, [{**values, "spec": from_spec(spec), "zone": spec.zone}])
    guards.copy(connection, row.id, new_id)
    spot.note_replaced(connection, row.id, new_id)
    told = f"until {row.expires_at:%Y-%m-%d %H:%M:%S} UTC, in place of {row.provider_id}, which the cloud took back"
    (made,) = read_instances.read(connection, [new_id])
    events.record(
        connection,
        [
            Event(
                row.id, now, EventKind.REPLACED, Channel.POLICY, f"{new_id} is launched in its place", row.generation
            ),
            Event(new_id, now, EventKind.CREATE_REQUESTED, Channel.POLICY, told, 1),
        ],
    )
    return made
