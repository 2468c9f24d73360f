"""Machines that carry our tag and have no row: found by comparing, written set-wise, closed when they are gone or have a row."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, Select, case, exists, func, literal, or_, select, update
from sqlalchemy.dialects.postgresql import insert

from im.db.bulk import recordset
from im.db.instances import shelf
from im.db.instances.adoption import same_place
from im.db.schema.core import instances, launches, scopes
from im.db.schema.work import orphans
from im.db.select import select_launches, to_launch
from im.domain import tags
from im.domain.launch import Launch
from im.domain.orphan import Orphan
from im.domain.scope import Scope
from im.domain.sighting import Sighting
from im.domain.state import Observed

t = orphans.c
i = instances.c

_FACTS = ("state", "zone", "instance_type", "image", "public_ip", "private_ip", "launched_at", "tags", "launch_token")
_TOLD = (*_FACTS, "because")


def explained(connection: Connection, scope_id: int, since: datetime, among: Sequence[str]) -> set[str]:
    """Those of these machines that a row accounts for: a living one, or one closed after `since`, too lately to contradict it.

    Rows of every scope that leads to the same account count, and so do machines that have given way to their
    snapshots since.
    """
    query = select(i.provider_id).where(
        i.scope_id.in_(same_place(scope_id)),
        i.provider_id.in_(among),
        or_(i.closed_at.is_(None), i.closed_at > since),
    )
    return set(connection.execute(query).scalars()) | shelf.left_since(connection, same_place(scope_id), since, among)


def past_names(connection: Connection, scope_id: int, provider_ids: Sequence[str]) -> dict[str, str]:
    """Machine → name of the closed row that had it last."""
    query = select(i.provider_id, i.name).where(i.scope_id == scope_id, i.provider_id.in_(provider_ids))
    return {row.provider_id: row.name for row in connection.execute(query.order_by(i.closed_at))}


def launches_of(connection: Connection, scope_id: int, tokens: Sequence[str]) -> dict[str, Launch]:
    """By the token as a machine carries it, which may be the mark that stands for the whole (`tags.mark_of`)."""
    marks = [one for one in tokens if one and one == tags.mark_of(one)]
    marked = func.left(func.replace(launches.c.token, "-", ""), tags.MARKED).in_(marks)
    named = or_(launches.c.token.in_(tokens), marked) if marks else launches.c.token.in_(tokens)
    query = select_launches().where(launches.c.scope_id == scope_id, named)
    found = [to_launch(row) for row in connection.execute(query)]
    by_mark = {tags.mark_of(one.token): one for one in found}
    return {one.token: one for one in found} | {mark: by_mark[mark] for mark in marks if mark in by_mark}


def reopen(connection: Connection, ids: Sequence[str], token: str) -> None:
    """What was concluded for these slots from the absence of a machine (failed, settled) is open again: it has come."""
    connection.execute(
        update(instances)
        .where(i.id.in_(ids))
        .values(
            launch_token=token,
            settled_generation=func.least(i.settled_generation, i.generation - 1),
            failed_generation=func.least(i.failed_generation, i.generation - 1),
        )
    )


def write(
    connection: Connection, scope_id: int, found: Mapping[str, tuple[Sighting, str]], seen_at: datetime
) -> tuple[set[str], set[str]]:
    """Write down orphans (by id) with the reason why no row has them; returns those never seen before, and those back again."""
    if not found:
        return set(), set()
    query = select(t.provider_id, t.closed_at).where(t.scope_id == scope_id, t.provider_id.in_(found))
    known = {row.provider_id: row.closed_at for row in connection.execute(query)}
    v = recordset(orphans, ("provider_id", *_TOLD), [_as_row(seen, because) for seen, because in found.values()])
    when = {"first_seen_at": seen_at, "last_seen_at": seen_at}
    fixed = (literal(scope_id, t.scope_id.type), *(literal(at, t[name].type) for name, at in when.items()))
    source = select(*(v.c[name] for name in ("provider_id", *_TOLD)), *fixed)
    statement = insert(orphans).from_select(["provider_id", *_TOLD, "scope_id", *when], source)
    new = statement.excluded
    first_seen_at = case((t.closed_at.is_(None), t.first_seen_at), else_=new.first_seen_at)
    latest = {name: new[name] for name in (*_TOLD, "last_seen_at")}
    connection.execute(
        statement.on_conflict_do_update(
            index_elements=["scope_id", "provider_id"],
            set_={**latest, "first_seen_at": first_seen_at, "closed_at": None},
        )
    )
    return set(found) - set(known), {one for one, closed_at in known.items() if closed_at is not None}


def close(connection: Connection, scope_id: int, now: datetime, *, gone: Sequence[str]) -> None:
    """These are gone from the cloud, or have a row."""
    if gone:
        open_ones = (t.scope_id == scope_id, t.provider_id.in_(gone), t.closed_at.is_(None))
        connection.execute(update(orphans).where(*open_ones).values(closed_at=now))


def open_in(connection: Connection, scope_id: int) -> set[str]:
    """Without those whose label was changed, as which a row keeps them."""
    its = (i.scope_id == t.scope_id, i.provider_id == t.provider_id)
    kept = exists().where(*its, i.closed_at.is_(None), i.drift_since.is_not(None))
    query = select(t.provider_id).where(t.scope_id == scope_id, t.closed_at.is_(None), ~kept)
    return set(connection.execute(query).scalars())


def listed(connection: Connection) -> list[Orphan]:
    """Every open one, the longest known first."""
    query = _select().where(t.closed_at.is_(None)).order_by(t.first_seen_at, t.provider_id)
    return [_to_orphan(row) for row in connection.execute(query)]


def lock(connection: Connection, provider_ids: Sequence[str]) -> list[Orphan]:
    """The open ones among these, locked; a person's request and a sweep do not both take one in."""
    query = _select().where(t.provider_id.in_(provider_ids), t.closed_at.is_(None)).order_by(t.scope_id, t.provider_id)
    return [_to_orphan(row) for row in connection.execute(query.with_for_update(of=orphans))]


def _select() -> Select[Any]:
    place = (scopes.c.provider, scopes.c.account, scopes.c.region)
    return select(orphans, *place).join(scopes, scopes.c.id == t.scope_id)


def _as_row(seen: Sighting, because: str) -> dict[str, Any]:
    return {
        "provider_id": seen.provider_id,
        "state": seen.state.value,
        "zone": seen.zone,
        "instance_type": seen.instance_type,
        "image": seen.image,
        "public_ip": seen.public_ip,
        "private_ip": seen.private_ip,
        "launched_at": seen.launched_at,
        "tags": dict(seen.tags),
        "launch_token": seen.tags.get(tags.LAUNCH),
        "because": because,
    }


def _to_orphan(row: Row[Any]) -> Orphan:
    seen = Sighting(
        provider_id=row.provider_id,
        state=Observed(row.state),
        zone=row.zone,
        public_ip=row.public_ip,
        private_ip=row.private_ip,
        launched_at=row.launched_at,
        tags=row.tags,
        instance_type=row.instance_type,
        image=row.image,
    )
    scope = Scope(row.provider, row.account, row.region)
    return Orphan(scope, seen, row.first_seen_at, row.last_seen_at, row.because)
