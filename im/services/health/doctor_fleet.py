"""What `im doctor` says of the fleet: do ticks come, does somebody listen to every queue, and is what waits there taken?"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from im.db import ticks
from im.db.health import refusals
from im.db.read import health
from im.domain.errors import ImError
from im.domain.input.duration import format_duration
from im.domain.input.listed import and_more
from im.providers.contract import Check
from im.queue.celery import QUEUES
from im.queue.inspect import Worker, oldest_waiting, workers_alive

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from im.settings import Settings

OVERDUE: Mapping[str, timedelta] = {"refresh": timedelta(seconds=30), "enforce_ttl": timedelta(seconds=90)}
"""Three periods of each tick: one may be late and one lost before anything is said to be wrong."""

_LATELY = timedelta(minutes=10)
_KNOWN = "im doctor  where that worker runs: its credentials, its clock, its way to the cloud"
_START = "im up  on this machine; a fleet: im service, or im worker and im beat"


def workers(settings: Settings, host: str = "") -> Check:
    """Every queue needs somebody who listens to it, and takes what waits there. With `host`: is its own worker well?"""
    name = "worker here" if host else "workers"
    try:
        before = oldest_waiting(settings)
        alive = workers_alive(settings, host=host)
        after = oldest_waiting(settings)
    except ImError:
        return Check(name, ok=False, detail="not checked: no broker", fix="mend the broker first")
    if not alive:
        return Check(name, ok=False, detail=f"no worker answers{f' on {host}' if host else ''}", fix=_START)
    if childless := sorted(one for one, worker in alive.items() if worker.childless):
        told = f"{', '.join(childless)} {'has' if len(childless) == 1 else 'have'} no process left to do what it takes"
        return Check(name, ok=False, detail=told, fix="start it again")
    deaf = [queue for queue in QUEUES if not any(queue in one.queues for one in alive.values())]
    if deaf and not host:
        told = f"{len(alive)} alive, but none of them listens to {', '.join(deaf)}"
        return Check(name, ok=False, detail=told, fix="im worker  listens to all of them")
    if left := _left_lying(alive, before, after):
        told = f"{len(alive)} alive, but what waits in {', '.join(left)} is not taken, although nobody there is busy"
        return Check(name, ok=False, detail=told, fix="start them again; each ends itself after IM_PATIENCE seconds")
    return Check(name, ok=True, detail=f"{len(alive)} alive: {', '.join(sorted(alive))}")


def _left_lying(alive: Mapping[str, Worker], before: Mapping[str, bytes], after: Mapping[str, bytes]) -> list[str]:
    """Queues whose oldest message is still there seconds later, though somebody listens and none who does is at work."""
    found = []
    for queue in QUEUES:
        listeners = [one for one in alive.values() if queue in one.queues]
        same = queue in before and before[queue] == after.get(queue)
        if same and listeners and not any(one.busy for one in listeners):
            found.append(queue)
    return found


def beat(connection: Connection, now: datetime) -> Iterator[Check]:
    """By the ticks that were claimed: neither a beat that rings nobody nor workers that take nothing pass for one that works."""
    ages = ticks.ages(connection, now)
    for name, limit in OVERDUE.items():
        age = ages.get(name)
        label = f"beat, {name.replace('_', ' ')}"
        if age is None:
            yield Check(label, ok=False, detail="has never ticked", fix=_START)
        elif age > limit:
            yield Check(label, ok=False, detail=f"last ticked {format_duration(age)} ago", fix=_START)
        else:
            yield Check(label, ok=True, detail=f"ticked {format_duration(age)} ago, by the database's clock")


def refresh(connection: Connection, now: datetime) -> Iterator[Check]:
    """Scopes that cannot be listed."""
    for scope, seen in health.sight(connection).scopes.items():
        if seen.failing_since is not None:
            since = format_duration(now - seen.failing_since)
            told = f"{scope} cannot be listed since {since}: {seen.error or seen.error_code}"
            yield Check(
                "refresh",
                ok=False,
                detail=told,
                fix="im doctor --only cloud  where the workers run; their log says more",
            )
    for worker, place, refused_at, error in refusals.current(connection, now):
        told = (
            f"may do nothing in {place} since {format_duration(now - refused_at)}, and leaves it to the others: {error}"
        )
        yield Check(f"worker {worker}", ok=False, detail=told, fix=_KNOWN)


def starts(connection: Connection, now: datetime) -> Iterator[Check]:
    """Machines that were asked to run, and whose start was given up."""
    found = health.given_up(connection)
    if not found:
        yield Check("starts", ok=True, detail="none was given up")
        return
    first = next(iter(found))
    told = and_more(f"given up: {first} ({found[first].replace('_', ' ')})", len(found) - 1)
    fix = f"im why {first}  has the reason; im start {first} -d 1h  tries again, im stop {first}  leaves it stopped"
    yield Check("starts", ok=False, detail=told, fix=fix)


def copies(connection: Connection, now: datetime) -> Iterator[Check]:
    """Does a copy of this database server act beside it, and would one be recognised? That this one holds is told elsewhere."""
    found = health.disputed(connection, now - _LATELY)
    for scope, rival_at, error in found:
        if rival_at is not None:
            seen = format_duration(now - rival_at)
            told = f"a copy of this database acts at {scope}, seen {seen} ago; it has to hold, and this one goes on"
            yield Check("copies", ok=False, detail=told, fix="end the copy's workers")
        if error is not None:
            told = f"the mark by which a copy of this database would be recognised is not moved at {scope}: {error}"
            yield Check(
                "copies", ok=False, detail=told, fix="let the workers set the tag im:mark: docs/iam-policy.json"
            )
    if not found:
        yield Check("copies", ok=True, detail="none acts beside this database")
