"""A machine whose name or label somebody changed at the cloud: its row keeps what is seen of it, and it is listed as an orphan.

It is nobody's until its label is put back, and then everything goes on: nothing was forgotten, and a deadline that has passed
meanwhile is kept at once. Who acts at the cloud leaves it alone (`im.providers.errors.LabelChanged`).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from typing import TYPE_CHECKING

from im.db import orphans
from im.db.instances.observations import Note
from im.domain import tags
from im.domain.event import Channel, Event, EventKind
from im.domain.orphan import left_alone
from im.domain.sighting import Sighting
from im.domain.state import GONE
from im.logs import log

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from im.services.scope_run import ScopeRun

_BACK = "its label is there again, and it goes on as before"


def is_changed(seen: Sighting) -> bool:
    """A look by its id shows the machine, and nobody's mark on it."""
    return seen.tags.get(tags.DEPLOYMENT) == "" and seen.state not in GONE


def is_news(note: Note) -> bool:
    return bool(note.label_changed) != note.row.label_changed


def is_back(note: Note) -> bool:
    return note.row.label_changed and not note.label_changed and note.seen is not None and note.seen.state not in GONE


def is_no_news(note: Note) -> bool:
    """It stands as it was seen before, and its row says so."""
    same = note.seen is not None and note.seen.state is note.row.observed and note.reading.desired is note.row.desired
    return bool(note.label_changed) and note.row.label_changed and same


def event(note: Note, now: datetime) -> Event | None:
    """What there is to tell of its label; None: nothing new."""
    if note.label_changed and is_news(note) and note.seen is not None and note.seen.state not in GONE:
        kind, told = EventKind.LABEL_CHANGED, f"{note.label_changed}: it is left alone until that is put back"
    elif is_back(note):
        kind, told = EventKind.LABEL_BACK, _BACK
    else:
        return None
    return Event(note.row.id, now, kind, Channel.CLOUD, told, note.row.generation)


def found(run: ScopeRun, connection: Connection, notes: Sequence[Note], now: datetime) -> None:
    """These show in a listing of what is ours: they are no orphans any more."""
    orphans.close(connection, run.scope_id, now, gone=[n.row.provider_id for n in notes if n.row.provider_id])


def kept(run: ScopeRun, connection: Connection, notes: Sequence[Note], seen_at: datetime, now: datetime) -> None:
    """What a look by ids has shown: who is an orphan by it, and who is none."""
    changed = {n.row.provider_id: n for n in notes if n.seen is not None and is_changed(n.seen) and n.row.provider_id}
    listed = {i: (_as_orphan(n, n.seen), left_alone(n.row.name)) for i, n in changed.items() if n.seen is not None}
    new, back = orphans.write(connection, run.scope_id, listed, seen_at)
    found(run, connection, [n for n in notes if n.row.provider_id not in changed], now)
    for one in sorted(new | back):
        log.warning("a machine's label was changed; im orphans", scope=str(run.scope), machine=one)


def _as_orphan(note: Note, seen: Sighting) -> Sighting:
    """With its row's owner, whose it is to look after."""
    shown = {key: value for key, value in seen.tags.items() if key != tags.DEPLOYMENT}
    return replace(seen, tags={tags.OWNER: note.row.owner, **shown})
