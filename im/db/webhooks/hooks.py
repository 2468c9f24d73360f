"""Webhooks as rows, with the secrets that sign their messages in a table apart."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Connection, Select, and_, delete, func, insert, or_, select, update
from sqlalchemy.dialects.postgresql import ARRAY, TEXT
from sqlalchemy.sql import cast

from im.db.schema.people import users
from im.db.schema.webhooks import webhook_secrets, webhooks
from im.domain.access import Role
from im.domain.webhook.kind import WebhookKind
from im.domain.webhook.webhook import Webhook

w, s, u = webhooks.c, webhook_secrets.c, users.c
WITH_OWNERS = webhooks.outerjoin(users, u.login == w.owner)
"""Who owns one need not be a user: in a deployment without users, nobody is."""


def hears_of(owner: ColumnElement[Any]) -> ColumnElement[bool]:
    """For a statement over WITH_OWNERS: it is on, its owner may act, and may see what is `owner`'s, by their role as it is now."""
    no_user = u.login.is_(None)
    return and_(
        w.off_at.is_(None),
        or_(no_user, u.disabled_at.is_(None)),
        or_(w.owner == owner, u.team == owner, and_(w.everybody, or_(no_user, u.role == Role.ADMIN.value))),
    )


def wants(kinds: Iterable[WebhookKind]) -> ColumnElement[bool]:
    """One of these at least."""
    return w.kinds.op("&&")(cast(sorted(kind.value for kind in kinds), ARRAY(TEXT)))


def anybody_wants(connection: Connection, kinds: Iterable[WebhookKind]) -> bool:
    query = select(w.id).where(w.off_at.is_(None), wants(kinds)).limit(1)
    return connection.execute(query).first() is not None


def add(connection: Connection, webhook: Webhook, secret: str) -> None:
    connection.execute(insert(webhooks).values(**_values(webhook)))
    _add_secret(connection, webhook.id, secret, webhook.made_at)


def write(connection: Connection, webhook: Webhook) -> None:
    connection.execute(update(webhooks).where(w.id == webhook.id).values(**_values(webhook)))


def answered(connection: Connection, webhook_id: str, status: int | None, error: str | None, now: datetime) -> None:
    """What became of the message that was just sent to it: taken where `error` is None."""
    since = None if error is None else func.coalesce(w.failing_since, now)
    told = {"last_answered_at": now, "last_status": status, "last_error": error and error[:300], "failing_since": since}
    connection.execute(update(webhooks).where(w.id == webhook_id).values(**told))


def switch_off(connection: Connection, webhook_id: str, because: str, now: datetime) -> None:
    off = {"off_at": now, "off_because": because}
    connection.execute(update(webhooks).where(w.id == webhook_id, w.off_at.is_(None)).values(**off))


def remove(connection: Connection, webhook_id: str) -> None:
    """With its secrets, and the messages that were on their way."""
    connection.execute(delete(webhooks).where(w.id == webhook_id))


def remove_of(connection: Connection, owner: str) -> None:
    connection.execute(delete(webhooks).where(w.owner == owner))


def by_id(connection: Connection, webhook_id: str, *, lock: bool = False) -> Webhook | None:
    """`lock`: until the transaction ends, nobody else changes it."""
    query = select(webhooks).where(w.id == webhook_id)
    return next(iter(_read(connection, query.with_for_update() if lock else query)), None)


def listed(connection: Connection, owners: Sequence[str] | None) -> list[Webhook]:
    """Of these owners, or with None everybody's."""
    query = select(webhooks) if owners is None else select(webhooks).where(w.owner.in_(list(owners)))
    return _read(connection, query.order_by(w.owner, w.name))


def named(connection: Connection, owner: str, name: str) -> Webhook | None:
    return next(iter(_read(connection, select(webhooks).where(w.owner == owner, w.name == name))), None)


def count(connection: Connection, owner: str) -> int:
    return connection.execute(select(func.count()).where(w.owner == owner)).scalar_one()


def count_by_state(connection: Connection) -> dict[str, int]:
    """`on`, `failing` (it takes nothing) and `off`."""
    on = w.off_at.is_(None)
    counts = (and_(on, w.failing_since.is_(None)), and_(on, w.failing_since.is_not(None)), ~on)
    found = connection.execute(select(*(func.count().filter(one) for one in counts)).select_from(webhooks)).one()
    return dict(zip(("on", "failing", "off"), found, strict=True))


def secrets(connection: Connection, webhook_id: str, now: datetime) -> tuple[str, ...]:
    """What its messages are signed with now, the newest first."""
    query = select(s.secret).where(s.webhook_id == webhook_id, or_(s.until.is_(None), s.until > now))
    return tuple(connection.execute(query.order_by(s.id.desc())).scalars())


def rotate(connection: Connection, webhook_id: str, secret: str, until: datetime, now: datetime) -> None:
    """The secrets there are sign until then, and not again; what is over is forgotten."""
    connection.execute(delete(webhook_secrets).where(s.webhook_id == webhook_id, s.until <= now))
    earlier = or_(s.until.is_(None), s.until > until)
    connection.execute(update(webhook_secrets).where(s.webhook_id == webhook_id, earlier).values(until=until))
    _add_secret(connection, webhook_id, secret, now)


def forget_secrets(connection: Connection, now: datetime) -> None:
    """Those that sign nothing any more."""
    connection.execute(delete(webhook_secrets).where(s.until <= now))


def _add_secret(connection: Connection, webhook_id: str, secret: str, now: datetime) -> None:
    connection.execute(insert(webhook_secrets).values(webhook_id=webhook_id, secret=secret, made_at=now))


def _read(connection: Connection, query: Select[*tuple[Any, ...]]) -> list[Webhook]:
    known = {kind.value for kind in WebhookKind}  # a newer version may have written another
    return [
        Webhook(**{**row, "kinds": frozenset(WebhookKind(one) for one in row["kinds"] if one in known)})
        for row in connection.execute(query).mappings()
    ]


def _values(webhook: Webhook) -> dict[str, Any]:
    return {
        "id": webhook.id,
        "name": webhook.name,
        "url": webhook.url,
        "owner": webhook.owner,
        "everybody": webhook.everybody,
        "kinds": sorted(kind.value for kind in webhook.kinds),
        "made_at": webhook.made_at,
        "made_by": webhook.made_by,
        "off_at": webhook.off_at,
        "off_because": webhook.off_because,
        "failing_since": webhook.failing_since,
    }
