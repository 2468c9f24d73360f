"""A budget, and how it stands this month."""

from __future__ import annotations

from typing import Any

from im.domain.money.amount import exact
from im.domain.money.budget import Use


def budget_json(use: Use) -> dict[str, Any]:
    """`owner` is null for the budget of everybody together; `unknown` names what has no known price and is in none of the sums."""
    return {
        "owner": use.budget.owner or None,
        "usd_per_month": exact(use.budget.usd_per_month),
        "usd_spent": exact(use.spent),
        "usd_promised": exact(use.promised),
        "usd_left": exact(use.left),
        "unknown": list(use.unknown),
    }
