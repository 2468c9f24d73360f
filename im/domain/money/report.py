"""What was spent in a span of time, as people are told it."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from im.domain.money.bill import Bill, Window


@dataclass(frozen=True, slots=True)
class Line:
    """One line of `im cost`: a group, how many instances are in it, what they cost, and what is still promised."""

    group: str
    count: int
    bill: Bill
    to_deadline: Decimal | None
    at_most: bool = False
    """`to_deadline` holds limits that were set where prices are not known."""


@dataclass(frozen=True, slots=True)
class Report:
    """All lines of `im cost`, and their sum."""

    lines: tuple[Line, ...]
    total: Line
    window: Window
    sources: tuple[str, ...]
    """Where the prices come from."""
