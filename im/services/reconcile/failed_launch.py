"""A launch that the cloud had accepted, and whose machine ended before it ever ran: a failed launch, with the cloud's reason."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import TYPE_CHECKING

from im.db import events, launches
from im.db.instances import requests
from im.domain.event import Channel, Event, EventKind
from im.domain.fall import launch_failed
from im.domain.instance import Instance
from im.domain.sighting import Sighting
from im.domain.state import Observed
from im.logs import log
from im.providers.contract import BatchResult
from im.providers.errors import NotFound, ProviderError, by_code
from im.providers.machine import machine_of
from im.services.reconcile import next_place

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from im.services.scope_run import ScopeRun


def cleared(run: ScopeRun, rows: Sequence[Instance], result: BatchResult) -> BatchResult:
    """The result of a look, once what a refused launch has left standing is being taken away: only then is it over.

    What cannot be taken away now is left out, and looked at again; killed in between, the cloud tells of its end by itself.
    """
    left = {row.provider_id: row for row in rows if row.provider_id and _stands(row, result.done.get(row.provider_id))}
    if not left:
        return result
    try:
        ended = run.provider.terminate(run.scope, [machine_of(row) for row in left.values()])
        failed = {i: why for i, why in ended.failed.items() if not isinstance(why, NotFound)}
    except ProviderError as exc:
        failed = dict.fromkeys(left, exc)
    for machine, why in failed.items():
        log.warning("a launch was refused, and what it left is taken away later", machine=machine, error=why.message)
    over = {i: replace(result.done[i], state=Observed.TERMINATED, remains=False) for i in left if i not in failed}
    return BatchResult({i: over.get(i, seen) for i, seen in result.done.items() if i not in failed}, result.failed)


def _stands(row: Instance, seen: Sighting | None) -> bool:
    return seen is not None and seen.remains and launch_failed(row, Observed.TERMINATED, seen.cause)


def among(rows: Sequence[Instance], seen: Mapping[str, Sighting]) -> dict[str, Sighting]:
    """The machines (`seen`: by their own ids) that ended before they ever ran, by the instances that waited for them."""
    found = {row.id: seen[row.provider_id] for row in rows if row.provider_id and row.provider_id in seen}
    return {row.id: found[row.id] for row in rows if row.id in found and _holds(row, found[row.id])}


def take_back(connection: Connection, number: int, seen: Mapping[str, Sighting], now: datetime) -> list[Instance]:
    """Free these instances (by id) of machines that never ran; returns those that are launched elsewhere instead.

    Read afresh under a lock: who asked for something else meanwhile keeps what he asked for.
    """
    if not seen:
        return []
    rows = [row for row in requests.lock(connection, sorted(seen)) if _holds(row, seen[row.id])]
    moved: list[Instance] = []
    for token in sorted({row.launch_token for row in rows if row.launch_token}):
        moved += _one_launch(connection, number, token, [r for r in rows if r.launch_token == token], seen, now)
    return moved


def _holds(row: Instance, seen: Sighting) -> bool:
    return row.provider_id == seen.provider_id and launch_failed(row, seen.state, seen.cause)


def _one_launch(
    connection: Connection,
    number: int,
    token: str,
    rows: Sequence[Instance],
    seen: Mapping[str, Sighting],
    now: datetime,
) -> list[Instance]:
    launches.lose(connection, {row.id: seen[row.id] for row in rows}, now)
    cause = seen[rows[0].id].cause
    launch = replace(launches.read(connection, token), slots=tuple(row.id for row in rows))
    moved = next_place.retry_at_next_place(connection, number, launch, by_code(cause.code)(cause.says), now)
    left = [row for row in rows if row.id not in {one.id for one in moved}]
    launches.release(connection, [row.id for row in left], now, cause.code, cause.says)
    story = (
        Event(
            row.id,
            now,
            EventKind.LAUNCH_FAILED,
            Channel.CLOUD,
            f"{cause.code}: {cause.says}; {row.provider_id} never ran",
            row.generation,
        )
        for row in left
    )
    events.record(connection, story)
    return moved
