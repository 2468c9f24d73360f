"""What a machine of the cloud in memory is charged for."""

from __future__ import annotations

from typing import TYPE_CHECKING

from im.domain.money.forecast import Parts

if TYPE_CHECKING:
    from im.domain.spec.spec import Spec


def expects(_spec: Spec) -> Parts:
    """All are alike."""
    return Parts(address=True, disk_gb=100, disk_type="fast")
