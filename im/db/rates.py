"""Token buckets shared by the whole fleet: below the cloud's own refill, so that a storm slows down instead of failing.

In Postgres, because the broker is disposable. A bucket belongs to a scope (account and region) and a verb, as at EC2:
https://docs.aws.amazon.com/ec2/latest/devguide/ec2-api-throttling.html
"""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Connection, select, update
from sqlalchemy.dialects.postgresql import insert

from im.db.tables import rates
from im.domain.rate import Rate


def take(connection: Connection, scope_id: int, verb: str, rate: Rate | None, now: datetime) -> float:
    """Take one token; returns 0 when there was one, else the seconds until there will be. No rate, no limit."""
    if rate is None:
        return 0.0
    full = {"scope_id": scope_id, "verb": verb, "tokens": rate.burst, "at": now}
    connection.execute(insert(rates).values(**full).on_conflict_do_nothing())
    mine = (rates.c.scope_id == scope_id, rates.c.verb == verb)
    row = connection.execute(select(rates.c.tokens, rates.c.at).where(*mine).with_for_update()).one()
    refilled = row.tokens + max(0.0, (now - row.at).total_seconds()) * rate.per_second
    tokens = min(rate.burst, refilled)
    if tokens < 1:
        return float((1 - tokens) / rate.per_second)
    connection.execute(update(rates).where(*mine).values(tokens=tokens - 1, at=max(now, row.at)))
    return 0.0
