"""What a spot request has brought in the place of a machine that somebody ended gets the row and the deadline of that one.

It carries our tag by then, and its request is cancelled, so the cloud lets nobody stop it: its deadline terminates it. What people
or the deadline had ended is ended again.
"""

from __future__ import annotations

from random import SystemRandom
from typing import TYPE_CHECKING

from im.db import events, guards, orphans
from im.db.instances import adoption, requests, spot
from im.db.instances.spec import from_spec
from im.db.read import instances as read_instances
from im.domain.event import Channel, Event, EventKind
from im.domain.instance import Instance
from im.domain.spec.names import make_id, make_name
from im.domain.state import Desired, OnExpiry, Why

if TYPE_CHECKING:
    from datetime import datetime

    from sqlalchemy import Connection

_random = SystemRandom()


def take_over(connection: Connection, row: Instance, number: int, machine: str, now: datetime) -> Instance | None:
    """The new row of `machine`, which reconcile is to take in; None when a row has it already."""
    if adoption.holders(connection, number, [machine]):
        return None
    ended = row.desired is Desired.TERMINATED and row.why in (Why.USER, Why.TTL)
    name = make_name(_random, crowded=True) if requests.taken_names(connection, [row.name]) else row.name
    values = {
        **spot.successor(connection, row, make_id(_random), "", now),
        "name": name,
        "spec": from_spec(row.spec),
        "zone": row.zone,
        "desired": (Desired.TERMINATED if ended else Desired.RUNNING).value,
        "on_expiry": OnExpiry.TERMINATE.value,
        "keep_stopped": None,
        "launch_token": None,
        "provider_id": machine,
        "spot_request": row.spot_request,
    }
    requests.add(connection, [values])
    guards.copy(connection, row.id, values["id"])
    orphans.close(connection, number, now, gone=[machine])
    told = f"{machine} came in place of {row.provider_id}, ended outside im; terminated at {row.expires_at:%Y-%m-%d %H:%M:%S} UTC"
    events.record(connection, [Event(values["id"], now, EventKind.INHERITED, Channel.CLOUD, told, 1)])
    (made,) = read_instances.read(connection, [values["id"]])
    return made
