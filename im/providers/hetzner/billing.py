"""How Hetzner bills: each hour that has begun, of a server that exists, up to the monthly price; a primary address alike."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from im.domain.money.forecast import Parts
from im.domain.money.rules import BillingRules, While

if TYPE_CHECKING:
    from im.domain.spec.spec import Spec

RULES = BillingRules(
    computing=While.THERE, address=While.THERE, least=timedelta(hours=1), step=timedelta(hours=1), monthly_cap=True
)


def expects(_spec: Spec) -> Parts:
    """An IPv4 address of its own price; the disk is in the price of the server."""
    return Parts(address=True, disk_gb=0, disk_type="included")
