"""What DigitalOcean sells: regions, sizes with their prices, images. Prices of 2022-07 on, USD, net."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

REGIONS = {
    "ams3": "Amsterdam 3",
    "atl1": "Atlanta 1",
    "blr1": "Bangalore 1",
    "fra1": "Frankfurt 1",
    "lon1": "London 1",
    "nyc1": "New York 1",
    "nyc3": "New York 3",
    "sfo3": "San Francisco 3",
    "sgp1": "Singapore 1",
    "syd1": "Sydney 1",
    "tor1": "Toronto 1",
}
_ALL = tuple(REGIONS)
_GPU = ("atl1", "nyc3", "tor1")


@dataclass(frozen=True, slots=True)
class Size:
    slug: str
    vcpus: int
    memory: int
    """MiB."""
    disk: int
    """GiB."""
    monthly: float
    hourly: float
    regions: tuple[str, ...] = _ALL
    description: str = "Basic"
    gpus: int = 0


SIZES = {
    one.slug: one
    for one in (
        Size("s-1vcpu-512mb-10gb", 1, 512, 10, 4.0, 0.00595),
        Size("s-1vcpu-1gb", 1, 1024, 25, 6.0, 0.00893),
        Size("s-1vcpu-2gb", 1, 2048, 50, 12.0, 0.01786),
        Size("s-2vcpu-2gb", 2, 2048, 60, 18.0, 0.02679),
        Size("s-2vcpu-4gb", 2, 4096, 80, 24.0, 0.03571),
        Size("s-4vcpu-8gb", 4, 8192, 160, 48.0, 0.07143),
        Size("c-2", 2, 4096, 25, 42.0, 0.0625, ("fra1", "lon1", "nyc3", "sfo3"), "CPU-Optimized"),
        Size("gpu-h100x1-80gb", 20, 245760, 720, 2522.88, 3.39, _GPU, "H100 GPU - 1X", 1),
    )
}
_IMAGES = {
    "ubuntu-24-04-x64": ("24.04 (LTS) x64", "Ubuntu", 195932981),
    "ubuntu-22-04-x64": ("22.04 (LTS) x64", "Ubuntu", 195930601),
    "debian-13-x64": ("13 x64", "Debian", 198065355),
    "debian-12-x64": ("12 x64", "Debian", 195933170),
    "gpu-h100x1-base": ("NVIDIA AI/ML Ready", "Ubuntu", 196000101),
}


def region(slug: str) -> dict[str, Any]:
    sold = [size.slug for size in SIZES.values() if slug in size.regions]
    features = ["backups", "ipv6", "metadata", "install_agent", "storage", "image_transfer"]
    return {"name": REGIONS[slug], "slug": slug, "features": features, "available": True, "sizes": sold}


def size(slug: str) -> dict[str, Any]:
    one = SIZES[slug]
    shown: dict[str, Any] = {
        "slug": slug,
        "memory": one.memory,
        "vcpus": one.vcpus,
        "disk": one.disk,
        "transfer": 1.0,
        "price_monthly": one.monthly,
        "price_hourly": one.hourly,
        "regions": list(one.regions),
        "available": True,
        "description": one.description,
    }
    if one.gpus:
        shown["gpu_info"] = {"count": one.gpus, "model": "nvidia_h100", "vram": {"amount": 80, "unit": "gib"}}
    return shown


def images() -> list[dict[str, Any]]:
    return [
        {
            "id": number,
            "name": name,
            "type": "base",
            "distribution": distribution,
            "slug": slug,
            "public": True,
            "regions": ["nyc3"],
            "created_at": "2025-10-01T00:00:00Z",
            "min_disk_size": 7,
            "size_gigabytes": 0.5,
            "description": name,
            "tags": [],
            "status": "available",
        }
        for slug, (name, distribution, number) in _IMAGES.items()
    ]
