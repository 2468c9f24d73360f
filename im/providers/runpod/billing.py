"""How RunPod bills: by the second while a pod runs, from its creation on; a stopped one's volume at twice the price.

https://docs.runpod.io/pods/pricing, read in August 2026: a volume costs 10 cents a GB and month, 20 while its pod is stopped.
"""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal
from typing import TYPE_CHECKING

from im.domain.money.forecast import Parts
from im.domain.money.rules import BillingRules

if TYPE_CHECKING:
    from im.domain.spec.spec import Spec

RULES = BillingRules(least=timedelta(0), disk_stopped=Decimal(2))
DISK = "workspace"
"""The word for the volume that a stop keeps."""
VOLUME = Decimal("0.10")
"""USD per GB and month."""


def expects(spec: Spec) -> Parts:
    """The address is in the price of the pod."""
    return Parts(address=False, disk_gb=sum(one.size_gb or 0 for one in spec.disks[1:]), disk_type=DISK)
