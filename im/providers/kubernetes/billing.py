"""How a pod is billed: by what it asks for, while it runs; a claim for as long as it is there."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from decimal import Decimal
from typing import TYPE_CHECKING

from im.domain.errors import Refused
from im.domain.money.forecast import Parts
from im.domain.money.rules import BillingRules, While
from im.providers.kubernetes.shapes import shape_of

if TYPE_CHECKING:
    from im.domain.spec.spec import Spec

CPU, GIB, GPU = "cpu", "gib", "gpu"
"""Items that somebody may state a price of, an hour each; the last as `gpu:a100`."""


def made_of(name: str) -> Mapping[str, Decimal]:
    """`8x32+a100:2` → 8 cpu, 32 gib, 2 gpu:a100; of what is no size: nothing."""
    try:
        shape = shape_of(name)
    except Refused:
        return {}
    gpus = {f"{GPU}:{shape.gpu}": Decimal(shape.gpus)} if shape.gpu else {}
    return {CPU: shape.cpu, GIB: shape.gib, **gpus}


# a cluster has prices of its own, in all its namespaces: its account names it
RULES = BillingRules(
    computing=While.RUNNING, address=While.RUNNING, least=timedelta(0), made_of=made_of, priced_by_account=True
)
DEFAULT_GB, USUAL_CLASS = 20, "default"
"""Of a claim whose size, or class, nobody says."""


def expects(spec: Spec) -> Parts:
    """No address of its own; its disk is a claim, which is charged as the cluster charges its class."""
    disk = spec.disks[0]
    return Parts(address=False, disk_gb=disk.size_gb or DEFAULT_GB, disk_type=disk.kind or USUAL_CLASS)
