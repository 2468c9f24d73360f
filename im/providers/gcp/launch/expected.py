"""What a machine is going to be charged for beside computing, until it is seen."""

from __future__ import annotations

from typing import TYPE_CHECKING

from im.domain.money.forecast import Parts
from im.providers.gcp.launch import images, types

if TYPE_CHECKING:
    from im.domain.spec.spec import Spec


def expects(spec: Spec) -> Parts:
    """An address while it runs, unless it is to have none; and the disks."""
    root, *more = spec.disks
    kind = root.kind or types.default_disk(spec.instance_type)
    size = root.size_gb or images.size_of(spec.image)
    if size is not None:
        size += sum(disk.size_gb or 0 for disk in more if disk.kind in (None, kind))
    return Parts(address=spec.public_ip is not False, disk_gb=size, disk_type=kind)
