"""How Vast bills: the GPU by the second while it runs, and the disk from the contract's first moment until it is destroyed."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from im.domain.money.forecast import Parts
from im.domain.money.rules import BillingRules

if TYPE_CHECKING:
    from im.domain.spec.spec import Spec

RULES = BillingRules(least=timedelta(0))
DEFAULT_DISK = 32
DISK = "host"
"""What its disk is of, by which it has a price."""


def expects(spec: Spec) -> Parts:
    """The address is the host's, and is in the price of the machine; the disk has one of its own."""
    return Parts(address=False, disk_gb=spec.disks[0].size_gb or DEFAULT_DISK, disk_type=DISK)
