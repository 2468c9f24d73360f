"""How Lambda bills: each minute that has begun, from the moment a machine has booted to the one in which it is ended."""

from __future__ import annotations

from datetime import timedelta

from im.domain.money.rules import BillingRules

RULES = BillingRules(step=timedelta(minutes=1))
