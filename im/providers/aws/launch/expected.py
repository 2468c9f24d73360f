"""What a machine is going to be charged for beside computing, until it is seen."""

from __future__ import annotations

from typing import TYPE_CHECKING

from im.domain.money.forecast import Parts
from im.providers.aws.launch.images import ALIASES

if TYPE_CHECKING:
    from im.domain.spec.spec import Spec


def expects(spec: Spec) -> Parts:
    """A public address, unless it is to have none; and the disks that were named, else the image's own."""
    image = ALIASES.get(spec.image)
    root, *more = spec.disks
    kind, own = root.kind or (image.disk if image else None), image.least_gb if image else None
    if spec.hibernate:
        from im.providers.aws.launch.options import hibernating_gb

        own = hibernating_gb(spec.image, spec.instance_type)
    size = root.size_gb or own
    if size is not None:
        size += sum(disk.size_gb or 0 for disk in more if disk.kind == kind)
    return Parts(address=spec.public_ip is not False, disk_gb=size, disk_type=kind)
