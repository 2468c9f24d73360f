"""What Crusoe sells: types with what is in them, locations with room for so many, images."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

LOCATIONS = ("eu-iceland1-a", "us-east1-a", "us-northcentral1-a", "us-southcentral1-a")


@dataclass(frozen=True, slots=True)
class Type:
    name: str
    cores: int
    memory: int
    gpus: int = 0
    gpu: str = ""
    disk: int = 0
    """GB of disks that are lost with a stop."""
    locations: tuple[str, ...] = LOCATIONS
    """Where there is room."""


_EAST, _ICELAND = ("us-east1-a",), ("eu-iceland1-a",)
TYPES = {
    one.name: one
    for one in (
        *(Type(f"c1a.{n}x", n, 2 * n) for n in (2, 4, 8, 16)),
        Type("s1a.20x", 20, 80, disk=3800),
        *(Type(f"l40s-48gb.{n}x", 8 * n, 147 * n, n, "L40S-48GB", locations=_EAST) for n in (1, 2, 4, 8, 10)),
        *(Type(f"a100-80gb.{n}x", 12 * n, 120 * n, n, "A100-PCIe-80GB", 960 * n) for n in (1, 2, 4, 8)),
        Type("a100-80gb-sxm-ib.8x", 96, 960, 8, "A100-SXM-80GB", 7680, _EAST),
        Type("h100-80gb-sxm-ib.8x", 176, 960, 8, "H100-SXM-80GB", 7680, (*_ICELAND, *_EAST)),
        Type("h200-141gb-sxm-ib.8x", 176, 1920, 8, "H200-SXM-141GB", 7680, _ICELAND),
        Type("mi300x-192gb-ib.8x", 176, 1920, 8, "MI300X-192GB", 7680, ()),
    )
}
IMAGES = (
    *("ubuntu22.04", "ubuntu24.04", "ubuntu22.04-nvidia-pcie-docker", "ubuntu22.04-nvidia-sxm-docker"),
    *("ubuntu24.04-nvidia-sxm-docker", "ubuntu-rocm"),
)


def kind(name: str) -> dict[str, Any]:
    one = TYPES[name]
    told = {"product_name": one.name, "description": one.name, "cpu_cores": one.cores, "cpu_type": "amd"}
    more = {"memory_gb": one.memory, "memory_type": "RAM", "disk_gb": one.disk, "disk_type": "SSD"}
    return {**told, **more, "num_gpu": one.gpus, "gpu_type": one.gpu}


def images() -> Iterator[dict[str, Any]]:
    for number, name in enumerate(IMAGES, start=1):
        told = {"id": f"00000000-0000-4000-8000-{number:012x}", "name": name, "description": name, "tags": ["latest"]}
        yield {**told, "created_at": "2026-06-01T00:00:00Z", "locations": list(LOCATIONS)}
