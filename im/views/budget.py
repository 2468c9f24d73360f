"""A budget, and how it stands this month; and read again."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from im.domain.money.amount import exact
from im.domain.money.budget import EVERYBODY, Budget, Use


def budget_json(use: Use) -> dict[str, Any]:
    """`owner` is null for the budget of everybody together; `unknown` names what has no known price and is in none of the sums."""
    told = {
        "owner": use.budget.owner or None,
        "usd_per_month": exact(use.budget.usd_per_month),
        "usd_spent": exact(use.spent),
        "usd_promised": exact(use.promised),
    }
    # of the figures that are told, so that they add up for who reads them
    return {**told, "usd_left": exact(_read(told, use.unknown).left), "unknown": list(use.unknown)}


def read_budget(told: Mapping[str, Any]) -> Use:
    return _read(told, tuple(told["unknown"]))


def _read(told: Mapping[str, Any], unknown: tuple[str, ...]) -> Use:
    month, spent, promised = (Decimal(told[f"usd_{what}"]) for what in ("per_month", "spent", "promised"))
    return Use(Budget(told["owner"] or EVERYBODY, month), spent, promised, unknown)
