"""How Azure bills: by the second while a machine is allocated; a static address for as long as it is there."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from im.domain.money.forecast import Parts
from im.domain.money.rules import BillingRules, While

if TYPE_CHECKING:
    from im.domain.spec.spec import Spec

RULES = BillingRules(computing=While.RUNNING, address=While.THERE, least=timedelta(0))


def expects(spec: Spec) -> Parts:
    """A public address, and the root disk, charged as the next larger of Azure's sizes."""
    from im.providers.azure.sizes import check_disk, tier_of  # of machines that are there, nothing is expected

    root = check_disk(spec.disks[0], root=True)
    assert root.kind is not None
    assert root.size_gb is not None
    kind, size = tier_of(root.kind, root.size_gb)
    return Parts(address=True, disk_gb=size, disk_type=kind)
