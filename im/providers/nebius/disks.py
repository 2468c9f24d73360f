"""Disks of a machine: each made with it, and gone with it. Nebius calls them managed; others outlive their machine."""

from __future__ import annotations

from dataclasses import replace

from im.domain.errors import Refused
from im.domain.spec.disk import Disk

DEFAULT_KIND, DEFAULT_GB = "network-ssd", 93
"""93 GiB is a size that every type of disk can have, and room for each image."""
KINDS = {"network-ssd": 1, "network-hdd": 1, "network-ssd-non-replicated": 93, "network-ssd-io-m3": 93}
"""Types, in Nebius' own words, and the GiB that a size is a multiple of."""


def check_disk(disk: Disk, *, root: bool) -> Disk:
    """With its size, where the root disk has none said. Raises Refused for what im cannot have made."""
    if disk.keep:
        raise Refused(
            "a disk that is made with its machine at Nebius goes with it",
            "leave keep out; what is to be kept belongs on a disk or filesystem of yours",
        )
    if disk.snapshot or disk.iops or disk.throughput or not disk.encrypted:
        raise Refused(
            "a disk at Nebius has a size and a type, and nothing more that im knows", "write size=93,type=network-ssd"
        )
    kind = disk.kind or DEFAULT_KIND
    if kind not in KINDS:
        raise Refused(f"'{kind[:30]}' is no type of disk at Nebius", f"choose {', '.join(KINDS)}")
    if disk.size_gb is None and not root:
        raise Refused("a further disk needs a size", "write --volume 93 or --volume size=93,type=network-ssd")
    size, step = disk.size_gb or DEFAULT_GB, KINDS[kind]
    if size % step:
        raise Refused(
            f"a disk of the type {kind} has a multiple of {step} GB", f"write size={(size // step + 1) * step}"
        )
    return replace(disk, size_gb=size)


def in_api(kind: str) -> str:
    """The name of that type in the API."""
    return kind.upper().replace("-", "_")
