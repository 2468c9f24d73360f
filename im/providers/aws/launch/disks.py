"""EBS: what each volume type allows, the nearest value that is allowed, and the request for the disks of a launch.

Limits as in the EBS user guide, "Amazon EBS volume types" (of late 2025); EC2 has the last word.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from im.domain.errors import Refused
from im.providers.aws.launch.images import ALIASES, Image

if TYPE_CHECKING:
    from im.domain.spec.disk import Disk


@dataclass(frozen=True, slots=True)
class Kind:
    """Sizes in GiB; `per_gb`: IOPS that each GiB allows; no `iops`: they cannot be chosen."""

    least: int
    most: int
    iops: tuple[int, int] | None = None
    per_gb: int = 0
    throughput: tuple[int, int] | None = None
    boots: bool = True
    needs_iops: bool = False


KINDS = {
    "gp3": Kind(1, 65_536, (3_000, 80_000), 500, (125, 2_000)),
    "gp2": Kind(1, 16_384),
    "io1": Kind(4, 16_384, (100, 64_000), 50, needs_iops=True),
    "io2": Kind(4, 65_536, (100, 256_000), 1_000, needs_iops=True),
    "st1": Kind(125, 16_384, boots=False),
    "sc1": Kind(125, 16_384, boots=False),
    "standard": Kind(1, 1_024),
}
DEFAULT_KIND = "gp3"
DEVICES = tuple(f"/dev/sd{letter}" for letter in "fghijklmnop")
"""The names that EC2 recommends for further volumes, in the order in which they are given out."""

_SNAPSHOT = re.compile(r"snap-(?:[0-9a-f]{8}|[0-9a-f]{17})", re.ASCII)
_KEY_ID = r"(?:mrk-[0-9a-f]{32}|[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})"
_KMS = rf"{_KEY_ID}|alias/[A-Za-z0-9/_-]{{1,250}}"
_KMS_ARN = rf"arn:aws[a-z-]*:kms:(?P<region>[a-z0-9-]+):\d{{12}}:(?:key/{_KEY_ID}|alias/[A-Za-z0-9/_-]{{1,250}})"


def check_disks(root: Disk | None, more: Sequence[Disk], image: str) -> tuple[Disk | None, tuple[Disk, ...]]:
    """The disks, volumes with their type named. Raises Refused with the nearest right value."""
    if len(more) > len(DEVICES):
        raise Refused(f"{len(more)} volumes are more than a machine can be given", f"name at most {len(DEVICES)}")
    if root is not None:
        _check_root(root, image)
    named = tuple(disk if disk.kind else replace(disk, kind=DEFAULT_KIND) for disk in more)
    for disk in named:
        if disk.size_gb is None and disk.snapshot is None:
            raise Refused("a volume needs a size", "--volume size=100")
        _check(disk, disk.kind or DEFAULT_KIND, disk.size_gb)
    return root, named


def _check_root(root: Disk, image: str) -> None:
    if root.snapshot:
        raise Refused(
            "the root disk comes from the image, not from a snapshot", "--volume snapshot=… makes a second one"
        )
    if root.kind in KINDS and not KINDS[root.kind].boots:
        raise Refused(f"no machine boots from {root.kind}", f"did you mean type={DEFAULT_KIND}?")
    least = ALIASES[image].least_gb if image in ALIASES else 1
    if root.size_gb is not None and root.size_gb < least:
        raise Refused(f"{image} needs a root disk of {least} GB", f"--disk {least}")
    _check(root, root.kind or DEFAULT_KIND, root.size_gb or least)


def _check(disk: Disk, kind: str, size: int | None) -> None:
    if kind not in KINDS:
        near = difflib.get_close_matches(kind, KINDS, n=1)
        hint = f"did you mean type={near[0]}?" if near else f"use one of {', '.join(KINDS)}"
        raise Refused(f"'{kind[:20]}' is no type of volume", hint)
    can = KINDS[kind]
    if size is not None and not can.least <= size <= can.most:
        raise Refused(
            f"{kind} volumes have {can.least} to {can.most} GB", f"size={min(max(size, can.least), can.most)}"
        )
    if disk.iops is not None and can.iops is None:
        raise Refused(f"the IOPS of {kind} cannot be chosen", f"type=io2 or type={DEFAULT_KIND}, or leave iops out")
    if disk.iops is None and can.needs_iops:
        raise Refused(f"{kind} needs to know how many IOPS", f"iops={min(can.iops[1], can.per_gb * (size or 4))}")  # type: ignore[index]
    if disk.iops is not None and can.iops is not None:
        _check_iops(disk.iops, kind, can, size)
    if disk.throughput is not None:
        _check_throughput(disk.throughput, kind, can)
    if disk.snapshot is not None and not _SNAPSHOT.fullmatch(disk.snapshot):
        raise Refused(f"'{disk.snapshot[:40]}' is not the id of a snapshot", "it looks like snap-0123456789abcdef0")


def _check_iops(iops: int, kind: str, can: Kind, size: int | None) -> None:
    assert can.iops is not None
    least, most = can.iops
    if size is not None:
        most = max(least, min(most, can.per_gb * size))
    if not least <= iops <= most:
        told = f"{kind} of {size} GB" if size else kind
        raise Refused(f"{told} has {least} to {most} IOPS", f"iops={min(max(iops, least), most)}")


def _check_throughput(throughput: int, kind: str, can: Kind) -> None:
    if can.throughput is None:
        raise Refused(f"the throughput of {kind} cannot be chosen", f"type={DEFAULT_KIND}, or leave throughput out")
    least, most = can.throughput
    if not least <= throughput <= most:
        raise Refused(f"{kind} has {least} to {most} MiB/s", f"throughput={min(max(throughput, least), most)}")


def check_kms_key(key: str, region: str, disks: Sequence[Disk]) -> str:
    """A key's id, alias or ARN. Raises Refused, also when the key lies in another region or nothing is encrypted with it."""
    written = key.strip()
    arn = re.fullmatch(_KMS_ARN, written, re.ASCII)
    if not arn and not re.fullmatch(_KMS, written, re.ASCII):
        raise Refused(f"'{written[:40]}' names no KMS key", "use a key's id, its ARN, or alias/NAME")
    if arn and arn["region"] != region:
        raise Refused(f"that KMS key lies in {arn['region']}, and the machine in {region}", f"use a key of {region}")
    if disks and not any(disk.encrypted for disk in disks):
        raise Refused("no disk is to be encrypted, and a KMS key is named", "leave --kms-key out, or encrypted=no")
    return written


