"""Sizes, images and disks, as far as they are known without asking."""

from __future__ import annotations

import difflib
import re
from dataclasses import dataclass

from im.domain.errors import Refused
from im.domain.spec.disk import Disk

DEFAULT_SIZE, DEFAULT_SPOT_SIZE = "Standard_B1s", "Standard_D2as_v5"
_SIZE = re.compile(r"Standard_[A-Z]{1,3}\d+(?:-\d+)?(?P<features>[a-z]*)(?:_[A-Z0-9]+)?(?:_v\d+)?(?:_Promo)?", re.ASCII)
_USUAL = (
    *("Standard_B1s", "Standard_B2s", "Standard_B2ats_v2", "Standard_B2pts_v2", "Standard_D2as_v5", "Standard_D2s_v5"),
    *("Standard_D4s_v5", "Standard_D8s_v5", "Standard_E2s_v5", "Standard_E4s_v5", "Standard_F2s_v2", "Standard_F4s_v2"),
)
LEAST_GB = 30
"""What a Linux image needs."""


@dataclass(frozen=True, slots=True)
class Image:
    """One of the market's, for both architectures."""

    publisher: str
    offer: str
    sku: str
    sku_arm: str


IMAGES = {
    "ubuntu-24.04": Image("Canonical", "ubuntu-24_04-lts", "server", "server-arm64"),
    "ubuntu-26.04": Image("Canonical", "ubuntu-26_04-lts", "server", "server-arm64"),
    "debian-12": Image("Debian", "debian-12", "12-gen2", "12-arm64"),
}
DEFAULT_IMAGE = "ubuntu-24.04"
ALIASES = {"ubuntu": "ubuntu-24.04", "debian": "debian-12"}
_URN = re.compile(r"[\w.-]{1,64}:[\w.-]{1,64}:[\w.-]{1,64}:(?:latest|\d[\d.]*)", re.ASCII)
_OWN = re.compile(
    r"/subscriptions/[\w-]+/resourcegroups/[\w.()-]+/providers/microsoft\.compute/[\w./-]+", re.ASCII | re.IGNORECASE
)

KINDS = {"standardssd_lrs": "StandardSSD_LRS", "premium_lrs": "Premium_LRS"}
"""Disks as people write them, and as Azure does."""
DEFAULT_KIND = "standardssd_lrs"
_LETTERS = {"standardssd_lrs": "e", "premium_lrs": "p"}
_TIERS = (
    *((4, 32), (6, 64), (10, 128), (15, 256), (20, 512), (30, 1024), (40, 2048), (50, 4096), (60, 8192)),
    *((70, 16384), (80, 32767)),
)
"""(number, GiB): a disk is charged as the next larger of these."""


_SLEEP = re.compile(r"Standard_(?:[DE]\d+[a-z]*s_v[5-9]|NV\d+\S*)", re.ASCII)


def hibernates(size: str) -> bool:
    """Of a family whose memory Azure keeps (learn.microsoft.com/azure/virtual-machines/hibernate-resume); how much, Azure says."""
    return _SLEEP.fullmatch(size) is not None and not is_arm(size)


def check_size(name: str) -> str:
    """`name` itself. Raises Refused when it cannot be a size; whether it is sold is for Azure to say."""
    if _SIZE.fullmatch(name):
        return name
    shown, bare = name[:40], re.sub(r"^standard[_-]?", "", name.strip(), flags=re.IGNORECASE)
    meant = f"Standard_{bare}"
    if bare and _SIZE.fullmatch(meant):
        raise Refused(f"'{shown}' is not a size of Azure's", f"did you mean {meant}?")
    near = next((one for one in _USUAL if one.lower() == meant.lower()), None)
    close = [near] if near else difflib.get_close_matches(meant, _USUAL, n=1, cutoff=0.8)
    hint = f"did you mean {close[0]}?" if close else f"sizes look like {DEFAULT_SIZE} or {DEFAULT_SPOT_SIZE}"
    raise Refused(f"'{shown}' is not a size of Azure's", hint)


