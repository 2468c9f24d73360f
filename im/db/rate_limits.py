"""Token buckets shared by the whole fleet: below the cloud's own refill, so that a storm slows down instead of failing.

In Postgres, because the broker is disposable. A bucket belongs to a scope and a verb, as at clouds.
"""

from __future__ import annotations

import math
from datetime import datetime

from sqlalchemy import Connection, select, update
from sqlalchemy.dialects.postgresql import insert

from im.db.schema.core import scopes
from im.db.schema.work import rates
from im.domain.rate_limit import Rate
from im.domain.scope import Scope


def take(connection: Connection, scope_id: int, verb: str, rate: Rate | None, now: datetime) -> float:
    """Take one token; returns 0 when there was one, else the seconds until there will be. No rate, no limit."""
    return taken(connection, scope_id, verb, rate, now, 1, 1)[1]


def taken(
    connection: Connection, scope_id: int, verb: str, rate: Rate | None, now: datetime, count: float, least: float
) -> tuple[int, float]:
    """How many tokens were taken, up to `count`, and 0; or none, and the seconds until there will be `least` or `count`, or
    the bucket is full.

    No rate, no limit.
    """
    if rate is None:
        return int(count), 0.0
    full = {"scope_id": scope_id, "verb": verb, "tokens": rate.burst, "at": now}
    connection.execute(insert(rates).values(**full).on_conflict_do_nothing())
    mine = (rates.c.scope_id == scope_id, rates.c.verb == verb)
    row = connection.execute(select(rates.c.tokens, rates.c.at).where(*mine).with_for_update()).one()
    refilled = row.tokens + max(0.0, (now - row.at).total_seconds()) * rate.per_second
    tokens = min(rate.burst, refilled)
    wanted = min(count, least, rate.burst)  # more than it ever holds would be waited for in vain
    if tokens < wanted:
        return 0, _after(float((wanted - tokens) / rate.per_second))
    mine_now = min(int(count), int(tokens))
    connection.execute(update(rates).where(*mine).values(tokens=tokens - mine_now, at=max(now, row.at)))
    return mine_now, 0.0


def _after(seconds: float) -> float:
    """A little later, on the millisecond: who comes back in the very moment finds a hair less than a whole token, and asks again
    and again without any time going by."""
    return math.floor(seconds * 1000) / 1000 + 0.001


def give_back(connection: Connection, scope_id: int, verb: str, count: float) -> None:
    """Tokens that were taken in this transaction and not used."""
    mine = (rates.c.scope_id == scope_id, rates.c.verb == verb)
    connection.execute(update(rates).where(*mine).values(tokens=rates.c.tokens + count))


def left(connection: Connection) -> list[tuple[Scope, str, float]]:
    """Every bucket, as it was when somebody last took from it."""
    places = select(scopes.c.provider, scopes.c.account, scopes.c.region, rates.c.verb, rates.c.tokens)
    query = places.join(rates, rates.c.scope_id == scopes.c.id).order_by(scopes.c.id, rates.c.verb)
    return [(Scope(*place), verb, tokens) for *place, verb, tokens in connection.execute(query)]
