"""Disks of a machine as people wish them: `100`, or `size=100,type=io2,iops=4000,keep`. What a cloud can give is its own affair."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from im.domain.errors import Refused, near

MOST_GB = 1_000_000


@dataclass(frozen=True, slots=True)
class Disk:
    """One disk. None: as the image or the cloud has it. `size_gb` in GiB, `throughput` in MiB per second."""

    size_gb: int | None = None
    kind: str | None = None
    iops: int | None = None
    throughput: int | None = None
    encrypted: bool = True
    keep: bool = False
    """It outlives its machine, and goes on costing."""
    snapshot: str | None = None

    @property
    def sentence(self) -> str:
        """`100 GB io2, 4000 IOPS, kept when the machine is terminated`."""
        what = " ".join(filter(None, (f"{self.size_gb} GB" if self.size_gb else "the image's size", self.kind)))
        facts = [
            what,
            f"{self.iops} IOPS" if self.iops else "",
            f"{self.throughput} MiB/s" if self.throughput else "",
            f"from {self.snapshot}" if self.snapshot else "",
            "" if self.encrypted else "not encrypted",
            "kept when the machine is terminated" if self.keep else "",
        ]
        return ", ".join(fact for fact in facts if fact)


_KEYS = ("size", "type", "iops", "throughput", "encrypted", "keep", "snapshot")


def parse_disk(text: str) -> Disk:
    """A disk as written after `--disk` or `--volume`. Raises Refused with the nearest right form."""
    given: dict[str, Any] = {}
    for part in text.split(","):
        key, equals, value = (word.strip() for word in part.partition("="))
        if not equals and not given and key[:1].isdigit():
            key, value = "size", key
        elif not equals and key == "keep":
            value = "yes"
        if key not in _KEYS:
            alike = near(key, _KEYS)
            raise Refused(
                f"'{part[:40]}' says nothing of a disk",
                f"did you mean {alike[0]}?"
                if alike
                else f"write {', '.join(f'{one}=' for one in _KEYS)} as in size=100,type=gp3",
            )
        if key in given:
            raise Refused(f"'{text[:60]}' says {key} twice", "leave one of them out")
        given[key] = _VALUES.get(key, _word)(key, value)
    return Disk(
        size_gb=given.get("size"),
        kind=given.get("type"),
        iops=given.get("iops"),
        throughput=given.get("throughput"),
        encrypted=given.get("encrypted", True),
        keep=given.get("keep", False),
        snapshot=given.get("snapshot"),
    )


def _size(key: str, value: str) -> int:
    small = value.lower()
    for ending, times in (("tb", 1024), ("gb", 1), ("gib", 1), ("g", 1), ("t", 1024)):
        if small.endswith(ending):
            return _number(key, small[: -len(ending)]) * times
    return _number(key, small)


def _number(key: str, value: str) -> int:
    written = value.strip()
    if not (written.isascii() and written.isdigit() and len(written) <= 12) or not 0 < int(written) <= MOST_GB:
        raise Refused(f"'{value[:20]}' is no {key} for a disk", f"write a whole number, as in {key}=100")
    return int(written)


def _yes(key: str, value: str) -> bool:
    if value.lower() not in ("yes", "no", "true", "false"):
        raise Refused(f"'{value[:20]}' is neither yes nor no", f"write {key}=yes or {key}=no")
    return value.lower() in ("yes", "true")


def _word(key: str, value: str) -> str:
    if not value:
        raise Refused(f"{key}= says nothing", f"leave {key} out for the usual one")
    return value.lower()


_VALUES: dict[str, Any] = {"size": _size, "iops": _number, "throughput": _number, "encrypted": _yes, "keep": _yes}


def fate(disks: Sequence[Disk]) -> str:
    """What ends with the machine, and what stays: `the root disk is deleted · 100 GB gp3 is kept, and costs on`."""
    told = []
    for number, disk in enumerate(disks):
        named = "the root disk" if number == 0 else f"the volume of {disk.size_gb} GB" if disk.size_gb else "a volume"
        told.append(f"{named} is kept, and goes on costing" if disk.keep else f"{named} is deleted")
    return " · ".join(told)
