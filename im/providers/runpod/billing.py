"""How RunPod bills: by the second while a pod runs, from its creation on; a stopped one's volume at twice the price.

https://docs.runpod.io/pods/pricing, read in August 2026: a volume costs 10 cents a GB and month, 20 while its pod is stopped; the
container's own disk 10 while its pod runs, and nothing once that is stopped, which empties it.
"""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal
from typing import TYPE_CHECKING

from im.domain.money.forecast import Parts
from im.domain.money.rules import BillingRules

if TYPE_CHECKING:
    from im.domain.spec.spec import Spec

DISK = "workspace"
"""The word for the volume that a stop keeps."""
VOLUME = CONTAINER = Decimal("0.10")
"""USD per GB and month."""
CONTAINER_GB = 20
"""Of a container's own disk of which nobody says how large it is."""


def container(spec: Spec) -> Decimal:
    """USD an hour of its own disk."""
    size = (spec.disks[0].size_gb if spec.disks else None) or CONTAINER_GB
    return CONTAINER * size / RULES.hours_in_month


RULES = BillingRules(least=timedelta(0), disk_stopped=Decimal(2), beside=container)


def expects(spec: Spec) -> Parts:
    """The address is in the price of the pod."""
    return Parts(address=False, disk_gb=sum(one.size_gb or 0 for one in spec.disks[1:]), disk_type=DISK)
