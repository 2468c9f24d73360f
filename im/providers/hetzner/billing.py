"""How Hetzner bills: each hour that has begun, of a server that exists, up to the monthly price; a primary address alike."""

from __future__ import annotations

from datetime import timedelta

from im.domain.money.rules import BillingRules, While

RULES = BillingRules(
    computing=While.THERE, address=While.THERE, least=timedelta(hours=1), step=timedelta(hours=1), monthly_cap=True
)
