"""What an instance costs, as people are told it."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from datetime import datetime

    from im.domain.money.bill import Bill
    from im.domain.money.forecast import Rates


@dataclass(frozen=True, slots=True)
class Cost:
    """One instance's money: what it cost so far, what an hour costs now and while it runs, what is still to come."""

    bill: Bill
    rates: Rates
    now_per_hour: Decimal | None
    to_deadline: Decimal | None
    whole: bool = True
    """False: `now_per_hour` lacks a part whose price nobody knows."""
    at_most: bool = False
    """`now_per_hour` is a limit that was set, not a price."""
    charged_since: datetime | None = None
    """Since when it is charged for what it computes now (`forecast.began_at`); None where it is not."""

    @property
    def so_far(self) -> Decimal | None:
        """None where any part of it has no known price."""
        return self.bill.total if self.bill.known else None
