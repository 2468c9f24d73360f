"""What came of a launch is written: machines fill its slots, it is tried again later, or it is over."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from functools import partial
from typing import TYPE_CHECKING, Any

from im.counted import OK, OUTCOMES
from im.db import events, launches, user_data
from im.db.instances import labels, requests
from im.db.instances.waiting import OF_THE_SCOPE
from im.db.read import instances as read_instances
from im.domain import tags
from im.domain.event import Channel, Event, EventKind
from im.domain.instance import Instance
from im.domain.launch import LaunchState
from im.domain.lifecycle import LOOK_AGAIN, backoff
from im.domain.sighting import Sighting
from im.domain.spec.spec import Spec
from im.failpoints import Point, reach
from im.providers import errors
from im.queue.periods import REFRESH_EVERY
from im.queue.tasks import Task
from im.services.batches import Transaction
from im.services.health import durations
from im.services.health.durations import Change
from im.services.money.costs import price_book, priced
from im.services.reconcile import next_place, refusal
from im.services.reconcile.labels import AT_ONCE, name
from im.services.reconcile.launch_answers import Later, Over
from im.services.reconcile.launch_calls import overtaken
from im.services.reconcile.launch_claims import Claimed
from im.services.ring import RUSH, ring_by_verb, ring_when_due

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from im.services.scope_run import ScopeRun

LAUNCH = "launch"
"""What counting calls this step."""

# ---- machines --------------------------------------------------------------------------------------------------------


def fill(run: ScopeRun, tx: Transaction, claimed: Claimed, machines: Sequence[Sighting]) -> str:
    """Give each machine to the slot that it says it is for, and the n-th of the others to the n-th free one. Kept even when our
    lease has passed: a machine must never be lost."""
    connection, now, launch = tx.connection, run.ctx.clock(tx.connection), claimed.launch
    ordered = sorted(machines, key=lambda m: (m.launch_index, m.provider_id))
    rows = {r.id: r for r in requests.lock(connection, sorted(launch.slots))}
    known = launches.known_machines(connection, run.scope_id, [m.provider_id for m in ordered])
    free = [i for i in launch.slots if i in rows and rows[i].provider_id is None]
    pairs = _paired(free, [m for m in ordered if m.provider_id not in known])
    filled = dict(pairs)
    launches.fill(connection, filled, seen_at=now, now=now, look_at=now + LOOK_AGAIN)
    if len(launch.slots) > 1 or run.provider.capabilities.labels_late:
        labels.add(connection, [i for i, _ in pairs], now)
    user_data.erase_spent(connection)
    events.record(connection, (_launched(rows[i], m, now) for i, m in pairs))
    mine = launches.resolve(connection, launch.token, claimed.owner, LaunchState.DONE)
    left = [rows[i] for i in free if i not in filled] if mine else []
    again = _launch_again(run, connection, claimed, left, now) if pairs else _give_up(connection, left, now)
    if any(row.error_code in OF_THE_SCOPE for row in claimed.rows):
        refusal.over(run, connection, now)
    tx.after_commit(durations.learned(connection, [Change(rows[i], m.state, now) for i, m in pairs], now))
    tx.after_commit(partial(OUTCOMES.add, LAUNCH, OK, by=len(pairs)))
    reach(Point.LAUNCH_FILL_WRITTEN)
    after = [replace(rows[i], provider_id=m.provider_id, observed=m.state) for i, m in pairs]
    tx.after_commit(partial(_follow_up, run, claimed, after, again, now))
    if pairs and _price_is_news(run, connection, launch.spec):
        tx.after_commit(partial(run.ctx.queue.ring, Task.PRICES))
    return f"{claimed.name}: launched {len(pairs)}" + (f", {len(left)} still to come" if left else "")


def _paired(free: Sequence[str], machines: Sequence[Sighting]) -> list[tuple[str, Sighting]]:
    """(slot, machine), in the order of the slots."""
    meant = {one.tags[tags.INSTANCE]: one for one in reversed(machines) if one.tags.get(tags.INSTANCE) in free}
    placed = {one.provider_id for one in meant.values()}
    others = iter([one for one in machines if one.provider_id not in placed])
    found = ((slot, meant.get(slot) or next(others, None)) for slot in free)
    return [(slot, machine) for slot, machine in found if machine is not None]


def _follow_up(
    run: ScopeRun, claimed: Claimed, filled: Sequence[Instance], again: Sequence[Instance], now: datetime
) -> None:
    """Name the machines that have just come, and ring for what waits for them."""
    reach(Point.LAUNCH_FILL_COMMITTED)
    if 1 < len(claimed.launch.slots) <= AT_ONCE and not run.provider.capabilities.labels_late:
        name(run, filled, now)
    reach(Point.LAUNCH_LABELLED)
    ring_by_verb(run.ctx, filled, after=LOOK_AGAIN.total_seconds() + RUSH)
    ring_by_verb(run.ctx, again)


def _price_is_news(run: ScopeRun, connection: Connection, spec: Spec) -> bool:
    """Is it to be asked while the machine lives: a short life has no other hour for it?"""
    if spec.spot is not None:
        return True
    items = set(priced(run.scope, spec, None, launched=True))
    return run.provider.prices is not None and items - price_book(connection, items).keys() != set()


def _launch_again(
    run: ScopeRun, connection: Connection, claimed: Claimed, left: Sequence[Instance], now: datetime
) -> list[Instance]:
    """The cloud definitely made fewer than asked: the rest joins a new launch."""
    if not left:
        return []
    token, launch = str(uuid.uuid4()), claimed.launch
    ids, names = [r.id for r in left], [r.name for r in left]
    where = {"candidate": launch.candidate, "round_": launch.round}
    launches.add(connection, token, run.scope_id, launch.spec, ids, names, now, **where)
    launches.attach(connection, token, ids)
    return read_instances.read(connection, ids)


def _give_up(connection: Connection, left: Sequence[Instance], now: datetime) -> list[Instance]:
    launches.release(connection, [r.id for r in left], now, "no_capacity", "the cloud made no machine")
    return []


def _launched(row: Instance, machine: Sighting, now: datetime) -> Event:
    return Event(
        row.id, now, EventKind.LAUNCHED, Channel.CLOUD, f"{machine.provider_id} in {machine.zone}", row.generation
    )


# ---- none yet, and none ever -----------------------------------------------------------------------------------------


def delay(run: ScopeRun, tx: Transaction, claimed: Claimed, answer: Later) -> str:
    connection, launch, exc = tx.connection, claimed.launch, answer.error
    wait = backoff(launch.attempts, exc.retry_after if exc else None)
    values: dict[str, Any] = {"called_at": None} if answer.state is LaunchState.OPEN else {}
    if isinstance(exc, errors.Unauthenticated):  # another worker may be known, and this one has not tried
        wait, values["attempts"] = LOOK_AGAIN, launch.attempts - 1
    now = run.ctx.clock(connection)
    values |= {"next_attempt_at": now + wait, "error_code": exc.code if exc else None, "error": answer.because}
    launches.resolve(connection, launch.token, claimed.owner, answer.state, **values)
    if exc is not None:
        launches.note_trouble(connection, launch.slots, exc.code, exc.message, now + wait)
        tx.after_commit(partial(OUTCOMES.add, LAUNCH, exc.code, by=len(launch.slots)))
        new = [r for r in claimed.rows if r.error_code != exc.code]
        told = f"{exc.code}: {answer.because}"
        events.record(connection, (Event(r.id, now, EventKind.REFUSED, Channel.CLOUD, told, r.generation) for r in new))
    rows = read_instances.read(connection, launch.slots)
    reach(Point.LAUNCH_DELAY_WRITTEN)
    tx.after_commit(lambda: reach(Point.LAUNCH_DELAY_COMMITTED))
    if wait < timedelta(seconds=REFRESH_EVERY):
        tx.after_commit(partial(ring_by_verb, run.ctx, rows, after=wait.total_seconds() + RUSH))
    return f"{claimed.name}: {answer.because}, retry in {wait.total_seconds():.0f} s"


def close(run: ScopeRun, tx: Transaction, claimed: Claimed, answer: Over) -> str:
    connection, now, launch, exc = tx.connection, run.ctx.clock(tx.connection), claimed.launch, answer.error
    code, because = exc.code if exc else None, answer.because
    if not launches.resolve(connection, launch.token, claimed.owner, answer.state, error_code=code, error=because):
        return str(overtaken(claimed))
    if exc is not None:
        tx.after_commit(partial(OUTCOMES.add, LAUNCH, exc.code, by=len(launch.slots)))
    moved = next_place.retry_at_next_place(connection, run.scope_id, launch, exc, now) if exc else []
    left = [row for row in claimed.rows if row.id not in {one.id for one in moved}]
    launches.release(connection, [row.id for row in left], now, code or "absent", because)
    kind = EventKind.LAUNCH_FAILED if exc else EventKind.CANCELLED
    told = f"{code}: {because}" if code else because
    events.record(connection, (Event(r.id, now, kind, Channel.CLOUD, told, r.generation) for r in left))
    reach(Point.LAUNCH_CLOSE_WRITTEN)
    tx.after_commit(lambda: reach(Point.LAUNCH_CLOSE_COMMITTED))
    tx.after_commit(partial(ring_when_due, run.ctx, moved, now))
    return f"{claimed.name}: {because}"
