"""How Nebius bills: computing while a machine runs, its disks as long as they are there.

A machine that its own guest has shut down is charged on; in which steps time is charged, Nebius does not say.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from im.domain.money.forecast import Parts
from im.domain.money.rules import BillingRules
from im.providers.nebius.disks import DEFAULT_KIND

if TYPE_CHECKING:
    from im.domain.spec.spec import Spec

RULES = BillingRules()


def expects(spec: Spec) -> Parts:
    """Disks of the root disk's type. What a public address costs Nebius does not say where it sells them, if anything."""
    root, *more = spec.disks
    kind = root.kind or DEFAULT_KIND
    size = (root.size_gb or 0) + sum(one.size_gb or 0 for one in more if (one.kind or DEFAULT_KIND) == kind)
    return Parts(address=False, disk_gb=size or None, disk_type=kind)
