"""What the stand-in sells: regions and their zones, machine types and where they are, families of images, and prices."""

from __future__ import annotations

from typing import Any

ZONES = {
    "us-central1": ("a", "b", "c", "f"),
    "us-east1": ("b", "c", "d"),
    "us-west1": ("a", "b", "c"),
    "europe-west1": ("b", "c", "d"),
    "europe-west4": ("a", "b", "c"),
    "asia-southeast1": ("a", "b", "c"),
}
ALL_ZONES = tuple(f"{region}-{letter}" for region, letters in ZONES.items() for letter in letters)

_X86, _ARM = "X86_64", "ARM64"
TYPES: dict[str, tuple[int, int, str]] = {
    "e2-micro": (2, 1024, _X86),
    "e2-small": (2, 2048, _X86),
    "e2-medium": (2, 4096, _X86),
    **{f"e2-standard-{n}": (n, n * 4096, _X86) for n in (2, 4, 8, 16)},
    **{f"n1-standard-{n}": (n, n * 3840, _X86) for n in (1, 2, 4, 8)},
    **{f"n2-standard-{n}": (n, n * 4096, _X86) for n in (2, 4, 8, 16)},
    **{f"t2a-standard-{n}": (n, n * 4096, _ARM) for n in (1, 2, 4)},
    "g2-standard-4": (4, 16384, _X86),
    "a2-highgpu-1g": (12, 87040, _X86),
}
"""vCPUs, MB, architecture."""
_ONLY = {
    **dict.fromkeys(("t2a-standard-1", "t2a-standard-2", "t2a-standard-4"), ("us-central1-a", "us-central1-b")),
    "a2-highgpu-1g": ("us-central1-a", "us-central1-c"),
    "g2-standard-4": ("us-central1-a", "us-central1-b", "europe-west4-a"),
}
GPUS = {"nvidia-tesla-t4": ("us-central1-a", "us-central1-b", "us-central1-f"), "nvidia-tesla-v100": ("us-central1-a",)}
DISK_TYPES = ("pd-standard", "pd-balanced", "pd-ssd", "pd-extreme", "hyperdisk-balanced", "hyperdisk-extreme")
FAMILIES = {
    "ubuntu-os-cloud": ("ubuntu-2404-lts-amd64", "ubuntu-2404-lts-arm64", "ubuntu-2204-lts", "ubuntu-2204-lts-arm64"),
    "debian-cloud": ("debian-13", "debian-13-arm64", "debian-12", "debian-12-arm64"),
    "rocky-linux-cloud": ("rocky-linux-9", "rocky-linux-9-arm64"),
    "cos-cloud": ("cos-stable", "cos-arm64-stable"),
}


def region_of(zone: str) -> str:
    return zone.rpartition("-")[0]


def sold_in(kind: str, zone: str) -> bool:
    if kind not in TYPES:
        family, _, shape = kind.partition("-custom-")
        return zone in ALL_ZONES and family in ("e2", "n2") and shape.replace("-", "").isdigit()
    return zone in _ONLY.get(kind, ALL_ZONES)


def machine_type(kind: str, zone: str, base: str) -> dict[str, Any]:
    cpus, mb, architecture = TYPES[kind]
    return {
        "kind": "compute#machineType",
        "id": str(3_000_000 + sorted(TYPES).index(kind)),
        "name": kind,
        "zone": zone,
        "guestCpus": cpus,
        "memoryMb": mb,
        "architecture": architecture,
        "isSharedCpu": kind in ("e2-micro", "e2-small", "e2-medium"),
        "selfLink": f"{base}/zones/{zone}/machineTypes/{kind}",
    }


_UNITS = (
    ("E2 Instance Core running in", "h", {"OnDemand": 21_811_590, "Preemptible": 6_543_000}),
    ("E2 Instance Ram running in", "GiBy.h", {"OnDemand": 2_923_530, "Preemptible": 877_000}),
    ("N1 Predefined Instance Core running in", "h", {"OnDemand": 31_611_000, "Preemptible": 6_655_000}),
    ("N1 Predefined Instance Ram running in", "GiBy.h", {"OnDemand": 4_237_000, "Preemptible": 892_000}),
    ("N2 Instance Core running in", "h", {"OnDemand": 31_611_000, "Preemptible": 7_650_000}),
    ("N2 Instance Ram running in", "GiBy.h", {"OnDemand": 4_237_000, "Preemptible": 1_025_000}),
    ("N2 Custom Instance Core running in", "h", {"OnDemand": 33_174_000}),
    ("Commitment v1: E2 Cpu in", "h", {"Commit1Yr": 13_743_000}),
    ("Balanced PD Capacity in", "GiBy.mo", {"OnDemand": 100_000_000}),
    ("SSD backed PD Capacity in", "GiBy.mo", {"OnDemand": 170_000_000}),
    ("Storage PD Capacity in", "GiBy.mo", {"OnDemand": 40_000_000}),
)
_PLACES = {"us-central1": ("Americas", 100), "europe-west1": ("Belgium", 110), "asia-southeast1": ("Singapore", 117)}
"""Region → how its prices are called, and what they are of a hundred."""


def skus() -> list[dict[str, Any]]:
    made = []
    for region, (place, of_hundred) in _PLACES.items():
        for words, unit, markets in _UNITS:
            for usage, nanos in markets.items():
                spot = "Spot Preemptible " if usage == "Preemptible" else ""
                made.append(_sku(f"{spot}{words} {place}", unit, usage, nanos * of_hundred // 100, [region]))
    made.append(_sku("External IP Charge on a Standard VM", "h", "OnDemand", 5_000_000, ["global"]))
    return made


def _sku(description: str, unit: str, usage: str, nanos: int, regions: list[str]) -> dict[str, Any]:
    rates = [{"startUsageAmount": 0, "unitPrice": {"currencyCode": "USD", "units": "0", "nanos": nanos}}]
    return {
        "skuId": f"{abs(hash((description, usage))) % 10**12:012X}",
        "description": description,
        "category": {"resourceFamily": "Compute", "resourceGroup": "CPU", "usageType": usage},
        "serviceRegions": regions,
        "pricingInfo": [{"pricingExpression": {"usageUnit": unit, "tieredRates": rates}}],
    }
