"""What was done that concerns no instance: to users, tokens, quotas, budgets, prices and the deployment. Appended to only."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import TYPE_CHECKING

from sqlalchemy import Connection, insert, select

from im.db.schema.people import audit
from im.domain.input.text import OWNER, TOLD, visible
from im.domain.people.entry import Entry

if TYPE_CHECKING:
    from im.domain.access import Actor

a = audit.c


def record(connection: Connection, actor: Actor, verb: str, subject: str, detail: str, now: datetime) -> None:
    """In the transaction of the change itself, so that neither is there without the other."""
    connection.execute(
        insert(audit).values(
            at=now,
            actor=visible(actor.name)[:OWNER],
            channel=actor.channel.value,
            request_id=actor.request_id,
            token=actor.token,
            verb=verb,
            subject=visible(subject)[:OWNER],
            detail=visible(detail)[:TOLD],
        )
    )


def listed(connection: Connection, limit: int) -> Sequence[Entry]:
    """The newest first."""
    query = select(a.at, a.actor, a.channel, a.request_id, a.token, a.verb, a.subject, a.detail)
    return [Entry(*row) for row in connection.execute(query.order_by(a.id.desc()).limit(limit))]
