"""Marks: by scope, which server acted last, how it marked that at the cloud, and what a server that waits has seen."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from socket import gethostname
from typing import Any

from sqlalchemy import ColumnElement, Connection, exists, func, or_, select, text, update
from sqlalchemy.dialects.postgresql import insert

from im.db.read.health import BIRTH, SERVER
from im.db.schema.core import instances
from im.db.schema.deployment import deployment
from im.db.schema.marks import marks
from im.domain.mark import Known, Mark, Server, Watch, following, parse_mark
from im.domain.state import ALIVE, Observed

m, t = marks.c, instances.c
_RUNNING = func.pg_postmaster_start_time()
_COPIED: ColumnElement[bool] = or_(
    deployment.c.system_identifier != text(SERVER),
    deployment.c.birth != text(BIRTH),
    exists().where(marks.alias("any_mark").c.held_since.is_not(None)),
)
# its data folder is not for every user to know
_HERE = text(
    "SELECT pg_postmaster_start_time(), host(inet_server_addr()), current_setting('port'),"
    " CASE WHEN pg_has_role('pg_read_all_settings', 'USAGE') THEN current_setting('data_directory') ELSE '' END"
)
_LIVING = [one.value for one in (*ALIVE, Observed.STOPPING, Observed.STOPPED)]


class Standing(StrEnum):
    """Of the running server, in one scope, by what the database knows alone."""

    COPY = "copy"
    NEW = "new"
    """No server has acted there yet."""
    ACTS = "acts"
    WATCHES = "watches"
    STRANGE = "strange"
    """Another server acted last, or another run of this one."""


@dataclass(frozen=True, slots=True)
class Row:
    """`machine` carries the mark, or may carry the next one: a living one, empty if there is none."""

    known: Known
    here: Server
    machine: str
    rival_at: datetime | None


def is_copy(connection: Connection) -> bool:
    """Is this server known to be a copy of one that is at work elsewhere, or to be restored from a backup?"""
    return bool(connection.execute(select(_COPIED).select_from(deployment)).scalar())


def standing(connection: Connection, number: int) -> tuple[Standing, Known]:
    """With the marks that are known, for one statement is enough while nothing has changed."""
    asked = (_COPIED, m.started.is_(None), m.started == _RUNNING, m.watcher == _RUNNING, m.mark, m.before)
    found = select(*asked).select_from(deployment.outerjoin(marks, m.scope_id == number))
    copied, new, acts, watches, mark, before = connection.execute(found).one()
    known = Known(mark=parse_mark(mark), before=parse_mark(before))
    if copied:
        return Standing.COPY, known
    if new:
        return Standing.NEW, known
    return (Standing.ACTS if acts else Standing.WATCHES if watches else Standing.STRANGE), known


def strange(connection: Connection) -> list[int]:
    """The scopes with something to watch of which it has to be found out whether the running server may act there."""
    in_use = select(t.scope_id).where(t.closed_at.is_(None))
    unknown = (m.started != _RUNNING, m.watcher.is_distinct_from(_RUNNING), m.held_since.is_(None))
    return list(connection.execute(select(m.scope_id).where(*unknown, m.scope_id.in_(in_use))).scalars())


def read(connection: Connection, number: int) -> Row:
    """What is known of a scope, to be changed by nobody else before the end of the transaction."""
    connection.execute(insert(marks).values(scope_id=number).on_conflict_do_nothing())
    row = connection.execute(select(marks).where(m.scope_id == number).with_for_update()).one()
    machine = _living(connection, number, row.machine) if row.machine else ""
    return Row(_known(row), _here(connection), machine or _living(connection, number), row.rival_at)


def settle(connection: Connection, number: int, here: Server) -> None:
    """This server acts there from now on."""
    _write(connection, number, place=here.place, started=here.started, **_NO_WATCH)


def watch(connection: Connection, number: int, now: Watch) -> None:
    seen = str(now.seen) if now.seen else None
    values = {"watcher": now.started, "watch_since": now.since, "watch_looked_at": now.looked_at}
    _write(connection, number, **values, watch_seen=seen, watch_moves=now.moves)


def hold(connection: Connection, number: int, now: datetime, *, restored: bool = False) -> bool:
    """Another server acts, or this one was restored. Was that not known yet?"""
    first = update(marks).where(m.scope_id == number, m.held_since.is_(None)).values(held_since=now, restored=restored)
    return connection.execute(first.returning(m.scope_id)).first() is not None


def note_seen(connection: Connection, number: int, seen: Mark) -> None:
    """Of a server that holds: the newest mark it has seen, which it would have to go beyond."""
    older = func.coalesce(m.watch_seen, "") < str(seen)
    connection.execute(update(marks).where(m.scope_id == number, older).values(watch_seen=str(seen)))


def move(connection: Connection, number: int, mark: Mark, before: Mark | None, machine: str) -> None:
    _write(connection, number, mark=str(mark), before=str(before) if before else None, machine=machine or None)


def note_rival(connection: Connection, number: int, now: datetime) -> None:
    _write(connection, number, rival_at=now)


def answered(connection: Connection, number: int, error: str | None) -> None:
    """Whether the cloud took the mark, or why not."""
    _write(connection, number, error=error)


def act_here(connection: Connection, now: datetime, nonce: str, *, moved: bool) -> bool:
    """This server is the one that acts, everywhere and whatever was seen of others; False when it was already.

    `moved`: it was not, for another reason.
    """
    here = _here(connection)
    rows = connection.execute(select(marks).with_for_update()).all()
    if not moved and all(row.held_since is None and row.started in (None, here.started) for row in rows):
        return False
    for row in rows:
        known, seen = _known(row), parse_mark(row.watch_seen)
        mark, before = following(known, here, seen, now, nonce, over=True)
        move(connection, row.scope_id, mark, before, row.machine or "")
        settle(connection, row.scope_id, here)
    return True


_NO_WATCH: dict[str, Any] = {
    **dict.fromkeys(("watcher", "watch_since", "watch_looked_at", "watch_seen", "watch_moves", "held_since")),
    "restored": False,
}


def _write(connection: Connection, number: int, **values: Any) -> None:
    connection.execute(update(marks).where(m.scope_id == number).values(**values))


def _known(row: Any) -> Known:
    watching = None
    if row.watcher is not None:
        seen = parse_mark(row.watch_seen)
        watching = Watch(row.watcher, row.watch_since, row.watch_looked_at, seen, row.watch_moves or 0)
    server = Server(row.place or "", row.started) if row.started is not None else None
    return Known(server, parse_mark(row.mark), parse_mark(row.before), watching, row.held_since is not None)


def _living(connection: Connection, number: int, machine: str | None = None) -> str:
    """This machine if it lives, or the first that does; empty if there is none."""
    which = t.provider_id == machine if machine else t.provider_id.is_not(None)
    query = select(t.provider_id).where(t.scope_id == number, t.closed_at.is_(None), which, t.observed.in_(_LIVING))
    return connection.execute(query.order_by(t.provider_id).limit(1)).scalar() or ""


def _here(connection: Connection) -> Server:
    started, address, port, folder = connection.execute(_HERE).one()
    return Server(_place(address, port, folder), started)


def _place(address: str | None, port: str, folder: str) -> str:
    """A socket and a loopback address are the same everywhere; then the server is where we are."""
    own = address is None or address.startswith("127.") or address == "::1"
    return " ".join((gethostname() if own else str(address), port, folder)).strip()
