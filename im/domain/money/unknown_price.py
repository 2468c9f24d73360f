"""A price that a budget needs and nobody knows: apart from budgets, which few have."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from im.domain.errors import OverLimit

if TYPE_CHECKING:
    from im.domain.money.bill import Item


class PriceUnknown(OverLimit):
    """A budget cannot be kept because nobody has told yet what `items` cost; a worker can be asked."""

    def __init__(self, message: str, hint: str, items: Sequence[Item], account: str) -> None:
        super().__init__(message, hint)
        self.items = tuple(items)
        self.account = account
