"""What the name of an instance type tells without asking anyone: for the prompt, and where EC2 may not be asked.

The rule holds for every one of the 1,395 types that moto's copy of AWS's own table lists; a test holds it to them.
"""

from __future__ import annotations

import re
from collections.abc import Collection
from difflib import SequenceMatcher

X86, ARM = "x86_64", "arm64"

# Graviton puts a g behind the generation (m7g, c7gn, im4gn, is4gen); a1 was the first of them, Grace says gb200
_ARM_FAMILY = re.compile(r"a1|[a-z]+\d+g[a-z]*(?:-.*)?|[a-z0-9]+-gb\d+", re.ASCII)
HIBERNATING = frozenset(
    "c3 c4 c5 c5d c6a c6g c6gd c6gn c6i c6id c6in c7a c7g c7gd c7gn c7i c7i-flex c8a c8g c8gb c8gd c8gn c8i c8i-flex c8ib "
    "c8in c9g c9gd i3 i3en i4g i7i i7ie i8g i8ge im4gn is4gen m3 m4 m5 m5a m5ad m5d m6a m6g m6gd m6i m6id m6idn m6in m7a "
    "m7g m7gd m7i m7i-flex m8a m8azn m8g m8gb m8gd m8gn m8i m8i-flex m8ib m8idb m8idn m8in m9g m9gd r3 r4 r5 r5a r5ad r5d "
    "r6a r6g r6gd r6idn r6in r7a r7g r7gd r7i r7iz r8a r8g r8gb r8gd r8gn r8i r8i-flex r8ib r8idb r8idn r8in r9g r9gd t2 t3 "
    "t3a t4g t8i x2gd x8aedz x8i".split()
)
"""Families of which some size can hibernate, by AWS's own table; which sizes, and where, is for EC2 to say."""
ON_DEMAND_ONLY = re.compile(r"mac.*|hpc.*|u-.*|u7i.*|trn2u", re.ASCII)
"""Families that EC2 never lends from its spare room: Macs, high performance computing, very much memory."""
USUAL, NEWER = "t2.nano", "t3.nano"
"""The smallest type, and the one in its place where that is not sold or not lent."""
_SELLS_T2 = frozenset(
    "us-east-1 us-east-2 us-west-1 us-west-2 ca-central-1 sa-east-1 eu-central-1 eu-west-1 eu-west-2 eu-west-3 ap-south-1 "
    "ap-northeast-1 ap-northeast-2 ap-northeast-3 ap-southeast-1 ap-southeast-2 cn-north-1 cn-northwest-1 us-gov-west-1".split()
)
"""The regions from before t3, by AWS's own table; no later one has ever got t2."""
_WITHOUT_T2 = frozenset(
    "us-west-2d ca-central-1d sa-east-1b eu-west-2d ap-south-1c ap-northeast-2b ap-northeast-2d ap-northeast-3b "
    "ap-northeast-3c".split()
)
"""Zones of these regions that have none all the same."""
_TWIN = {X86: "t3", ARM: "t4g"}
_TWIN_SIZES = ("nano", "micro", "small", "medium", "large", "xlarge")


def architecture_of(instance_type: str) -> str:
    """`arm64` for Graviton and Grace, else `x86_64`."""
    return ARM if _ARM_FAMILY.fullmatch(instance_type.partition(".")[0]) else X86


def cannot_hibernate(instance_type: str) -> str:
    """Why a type cannot hibernate, with one that can behind it; empty when it can, as far as its name tells."""
    family, _, size = instance_type.partition(".")
    if family not in HIBERNATING:
        return f"{instance_type} is of a family that cannot hibernate; {twin_of(instance_type, architecture_of(instance_type))} can"
    if size.startswith("metal"):
        return f"bare metal cannot hibernate; {family}.large can"
    if size == "nano":
        # EC2 would try, and AWS advises at least 1 GB: what does not fit is lost with the stop
        return f"{instance_type} has too little memory to hibernate; {family}.micro can"
    return ""


_BURSTABLE = frozenset({"t2", "t3", "t3a", "t4g", "t8i"})
_BURSTABLE_GB = {"micro": 1, "small": 2, "medium": 4, "large": 8, "xlarge": 16, "2xlarge": 32}
_REGULAR = re.compile(r"(?P<kind>[cmr])(?:[5-9]|\d{2})[a-z]*(?:-flex)?", re.ASCII)
_GB_PER_VCPU = {"c": 2, "m": 4, "r": 8}


def default_type(region: str, zone: str) -> tuple[str, str]:
    """(type, why it is not the usual one) of a machine of which nobody named a type; empty where it is the usual one."""
    local = zone.removeprefix(region).count("-") > 0
    if region in _SELLS_T2 and zone not in _WITHOUT_T2 and not local:
        return USUAL, ""
    return NEWER, f"no type was named, and {region if region not in _SELLS_T2 else zone} sells no {USUAL}"


def near_types(asked: str, sold: Collection[str]) -> list[str]:
    """Up to three of `sold`, the nearest first: of the same size and architecture, in a family of nearly the same name."""
    family, _, size = asked.partition(".")

    def unlike(other: str) -> tuple[bool, bool, float, str]:
        its, _, its_size = other.partition(".")
        alike = SequenceMatcher(None, family, its).ratio()
        return (architecture_of(other) != architecture_of(asked), its_size != size, -alike, other)

    ranked = sorted((one for one in sold if one[0] == asked[0]), key=unlike) or sorted(sold, key=unlike)
    return ranked[:3]


def memory_of(instance_type: str) -> int | None:
    """GiB of memory, rounded up, of a type that can hibernate; None where its name does not tell."""
    family, _, size = instance_type.partition(".")
    if family in _BURSTABLE:
        return _BURSTABLE_GB.get(size)
    regular, large = _REGULAR.fullmatch(family), re.fullmatch(r"(\d{0,2})xlarge", size, re.ASCII)
    if regular is None or not (large or size in ("medium", "large")):
        return None
    vcpus = 4 * int(large[1] or 1) if large else {"medium": 1, "large": 2}[size]
    return vcpus * _GB_PER_VCPU[regular["kind"]]


def cannot_spot(instance_type: str) -> str:
    """A type to be had instead when this one is never lent as spot; empty when it may be, as far as its name tells."""
    if instance_type == USUAL:
        return NEWER
    if not ON_DEMAND_ONLY.fullmatch(instance_type.partition(".")[0]):
        return ""
    return "m7g.large" if architecture_of(instance_type) == ARM else "m7i.large"


def twin_of(instance_type: str, architecture: str) -> str:
    """A small type of that architecture, of the same size where there is one: for hints."""
    size = instance_type.partition(".")[2]
    return f"{_TWIN[architecture]}.{size if size in _TWIN_SIZES else 'large'}"
