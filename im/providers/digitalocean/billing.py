"""How DigitalOcean bills: by the second since 2026-01-01, a minute or a cent at least, up to the monthly price in each month."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal

from im.domain.money.rules import BillingRules, While

RULES = BillingRules(
    computing=While.THERE, address=While.THERE, least=timedelta(seconds=60), least_usd=Decimal("0.01"), monthly_cap=True
)
