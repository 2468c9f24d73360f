"""How Lambda bills: each minute that has begun, from the moment a machine has booted to the one in which it is ended."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from im.domain.money.forecast import Parts
from im.domain.money.rules import BillingRules

if TYPE_CHECKING:
    from im.domain.spec.spec import Spec

RULES = BillingRules(step=timedelta(minutes=1))


def expects(_spec: Spec) -> Parts:
    """Address and disk are in the price of the machine."""
    return Parts(address=False, disk_gb=0, disk_type="included")