def is_arm(size: str) -> bool:
    """The letter p among a size's features means Arm: Standard_D2ps_v5."""
    found = _SIZE.fullmatch(size)
    return found is not None and "p" in found["features"]


def lends_spot(size: str) -> bool:
    """Azure has no spot machines of its B series, nor of what is on promotion."""
    return not size.startswith("Standard_B") and not size.endswith("_Promo")


def check_image(name: str | None) -> str:
    """An alias, a URN, or the id of an image of one's own. Raises Refused."""
    if name is None:
        return DEFAULT_IMAGE
    meant = ALIASES.get(name, name)
    if "windows" in meant.lower():
        raise Refused("im makes no Windows machines at Azure yet", f"choose {' or '.join(IMAGES)}, or a URN of Linux")
    if meant in IMAGES or _URN.fullmatch(meant) or _OWN.fullmatch(meant):
        return meant
    near = difflib.get_close_matches(name.lower(), IMAGES, n=1)
    hint = f"did you mean {near[0]}?" if near else f"write {', '.join(IMAGES)}, or Publisher:Offer:Sku:latest"
    raise Refused(f"'{name[:60]}' is not an image of Azure's", hint)


def reference(image: str, size: str) -> dict[str, str]:
    """The image as a request names it."""
    if image.startswith("/"):
        return {"id": image}
    if (alias := IMAGES.get(image)) is not None:
        sku = alias.sku_arm if is_arm(size) else alias.sku
        return {"publisher": alias.publisher, "offer": alias.offer, "sku": sku, "version": "latest"}
    publisher, offer, sku, version = image.split(":")
    return {"publisher": publisher, "offer": offer, "sku": sku, "version": version}


def check_disk(disk: Disk, *, root: bool) -> Disk:
    """A disk with its size and kind filled in. Raises Refused for what Azure does not have, or im does not do there."""
    kind = disk.kind or DEFAULT_KIND
    if kind not in KINDS:
        near = difflib.get_close_matches(kind, KINDS, n=1, cutoff=0.4)
        hint = f"did you mean {near[0]}?" if near else f"write type={' or type='.join(KINDS)}"
        raise Refused(f"'{kind[:40]}' is no kind of disk at Azure", hint)
    if disk.iops or disk.throughput:
        raise Refused("at Azure what a disk does in a second comes with its size", "leave iops and throughput out")
    if disk.snapshot:
        raise Refused("im makes no disks from snapshots at Azure yet", "leave snapshot out")
    if not disk.encrypted:
        raise Refused("at Azure every disk is encrypted at rest", "leave encrypted=no out")
    if root and disk.keep:
        raise Refused("im does not keep the root disk of a machine at Azure", "leave keep out, or keep a --volume")
    if root and disk.size_gb is not None and disk.size_gb < LEAST_GB:
        raise Refused(f"a root disk has {LEAST_GB} GB at least at Azure", f"write {LEAST_GB}")
    if (disk.size_gb or 0) > _TIERS[-1][1]:
        raise Refused(f"{disk.size_gb} GB are more than a disk can have at Azure", f"at most {_TIERS[-1][1]}")
    return Disk(disk.size_gb or LEAST_GB, kind, keep=disk.keep)


def tier_of(kind: str, size_gb: int) -> tuple[str, int]:
    """What a disk is charged as: `standardssd-e4` and its 32 GB, of a disk of 30."""
    number, whole = next((one for one in _TIERS if size_gb <= one[1]), _TIERS[-1])
    return f"{kind.partition('_')[0]}-{_LETTERS[kind]}{number}", whole


def gb_of_tier(name: str) -> int | None:
    """GiB of `standardssd-e4`; None for what is no tier."""
    found = re.fullmatch(r"(?:standardssd-e|premium-p)(\d+)", name, re.ASCII)
    return dict(_TIERS).get(int(found[1])) if found else None
