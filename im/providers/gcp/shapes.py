"""What a machine type is made of, as Google bills it: vCPUs and GB of memory, each with a price of its own.

Memory per vCPU: https://cloud.google.com/compute/docs/machine-resource; of the shared types a part of a vCPU is billed.
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

from im.providers.gcp.launch.types import family_of

_GB: dict[str, dict[str, str]] = {
    "e2": {"standard": "4", "highmem": "8", "highcpu": "1"},
    "n1": {"standard": "3.75", "highmem": "6.5", "highcpu": "0.9"},
    "n2": {"standard": "4", "highmem": "8", "highcpu": "1"},
    "n2d": {"standard": "4", "highmem": "8", "highcpu": "1"},
    "n4": {"standard": "4", "highmem": "8", "highcpu": "2"},
    "t2d": {"standard": "4"},
    "t2a": {"standard": "4"},
    "c2": {"standard": "4"},
    "c2d": {"standard": "4", "highmem": "8", "highcpu": "2"},
    "c3": {"standard": "4", "highmem": "8", "highcpu": "2"},
    "c3d": {"standard": "4", "highmem": "8", "highcpu": "2"},
    "c4a": {"standard": "4", "highmem": "8", "highcpu": "2"},
}
"""GB for each vCPU."""
_SHARED = {"e2-micro": ("0.25", "1"), "e2-small": ("0.5", "2"), "e2-medium": ("1", "4")}
_ODD = ("n2-highmem-128",)
"""Has less memory than its vCPUs would bring it."""


@dataclass(frozen=True, slots=True)
class Shape:
    family: str
    vcpus: Decimal
    gb: Decimal


def shape(instance_type: str) -> Shape | None:
    """None for a type whose parts we do not know."""
    family, _, rest = instance_type.partition("-")
    if instance_type in _SHARED:
        vcpus, gb = _SHARED[instance_type]
        return Shape(family, Decimal(vcpus), Decimal(gb))
    kind, _, size = rest.partition("-")
    if family_of(instance_type) not in _GB:
        return None
    if kind == "custom" and family == "e2":  # of other families a custom shape is dearer than a usual one
        number, _, mb = size.partition("-")
        if number.isdigit() and mb.isdigit():
            return Shape(family, Decimal(number), Decimal(mb) / 1024)
    elif kind in _GB[family] and size.isdigit() and instance_type not in _ODD:
        return Shape(family, Decimal(size), Decimal(size) * Decimal(_GB[family][kind]))
    return None
