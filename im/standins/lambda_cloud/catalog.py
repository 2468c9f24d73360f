"""What Lambda sells: types with their prices, as its page told them on 2026-09-20 (US cents an hour, net), regions, images."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

REGIONS = {
    "us-east-1": "Virginia, USA",
    "us-east-3": "Washington DC, USA",
    "us-south-1": "Texas, USA",
    "us-west-1": "California, USA",
    "us-west-3": "Utah, USA",
    "europe-central-1": "Germany",
}
_ALL = tuple(sorted(REGIONS))


@dataclass(frozen=True, slots=True)
class Type:
    name: str
    description: str
    gpu: str
    cents: int
    vcpus: int
    memory: int
    storage: int
    gpus: int
    regions: tuple[str, ...] = _ALL
    """Where there is room."""


_ROWS = (
    ("gpu_1x_rtx6000", "1x RTX 6000 (24 GB)", "RTX 6000 (24 GB)", 69, 14, 46, 512, 1, ("us-west-1",)),
    ("gpu_1x_a10", "1x A10 (24 GB PCIe)", "A10 (24 GB PCIe)", 129, 30, 226, 1331, 1),
    ("gpu_1x_a100_sxm4", "1x A100 (40 GB SXM4)", "A100 (40 GB SXM4)", 199, 30, 220, 512, 1, ("us-east-1", "us-west-1")),
    ("gpu_1x_gh200", "1x GH200 (96 GB)", "GH200 (96 GB)", 229, 64, 432, 4096, 1, ("us-east-3",)),
    ("gpu_1x_h100_pcie", "1x H100 (80 GB PCIe)", "H100 (80 GB PCIe)", 329, 26, 225, 1024, 1, ("us-west-3",)),
    (
        "gpu_1x_h100_sxm5",
        "1x H100 (80 GB SXM5)",
        "H100 (80 GB SXM5)",
        429,
        26,
        225,
        2816,
        1,
        ("us-south-1", "us-west-3"),
    ),
    ("gpu_4x_a6000", "4x A6000 (48 GB)", "A6000 (48 GB)", 436, 56, 400, 1024, 4, ("us-west-1",)),
    ("gpu_8x_v100", "8x Tesla V100 (16 GB)", "Tesla V100 (16 GB)", 632, 88, 448, 5939, 8, ()),
    ("gpu_1x_b200_sxm6", "1x B200 (180 GB SXM6)", "B200 (180 GB SXM6)", 699, 26, 360, 2816, 1, ("us-east-3",)),
    ("gpu_8x_a100", "8x A100 (40 GB SXM4)", "A100 (40 GB SXM4)", 1592, 124, 1800, 5939, 8, ("us-east-1",)),
    ("gpu_8x_a100_80gb_sxm4", "8x A100 (80 GB SXM4)", "A100 (80 GB SXM4)", 2232, 240, 1800, 19968, 8, ("us-east-3",)),
    ("gpu_8x_h100_sxm5", "8x H100 (80 GB SXM5)", "H100 (80 GB SXM5)", 3192, 208, 1800, 22528, 8, ("us-west-3",)),
)
TYPES = {row[0]: Type(*row) for row in _ROWS}
FAMILIES = ("lambda-stack-24-04", "lambda-stack-22-04", "ubuntu-lts")


def region(name: str) -> dict[str, str]:
    return {"name": name, "description": REGIONS[name]}


def kind(name: str) -> dict[str, Any]:
    one = TYPES[name]
    specs = {"vcpus": one.vcpus, "memory_gib": one.memory, "storage_gib": one.storage, "gpus": one.gpus}
    told = {"name": name, "description": one.description, "gpu_description": one.gpu}
    return {**told, "price_cents_per_hour": one.cents, "specs": specs}


def images() -> Iterator[dict[str, Any]]:
    """Each family in each region, for both kinds of processors."""
    number = 1
    for family in FAMILIES:
        for where in _ALL:
            for processor in ("x86_64", "arm64"):
                day = "2026-10-01T00:00:00+00:00"
                told = {"id": f"{number:032x}", "created_time": day, "updated_time": day, "name": family}
                more = {"description": family, "family": family, "version": "1.0.0", "architecture": processor}
                yield {**told, **more, "region": region(where)}
                number += 1
