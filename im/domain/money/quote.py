"""What machines would cost that are not there yet: the same sum that a table shows once they run, for all of them together."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal

from im.domain.money.bill import for_span
from im.domain.money.forecast import Rates


@dataclass(frozen=True, slots=True)
class Quote:
    rates: Rates
    """Of one of them."""
    count: int
    span: timedelta
    """From now to the deadline."""
    spot: bool = False

    @property
    def per_hour(self) -> Decimal | None:
        """USD; None without a price for computing."""
        return None if self.rates.running is None else self.rates.running * self.count

    @property
    def to_deadline(self) -> Decimal | None:
        return None if self.per_hour is None else for_span(self.per_hour, self.span)
