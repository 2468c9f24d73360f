"""Messages on their way: claimed by one sender at a time, kept with the receiver's last answer, begun anew on request."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, Connection, Row, and_, delete, func, or_, select, update

from im.db.schema.core import instances
from im.db.schema.webhooks import webhook_deliveries, webhooks
from im.db.webhooks import hooks
from im.domain.state import Desired
from im.domain.webhook.kind import WebhookKind
from im.domain.webhook.message import Delivery, DeliveryState
from im.domain.webhook.webhook import Webhook

d, w, t = webhook_deliveries.c, webhooks.c, instances.c
_PENDING = d.state == DeliveryState.PENDING.value
_SHOWN = [d[name] for name in Delivery.__dataclass_fields__]
KEEP = timedelta(days=7)
"""For how long it can be looked at what was taken."""
KEEP_OTHERS = timedelta(days=32)
"""What was not taken, and what is told once a month."""


def _due(now: datetime) -> ColumnElement[bool]:
    return and_(_PENDING, d.next_attempt_at <= now, or_(d.lease_until.is_(None), d.lease_until <= now))


def waiting(connection: Connection, now: datetime) -> list[str]:
    """The webhooks, by id, for which something can be sent now."""
    on = select(w.id).where(w.off_at.is_(None))
    rows = on.where(select(d.number).where(d.webhook_id == w.id, _due(now)).exists()).order_by(w.id)
    return list(connection.execute(rows).scalars())


@dataclass(frozen=True, slots=True)
class Claimed:
    """`secrets` and `body` are what is sent; neither is repeated anywhere."""

    delivery: Delivery
    webhook: Webhook
    secrets: tuple[str, ...]
    body: str
    moot: bool
    """The claim has closed it: there is nothing to tell of any more."""

    def __repr__(self) -> str:
        return f"Claimed({self.delivery.id})"


def claim(connection: Connection, webhook_id: str, now: datetime, lease: timedelta, owner: str) -> Claimed | None:
    """Lease the oldest message that is due for it. None where none is, or the webhook is off."""
    webhook = hooks.by_id(connection, webhook_id)
    if webhook is None or webhook.off_at is not None:
        return None
    query = select(*_SHOWN, d.body, d.until).where(d.webhook_id == webhook_id, _due(now))
    query = query.order_by(d.next_attempt_at, d.number).limit(1).with_for_update(skip_locked=True)
    row = connection.execute(query).first()
    if row is None:
        return None
    moot = row.until is not None and not _stands(connection, row, now)
    values: dict[str, Any] = {"lease_token": owner, "lease_until": now + lease, "attempts": d.attempts + 1}
    if moot:
        values = {"state": DeliveryState.MOOT.value}
    connection.execute(update(webhook_deliveries).where(d.id == row.id).values(**values))
    return Claimed(_delivery(row, more=not moot), webhook, hooks.secrets(connection, webhook_id, now), row.body, moot)


def _stands(connection: Connection, row: Row[*tuple[Any, ...]], now: datetime) -> bool:
    """Is the deadline that it tells of still to come?"""
    query = select(t.id).where(t.id == row.instance_id, t.expires_at == row.until, t.desired == Desired.RUNNING.value)
    return row.until > now and connection.execute(query).first() is not None


def taken(connection: Connection, delivery_id: str, owner: str, status: int, now: datetime) -> bool:
    """False when somebody newer owns it, who sends it once more."""
    values = {"state": DeliveryState.TAKEN.value, "status": status, "answered_at": now, "error": None}
    return _close(connection, delivery_id, owner, values)


def refused(
    connection: Connection,
    delivery_id: str,
    owner: str,
    error: str,
    *,
    status: int | None,
    now: datetime,
    again_at: datetime | None,
) -> bool:
    """`again_at` None: it is dead."""
    values: dict[str, Any] = {"error": error[:300], "status": status, "answered_at": now}
    values |= {"state": DeliveryState.DEAD.value} if again_at is None else {"next_attempt_at": again_at}
    return _close(connection, delivery_id, owner, values)


def _close(connection: Connection, delivery_id: str, owner: str, values: dict[str, Any]) -> bool:
    done = connection.execute(
        update(webhook_deliveries)
        .where(d.id == delivery_id, d.lease_token == owner)
        .values(lease_token=None, lease_until=None, **values)
    )
    return done.rowcount == 1


def anything_taken_since(connection: Connection, webhook_id: str, then: datetime) -> bool:
    taken_since = d.state == DeliveryState.TAKEN.value, d.answered_at >= then
    query = select(d.number).where(d.webhook_id == webhook_id, *taken_since).limit(1)
    return connection.execute(query).first() is not None


def resend(connection: Connection, webhook_id: str, now: datetime) -> int:
    """What is dead begins anew, and what waits is due at once; how many that are."""
    again = d.state.in_([DeliveryState.PENDING.value, DeliveryState.DEAD.value])
    free = or_(d.lease_until.is_(None), d.lease_until <= now)
    values = {"state": DeliveryState.PENDING.value, "attempts": 0, "next_attempt_at": now}
    done = connection.execute(
        update(webhook_deliveries).where(d.webhook_id == webhook_id, again, free).values(**values)
    )
    return done.rowcount


def listed(connection: Connection, webhook_id: str, limit: int, message: str | None = None) -> list[Delivery]:
    """The newest first; with `message`, that one alone."""
    query = select(*_SHOWN).where(d.webhook_id == webhook_id).order_by(d.number.desc()).limit(limit)
    query = query if message is None else query.where(d.id == message)
    return [_delivery(row) for row in connection.execute(query)]


def prune(connection: Connection, now: datetime, limit: int) -> int:
    """Forget what is old; returns how many there were."""
    brief = and_(
        d.made_at < now - KEEP,
        d.state.in_([DeliveryState.TAKEN.value, DeliveryState.MOOT.value]),
        d.kind != WebhookKind.BUDGET.value,
    )
    old = select(d.number).where(or_(brief, d.made_at < now - KEEP_OTHERS)).order_by(d.made_at).limit(limit)
    return connection.execute(delete(webhook_deliveries).where(d.number.in_(old))).rowcount


@dataclass(frozen=True, slots=True)
class Standing:
    """How messages stand, those that ended in the last day among them."""

    taken: int
    pending: int
    """Not taken so far, for however short a time, of webhooks that are on."""
    oldest: datetime | None
    """When the first of these was put down."""
    waiting: int
    """Not taken so far, for five minutes or longer."""
    dead: int
    failing: tuple[str, ...]
    """Names of the webhooks of which some wait or are dead."""
    error: str | None


def standing(connection: Connection, now: datetime) -> Standing:
    recent = d.made_at > now - timedelta(days=1)
    dead = and_(recent, d.state == DeliveryState.DEAD.value)
    pending = and_(_PENDING, w.off_at.is_(None))
    late = and_(pending, d.made_at < now - timedelta(minutes=5))
    of = webhook_deliveries.join(webhooks, w.id == d.webhook_id)
    counted = select(
        func.count().filter(and_(recent, d.state == DeliveryState.TAKEN.value)),
        func.count().filter(pending),
        func.min(d.made_at).filter(pending),
        func.count().filter(late),
        func.count().filter(dead),
    ).select_from(of)
    done, under_way, oldest, waits, over = connection.execute(counted.where(or_(recent, _PENDING))).one()
    if not (waits or over):
        return Standing(done, under_way, oldest, waits, over, (), None)
    bad = or_(late, dead)
    names = select(w.name).select_from(of).where(bad).group_by(w.name).order_by(w.name).limit(10)
    error = select(d.error).select_from(of).where(bad, d.error.is_not(None)).order_by(d.number.desc()).limit(1)
    failing = tuple(connection.execute(names).scalars())
    return Standing(done, under_way, oldest, waits, over, failing, connection.execute(error).scalar_one_or_none())


def _delivery(row: Row[*tuple[Any, ...]], *, more: bool = False) -> Delivery:
    told = {name: getattr(row, name) for name in Delivery.__dataclass_fields__}
    told |= {"state": DeliveryState(row.state), "kind": WebhookKind(row.kind), "attempts": row.attempts + more}
    return Delivery(**told)
