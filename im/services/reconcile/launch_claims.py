"""A worker takes a launch up: it leases it, drops the slots that nobody wants any more, and commits to the call."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import partial
from typing import TYPE_CHECKING

from im.db import events, launches, rate_limits
from im.db.instances import requests
from im.db.read import instances as read_instances
from im.domain.event import Channel, Event, EventKind
from im.domain.input.listed import listed
from im.domain.instance import Instance
from im.domain.launch import Launch, LaunchState
from im.domain.sighting import Sighting
from im.domain.spec.placement import is_open
from im.domain.state import Desired, Observed
from im.failpoints import Point, reach
from im.services.batches import Batch, Transaction
from im.services.ring import RUSH, ring_by_verb

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from im.services.scope_run import ScopeRun

UNWANTED = "nobody wants it any more"


@dataclass(frozen=True, slots=True)
class Lookup:
    """What a look for the machines of a launch, that was called before, has shown."""

    found: tuple[Sighting, ...] = ()
    certain: bool = False
    """These are all that the launch can ever have made."""


@dataclass(slots=True, kw_only=True)
class Claimed(Batch[Instance]):
    """A launch that is ours until its lease passes, with the rows of its slots as they were then."""

    launch: Launch
    """As it is called: its place is settled by the call, when it may go anywhere."""
    fresh: bool
    """It was never called before."""
    look: Lookup = Lookup()

    @property
    def name(self) -> str:
        """What the lines of an answer call it."""
        return listed(self.launch.names or ["a launch"])


def wanted(row: Instance, token: str, now: datetime) -> bool:
    """Should this slot still get a machine? Nothing is launched after its deadline."""
    return (
        row.desired is Desired.RUNNING
        and row.expires_at > now
        and row.observed is Observed.NONE
        and row.launch_token == token
    )


def claim(run: ScopeRun, tx: Transaction, owner: str, *, unwanted: bool = False) -> Claimed | None:
    """Lease one launch, settle what can be settled without the cloud, and commit to the call.

    `unwanted`: only one that was never called and that nobody wants any more, so that nothing is left to call.
    """
    connection, now = tx.connection, run.ctx.clock(tx.connection)
    lease = timedelta(seconds=run.ctx.settings.launch_lease)
    launch = launches.claim_one(connection, run.scope_id, now, lease, owner, unwanted=unwanted)
    if launch is None:
        return None
    rate = None if unwanted else run.provider.capabilities.rates.get("launch")
    wait = rate_limits.take(connection, run.scope_id, "launch", rate, now)
    if wait:
        launches.wait(connection, launch.token, now + timedelta(seconds=wait))
        held = read_instances.read(connection, launch.slots[:1])
        # many places refuse faster than the cloud likes to be asked, and the next tick would be late for the rest of them
        tx.after_commit(partial(ring_by_verb, run.ctx, held, after=wait + RUSH))
        return None
    tx.after_commit(lambda: reach(Point.LAUNCH_CLAIM_COMMITTED))
    return _commit(connection, launch, owner, now)


def _commit(connection: Connection, launch: Launch, owner: str, now: datetime) -> Claimed:
    by_id = {row.id: row for row in requests.lock(connection, sorted(launch.slots))}
    fresh = launch.state is LaunchState.OPEN
    if fresh:
        slots = [i for i in launch.slots if i in by_id and wanted(by_id[i], launch.token, now)]
        unwanted = [by_id[i] for i in sorted(by_id.keys() - set(slots))]
        _drop(connection, unwanted, now)
        names = [by_id[i].name for i in slots]
        if slots:
            launches.commit_to_call(connection, launch.token, slots, names, now)
            where = "any zone" if is_open(launch.spec) else launch.spec.zone or launch.scope.region
            sent = f"{launch.spec.instance_type} in {where}"
            events.record(
                connection, (Event(i, now, EventKind.LAUNCH_SENT, Channel.IM, sent, by_id[i].generation) for i in slots)
            )
        else:
            # in this very transaction: its slots are settled now, so nobody would come back to a launch left open
            launches.resolve(connection, launch.token, owner, LaunchState.CANCELLED, error=UNWANTED)
        launch = replace(launch, slots=tuple(slots), names=tuple(names), called_at=now)
    reach(Point.LAUNCH_CLAIM_WRITTEN)
    rows = [by_id[i] for i in launch.slots if i in by_id]
    claimed = Claimed(owner, rows, now, more=True, launch=launch, fresh=fresh)
    if not launch.slots:
        claimed.told = f"{claimed.name}: {UNWANTED}"
    return claimed


def _drop(connection: Connection, rows: Sequence[Instance], now: datetime) -> None:
    """Slots nobody wants any more, of a launch that was never called."""
    late = [r.id for r in rows if r.desired is Desired.RUNNING]
    launches.release(connection, late, now, "expired", "its deadline passed before it could be launched")
    other = [r.id for r in rows if r.desired is not Desired.RUNNING]
    launches.release(connection, other, now, None, None)
    story = (Event(r.id, now, EventKind.CANCELLED, Channel.IM, "nothing was launched", r.generation) for r in rows)
    events.record(connection, story)
