"""What is sold: GPUs and vCPUs with made-up prices (USD an hour of one), and in which data centers they are to be had."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

CENTERS = {
    "CA-MTL-1": ("CA Montreal 1", "NORTH_AMERICA"),
    "EU-RO-1": ("EU Romania 1", "EUROPE"),
    "EU-SE-1": ("EU Sweden 1", "EUROPE"),
    "US-KS-2": ("US Kansas 2", "NORTH_AMERICA"),
    "US-TX-3": ("US Texas 3", "NORTH_AMERICA"),
}
_ALL = tuple(sorted(CENTERS))


@dataclass(frozen=True, slots=True)
class Gpu:
    id: str
    name: str
    memory: int
    secure: float
    community: float
    most: int
    centers: tuple[str, ...] = _ALL
    """Where some are to be had."""
    maker: str = "NVIDIA"


GPUS = {
    one.id: one
    for one in (
        Gpu("NVIDIA GeForce RTX 3090", "RTX 3090", 24, 0.43, 0.22, 8, ("CA-MTL-1", "EU-SE-1")),
        Gpu("NVIDIA GeForce RTX 4090", "RTX 4090", 24, 0.69, 0.34, 8),
        Gpu("NVIDIA L4", "L4", 24, 0.43, 0.0, 8, ("EU-RO-1",)),
        Gpu("NVIDIA A100 80GB PCIe", "A100 PCIe", 80, 1.64, 1.19, 8, ("CA-MTL-1", "US-KS-2")),
        Gpu("NVIDIA H100 PCIe", "H100 PCIe", 80, 2.39, 1.99, 8, ("US-KS-2",)),
        Gpu("NVIDIA H100 80GB HBM3", "H100 SXM", 80, 2.99, 2.69, 8, ("EU-SE-1", "US-TX-3")),
        Gpu("NVIDIA B200", "B200", 180, 5.98, 0.0, 8, ()),
        Gpu("AMD Instinct MI300X OAM", "MI300X", 192, 2.49, 0.0, 8, ("EU-RO-1",), "AMD"),
    )
}
CPUS = {"cpu3c": ("Compute-Optimized", "Gen 3", 0.03, 2.0), "cpu5c": ("Compute-Optimized", "Gen 5", 0.035, 2.0)}
"""Flavor → name, group, USD an hour of a vCPU, GB for each."""
MOST_VCPUS = 32
CUDA = (12, 8)


def cpu(flavor: str) -> dict[str, Any]:
    name, group, usd, ram = CPUS[flavor]
    told = {"id": flavor, "name": name, "group": group, "vcpu": {"min": 2, "max": MOST_VCPUS}, "ramGbPerVcpu": ram}
    return {**told, "price": {"securePerVcpu": usd, "serverlessPerVcpu": usd}}


def gpu(one: Gpu) -> dict[str, Any]:
    return {
        "id": one.id,
        "name": one.name,
        "pool": None,
        "manufacturer": one.maker,
        "memory": one.memory,
        "secure": True,
        "community": one.community > 0,
        "price": {"secure": one.secure, "community": one.community},
        "maxCount": {"secure": one.most, "community": one.most if one.community else 0},
    }


def center(name: str) -> dict[str, Any]:
    called, region = CENTERS[name]
    told = {"id": name, "name": called, "region": region, "globalNetwork": True}
    return {**told, "networkVolumeTypes": ["STANDARD"], "compliance": ["SOC_2_TYPE_2"]}
