"""Messages put down: with the event that brings them about, in its own transaction, or with a tick that finds their time come."""

from __future__ import annotations

import secrets
from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from sqlalchemy import BigInteger, Connection, Interval, String, cast, extract, func, literal, select
from sqlalchemy.dialects.postgresql import insert

from im.db.bulk import recordset
from im.db.schema.core import instances
from im.db.schema.times import deadlines
from im.db.schema.webhooks import webhook_deliveries
from im.db.select import fetch_instances, select_instances
from im.db.webhooks import put_down
from im.db.webhooks.hooks import WITH_OWNERS, anybody_wants, hears_of, w, wants
from im.domain.explain.alarm import GRACE
from im.domain.state import ALIVE, Desired
from im.domain.webhook import message
from im.domain.webhook.kind import KIND_OF, WebhookKind
from im.domain.webhook.message import DeliveryState, Message

if TYPE_CHECKING:
    from im.domain.event import Event
    from im.domain.instance import Instance
    from im.domain.money.budget import Use

t, d, dd = instances.c, webhook_deliveries.c, deadlines.c
_AT_ONCE = 1000


def of_events(connection: Connection, happened: Iterable[Event]) -> None:
    """For whoever wants to hear of them; the rows are told of as this transaction sees them."""
    told = [(event, KIND_OF[event.kind]) for event in happened if event.kind in KIND_OF]
    if not told or not anybody_wants(connection, {kind for _, kind in told}):
        return
    heard: dict[str, list[tuple[str, frozenset[str]]]] = {}
    kinds = {kind for _, kind in told}
    query = (
        select(w.id, w.kinds, w.failing_since, t.id.label("instance_id"))
        .select_from(WITH_OWNERS.join(instances, hears_of(t.owner)))
        .where(t.id.in_(sorted({event.instance_id for event, _ in told})), wants(kinds))
    )
    for row in connection.execute(query):
        if row.failing_since is None:  # who takes nothing hears with the tick: not every event is to ask them once more
            put_down.mark(connection)
        heard.setdefault(row.instance_id, []).append((row.id, frozenset(row.kinds)))
    rows = _rows(connection, heard)
    messages = []
    for event, kind in told:
        hears = [webhook_id for webhook_id, wanted in heard.get(event.instance_id, ()) if kind in wanted]
        body = message.of_event(kind, event, rows[event.instance_id]) if hears else ""
        messages += [Message(webhook_id, kind, body, event.instance_id) for webhook_id in hears]
    add(connection, messages, max(event.at for event, _ in told))


def of_deadlines(connection: Connection, stages: Sequence[timedelta], now: datetime) -> None:
    """What ends soon, by the stages of notices; at most one message for each webhook, deadline and stage."""
    if not stages or not anybody_wants(connection, [WebhookKind.EXPIRING]):
        return
    for i, stage in enumerate(stages):
        following = stages[i + 1] if i + 1 < len(stages) else timedelta(0)
        held_since = select(func.max(dd.since)).where(dd.instance_id == t.id).scalar_subquery()
        due = (
            t.desired == Desired.RUNNING.value,
            t.expires_at > now + following,
            t.expires_at <= now + stage,
            # who set the deadline knew of a stage that had passed already then
            held_since < t.expires_at - cast(stage, Interval),
        )
        messages = [
            Message(
                webhook_id,
                WebhookKind.EXPIRING,
                message.of_expiring(row, stage, now),
                row.id,
                mark,
                row.expires_at,
            )
            for webhook_id, mark, row in _not_told(connection, WebhookKind.EXPIRING, int(stage.total_seconds()), due)
        ]
        add(connection, messages, now)


def of_overruns(connection: Connection, now: datetime) -> None:
    """What still runs a minute past its deadline; once for each deadline."""
    if not anybody_wants(connection, [WebhookKind.OVERRUN]):
        return
    due = (t.expires_at < now - GRACE,)
    messages = [
        Message(webhook_id, WebhookKind.OVERRUN, message.of_overrun(row, now), row.id, mark)
        for webhook_id, mark, row in _not_told(connection, WebhookKind.OVERRUN, 0, due)
    ]
    add(connection, messages, now)


def of_budget(connection: Connection, use: Use, percent: int, now: datetime) -> None:
    """Once for each webhook, budget, month and step."""
    mark = f"{WebhookKind.BUDGET} {percent} {now:%Y-%m} {use.budget.owner}"
    query = select(w.id).select_from(WITH_OWNERS)
    query = query.where(hears_of(literal(use.budget.owner)), wants([WebhookKind.BUDGET]))
    body = message.of_budget(use, percent, now)
    told = [Message(row.id, WebhookKind.BUDGET, body, None, mark) for row in connection.execute(query)]
    add(connection, told, now)


def add(connection: Connection, messages: Sequence[Message], now: datetime) -> list[str]:
    """Each under an id of its own; returns the ids. What a webhook has under the same mark already stays alone."""
    ids = [f"msg_{secrets.token_hex(12)}" for _ in messages]
    values = [
        {
            "id": message_id,
            "webhook_id": one.webhook_id,
            "kind": one.kind.value,
            "instance_id": one.instance_id,
            "mark": one.mark,
            "body": one.body,
            "state": DeliveryState.PENDING.value,
            "made_at": now,
            "next_attempt_at": now,
            "until": one.until,
        }
        for message_id, one in zip(ids, messages, strict=True)
    ]
    if values:
        # one statement: the driver sends many rows one by one
        v = recordset(webhook_deliveries, list(values[0]), values)
        rows = insert(webhook_deliveries).from_select(list(values[0]), select(*v.c))
        connection.execute(rows.on_conflict_do_nothing())
    return ids


def _not_told(
    connection: Connection, kind: WebhookKind, number: int, due: Sequence[Any]
) -> list[tuple[str, str, Instance]]:
    """Which webhook is to be told of which running instance, under which mark; those that were are left out."""
    since = cast(cast(extract("epoch", t.expires_at), BigInteger), String)
    mark = literal(f"{kind} {number} ") + t.id + literal(" ") + since
    told = select(d.number).where(d.webhook_id == w.id, d.mark == mark).exists()
    query = (
        select(w.id, mark.label("mark"), t.id.label("instance_id"))
        .select_from(WITH_OWNERS.join(instances, hears_of(t.owner)))
        .where(wants([kind]), t.closed_at.is_(None), t.observed.in_([o.value for o in ALIVE]), *due, ~told)
        .order_by(t.expires_at)
        .limit(_AT_ONCE)
    )
    found = connection.execute(query).all()
    rows = _rows(connection, {one.instance_id for one in found})
    return [(one.id, one.mark, rows[one.instance_id]) for one in found]


def _rows(connection: Connection, ids: Iterable[str]) -> dict[str, Instance]:
    wanted = sorted(ids)
    if not wanted:
        return {}
    return {row.id: row for row in fetch_instances(connection, select_instances().where(t.id.in_(wanted)))}
