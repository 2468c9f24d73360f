"""What machines would cost that are not there yet: the same sum that a table shows once they run, for all of them together."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING

from im.domain.money.bill import for_span

if TYPE_CHECKING:
    from im.domain.money.forecast import Rates


@dataclass(frozen=True, slots=True)
class Quote:
    """What a plan would cost."""

    rates: Rates
    """Of one of them."""
    count: int
    span: timedelta
    """From now to the deadline."""
    spot: bool = False
    began_at: datetime | None = None
    """When they would begin; it matters where their cloud has a cap for each calendar month."""
    endless: bool = False
    """Their deadline stops them, which saves nothing, and nobody has said when they are terminated."""

    @property
    def per_hour(self) -> Decimal | None:
        """USD; None without a price for computing."""
        return None if self.rates.running is None else self.rates.running * self.count

    @property
    def to_deadline(self) -> Decimal | None:
        if self.per_hour is None or self.began_at is None:
            return None if self.per_hour is None else for_span(self.per_hour, self.span)
        of_one = self.rates.to_come(self.began_at, self.began_at, self.began_at + self.span)
        return None if of_one is None else of_one * self.count

    @property
    def stopped(self) -> Decimal | None:
        """USD per hour once they are stopped."""
        return None if self.rates.stopped is None else self.rates.stopped * self.count
