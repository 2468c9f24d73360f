"""Which of those that wait are ended first, where their cloud takes fewer at once than there are."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from decimal import Decimal
from typing import TYPE_CHECKING

from im.domain.instance import Instance
from im.services.money.costs import ledger

if TYPE_CHECKING:
    from sqlalchemy import Connection


def dearest_first(connection: Connection, rows: Sequence[Instance], now: datetime) -> list[Instance]:
    """By what an hour of each costs; of those that cost the same, or that nobody knows the price of, in the order given.

    What nobody knows the price of comes last: it is no more urgent than what is known to be cheap.
    """
    book = ledger(connection, rows, now)
    hourly = {row.id: book.rates(row).running or Decimal(0) for row in rows}
    return sorted(rows, key=lambda row: -hourly[row.id])
