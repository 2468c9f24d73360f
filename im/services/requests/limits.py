"""Quotas and budgets, as every request keeps them: whether there are any is one statement, and loaded is what keeps them then."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from typing import TYPE_CHECKING

from im.db.read import limits
from im.domain.money.unknown_price import PriceUnknown
from im.queue.tasks import Task

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from im.context import Context
    from im.domain.instance import Instance


def enforce(
    connection: Connection, before: Sequence[Instance | None], after: Sequence[Instance], now: datetime
) -> None:
    """Raises OverLimit when `after` (written already) takes or promises more than its owners may have.

    Called last in the transaction. `before[i]` is the row that `after[i]` was, None for a new one or one that was another's.
    Where there is a limit, its keeper asks again, under a lock.
    """
    if not limits.are_there_any(connection):
        return
    from im.services.money import budgets
    from im.services.people import quotas

    quotas.enforce(connection, before, after, now)
    budgets.enforce(connection, [row for row in before if row is not None], after, now)


def there_are(ctx: Context) -> bool:
    """Is there any limit? Asked of the driver alone, before anything is loaded that keeps one."""
    with ctx.looking() as look:
        return limits.are_there_any(look)


def rehearse(ctx: Context, before: Sequence[Instance], after: Sequence[Instance], now: datetime) -> None:
    """Raises OverLimit where `enforce` would once `after` were written. Nothing is written or locked."""
    if not there_are(ctx):
        return
    from im.services.money import budgets
    from im.services.people import quotas

    with ctx.begin() as connection:
        quotas.rehearse(connection, before, after, now)
        budgets.rehearse(connection, before, after, now)


@contextmanager
def asking_for_prices(ctx: Context) -> Iterator[None]:
    """Around a transaction that a budget may refuse because a price is not known: a worker is rung, which asks the cloud for it."""
    try:
        yield
    except PriceUnknown as exc:
        from im.services.money.budgets import can_be_asked
        from im.services.money.prices import questions

        if can_be_asked(ctx, exc):
            ctx.queue.ring(Task.PRICES, questions(exc.account, exc.items))
        raise
