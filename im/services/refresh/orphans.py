"""Machines of ours that no row has: matched to the slot of the launch that made them, or written down for people to decide.

Never changed here, never ended in silence. A machine whose launch is still under way is that launch's to find.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from itertools import groupby
from typing import TYPE_CHECKING

from im.db import events, launches, orphans, scopes, ticks
from im.db.instances import requests
from im.db.read import instances as read_instances
from im.domain import tags
from im.domain.access import Actor
from im.domain.config.policy import ORPHAN_TTL, OnOrphan
from im.domain.event import Channel, Event, EventKind
from im.domain.instance import Instance
from im.domain.intent import Deadline
from im.domain.launch import Launch, LaunchState
from im.domain.lifecycle import YOUNG
from im.domain.sighting import Sighting
from im.domain.state import Observed
from im.logs import log
from im.providers.contract import Snapshot, merge_pages
from im.providers.errors import ProviderError, Unauthenticated
from im.services.reconcile import refusal
from im.services.requests import adopt
from im.services.ring import ring_by_verb

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from im.services.scope_run import ScopeRun

EVERY = 120.0
"""Seconds between two full listings of one scope."""
_ENDING = (Observed.TERMINATING, Observed.TERMINATED)
_UNDER_WAY = (LaunchState.OPEN, LaunchState.CALLED)

Filled = tuple[Instance, Sighting]
"""A slot that got its machine, and the machine."""


def look_for_orphans(run: ScopeRun) -> int:
    """List what carries our tag, if it is time to; returns how many machines have neither a row nor a launch.

    For a caller that has just asked whether it may believe what it sees (`refusal.refused`).
    """
    slot = f"orphans {run.scope_id}"
    with run.ctx.begin() as connection:
        began_at = run.ctx.clock(connection)
        if not ticks.claim(connection, slot, EVERY, began_at):
            return 0
    try:
        snapshot = _strangers(run, run.provider.list(run.scope), began_at)
    except Unauthenticated as exc:
        with run.ctx.begin() as connection:
            ticks.give_back(connection, slot, began_at)
        refusal.step_aside(run, exc)
        return 0
    except ProviderError as exc:
        log.warning("orphans could not be looked for", scope=str(run.scope), code=exc.code, error=exc.message)
        return 0
    with run.ctx.begin() as connection:
        filled, found = _sort_out(run, connection, snapshot, began_at, run.ctx.clock(connection))
        new, back = orphans.write(connection, run.scope_id, found, began_at)
        gone = orphans.open_in(connection, run.scope_id) - set(found)
        if not snapshot.complete:
            gone &= {seen.provider_id for seen in snapshot.sightings}
        orphans.close(connection, run.scope_id, run.ctx.clock(connection), gone=sorted(gone))
    for one in sorted(new | back):
        log.warning(
            "a machine of ours has no row; im orphans", scope=str(run.scope), machine=one, because=found[one][1]
        )
    _drive_on(run, filled)
    if new and run.ctx.settings.policies.orphan is OnOrphan.ADOPT:
        unasked = Actor.admin(Channel.POLICY.value, Channel.POLICY)
        adopt.adopt_orphans(run.ctx, sorted(new), Deadline(by=ORPHAN_TTL), name=None, actor=unasked)
    return len(found)


def _strangers(run: ScopeRun, pages: Iterable[Snapshot], began_at: datetime) -> Snapshot:
    """What no row explains, page by page: of a hundred thousand machines, few are kept."""

    def strange(page: Snapshot) -> Snapshot:
        living = [one for one in page.sightings if one.state not in _ENDING]
        with run.ctx.begin() as connection:
            known = orphans.explained(connection, run.scope_id, began_at - YOUNG, [one.provider_id for one in living])
        return replace(page, sightings=tuple(one for one in living if one.provider_id not in known))

    return merge_pages(map(strange, pages))


def _sort_out(
    run: ScopeRun, connection: Connection, snapshot: Snapshot, began_at: datetime, now: datetime
) -> tuple[list[Filled], dict[str, tuple[Sighting, str]]]:
    """Slots that got their machine after all, and orphans (by id) with the reason why nothing has them."""
    # a row closed only just now: the listing may still show what was
    known = orphans.explained(connection, run.scope_id, began_at - YOUNG, [s.provider_id for s in snapshot.sightings])
    strangers = [s for s in snapshot.sightings if s.state not in _ENDING and s.provider_id not in known]
    if not strangers:
        return [], {}
    past = orphans.past_names(connection, run.scope_id, [s.provider_id for s in strangers])
    strangers.sort(key=lambda s: (_token(s), s.launch_index, s.provider_id))
    by_token = {token: list(machines) for token, machines in groupby(strangers, _token)}
    made_by = orphans.launches_of(connection, run.scope_id, list(by_token))
    filled: list[Filled] = []
    found: dict[str, tuple[Sighting, str]] = {}
    for token, machines in by_token.items():
        launch = made_by.get(token)
        if launch is not None and launch.state in _UNDER_WAY:
            continue
        free = [m for m in machines if m.provider_id not in past]
        matched = _fill(connection, launch, free, began_at, now) if launch is not None else []
        filled += matched
        taken = {machine.provider_id for _, machine in matched}
        left = [m for m in machines if m.provider_id not in taken]
        found |= {m.provider_id: (m, _because(m, launch, past)) for m in left}
    return filled, found


def _fill(
    connection: Connection, launch: Launch, machines: Sequence[Sighting], began_at: datetime, now: datetime
) -> list[Filled]:
    """Give the launch's machines to those of its slots that are still without one, and wait for no other launch."""
    rows = {row.id: row for row in requests.lock(connection, sorted(launch.slots))}
    free = [rows[i] for i in launch.slots if i in rows and _is_free(rows[i], launch)]
    pairs = list(zip(free, machines, strict=False))
    if not pairs:
        return []
    launches.fill(connection, {row.id: one for row, one in pairs}, seen_at=began_at, now=now, look_at=now)
    orphans.reopen(connection, [row.id for row, _ in pairs], launch.token)
    told = "its launch had made it after all"
    story = (
        Event(r.id, now, EventKind.FOUND, Channel.CLOUD, f"{m.provider_id}: {told}", r.generation) for r, m in pairs
    )
    events.record(connection, story)
    after = {row.id: row for row in read_instances.read(connection, [row.id for row, _ in pairs])}
    return [(after[row.id], machine) for row, machine in pairs]


