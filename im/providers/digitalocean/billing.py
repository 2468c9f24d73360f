"""How DigitalOcean bills: by the second since 2026-01-01, a minute or a cent at least, up to the monthly price in each month."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal
from typing import TYPE_CHECKING

from im.domain.money.forecast import Parts
from im.domain.money.rules import BillingRules, While

if TYPE_CHECKING:
    from im.domain.spec.spec import Spec

RULES = BillingRules(
    computing=While.THERE, address=While.THERE, least=timedelta(seconds=60), least_usd=Decimal("0.01"), monthly_cap=True
)


def expects(_spec: Spec) -> Parts:
    """Address and disk are in the price of the droplet."""
    return Parts(address=False, disk_gb=0, disk_type="included")
