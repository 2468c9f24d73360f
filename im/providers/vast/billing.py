"""How Vast bills: the GPU by the second while it runs, and the disk from the contract's first moment until it is destroyed."""

from __future__ import annotations

from datetime import timedelta

from im.domain.money.rules import BillingRules

RULES = BillingRules(least=timedelta(0))