def _is_free(row: Instance, launch: Launch) -> bool:
    return row.provider_id is None and row.closed_at is None and row.launch_token in (None, launch.token)


def _because(machine: Sighting, launch: Launch | None, past: Mapping[str, str]) -> str:
    if machine.provider_id in past:
        return f"{past[machine.provider_id]} was closed, and its machine is there again"
    if launch is not None:
        return "its launch has all its machines, or nobody waits for this one any more"
    if _token(machine):
        return "this database remembers no such launch"
    return "it carries our tag, and no launch of ours made it"


def _drive_on(run: ScopeRun, filled: Sequence[Filled]) -> None:
    """What has found its row is reconcile's from here on; nothing is changed at the cloud by looking, not even a name."""
    if filled:
        log.warning(
            "machines found their rows after all", scope=str(run.scope), instances=[row.name for row, _ in filled]
        )
        ring_by_verb(run.ctx, (row for row, _ in filled))


def due(connection: Connection, now: datetime) -> list[int]:
    """Scopes to look at although nothing in them may have to be watched: all of them, once in `EVERY` seconds."""
    return scopes.known(connection) if ticks.claim(connection, "orphans", EVERY, now) else []


def _token(machine: Sighting) -> str:
    return machine.tags.get(tags.LAUNCH, "")