def root_size(disk: Disk, image: Image, room_for_memory: int = 0) -> int | None:
    """GiB of the root disk: as asked for, else the image's own and what a hibernating machine writes beside it."""
    if disk.size_gb is not None or image.root_size is None:
        return disk.size_gb
    return image.root_size + room_for_memory


def mappings(disks: Sequence[Disk], image: Image, kms_key: str | None, size: int | None) -> list[dict[str, Any]]:
    """BlockDeviceMappings: the root disk under the image's name for it, the others after EC2's recommendation.

    The image's own size and type are named, because a disk that is to be encrypted is described anew.
    """
    root = replace(disks[0], size_gb=size, kind=disks[0].kind or image.root_type)
    devices = (image.root_device, *(one for one in DEVICES if one != image.root_device))
    return [
        {"DeviceName": device, "Ebs": _ebs(disk, kms_key)}
        for device, disk in zip(devices, (root, *disks[1:]), strict=False)
    ]


def _ebs(disk: Disk, kms_key: str | None) -> dict[str, Any]:
    asked: dict[str, Any] = {
        "DeleteOnTermination": not disk.keep,
        "VolumeSize": disk.size_gb,
        "VolumeType": disk.kind,
        "Iops": disk.iops,
        "Throughput": disk.throughput,
        "SnapshotId": disk.snapshot,
        # left out rather than false: the account may insist on encryption, and a snapshot may be encrypted already
        "Encrypted": True if disk.encrypted else None,
        "KmsKeyId": kms_key if disk.encrypted else None,
    }
    return {name: value for name, value in asked.items() if value is not None}
