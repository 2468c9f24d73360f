"""Who offers what: hosts with their GPUs, places, prices and how far they can be relied upon. Made up, in the range of 2026."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace


@dataclass(frozen=True, slots=True)
class Host:
    """One offer. USD an hour for the GPUs, and for a GB of disk and month; `days` that it lends for."""

    ask: int
    machine: int
    gpu: str
    gpu_ram: int
    count: int
    place: str
    dph_base: float
    storage_cost: float
    reliability: float
    days: float = 60.0
    disk: int = 500
    verified: bool = True
    ports: int = 100


_ROWS = (
    ("RTX 4090", 24564, 1, "California, US", 0.37, 0.15, 0.995),
    ("RTX 4090", 24564, 1, "Norway, NO", 0.32, 0.20, 0.991),
    ("RTX 4090", 24564, 1, "Sweden, SE", 0.31, 0.10, 0.940),
    ("RTX 4090", 24564, 1, "Texas, US", 0.34, 0.15, 0.984),
    ("RTX 4090", 24564, 1, "Texas, US", 0.36, 0.15, 0.998),
    ("RTX 4090", 24564, 1, "Poland, PL", 0.35, 0.12, 0.990),
    ("RTX 4090", 24564, 2, "Norway, NO", 0.66, 0.20, 0.993),
    ("RTX 4090", 24564, 4, "California, US", 1.42, 0.15, 0.995),
    ("RTX 3090", 24576, 1, "Quebec, CA", 0.19, 0.10, 0.989),
    ("RTX 5090", 32607, 1, "Ohio, US", 0.55, 0.20, 0.990),
    ("L40S", 46068, 1, "Germany, DE", 0.79, 0.20, 0.999),
    ("A100 SXM4", 40960, 1, "Utah, US", 0.82, 0.20, 0.997),
    ("A100 SXM4", 81920, 1, "Iceland, IS", 1.05, 0.25, 0.996),
    ("A100 PCIE", 81920, 1, "Netherlands, NL", 0.99, 0.20, 0.992),
    ("H100 SXM", 81559, 1, "Iceland, IS", 2.10, 0.25, 0.998),
    ("H100 PCIE", 81559, 1, "France, FR", 1.95, 0.20, 0.990),
    ("H100 SXM", 81559, 8, "Iceland, IS", 16.40, 0.25, 0.999),
    ("H200", 143771, 1, "Iceland, IS", 2.95, 0.25, 0.998),
    ("B200", 183359, 8, "Utah, US", 31.20, 0.30, 0.997),
)
_FIRST, _ALIKE = 7_000_001, 4
"""Of each host there are so many, each dearer than the one before."""


def _hosts() -> Iterator[Host]:
    for turn in range(_ALIKE):
        for at, row in enumerate(_ROWS):
            one = Host(_FIRST + turn * 100 + at, 101 + turn * 100 + at, *row)
            yield replace(one, dph_base=round(one.dph_base * (1 + turn / 5), 4))


HOSTS = {one.ask: one for one in _hosts()}
UNVERIFIED = Host(7_999_999, 99, "RTX 4090", 24564, 1, "Nowhere, US", 0.10, 0.05, 0.999, verified=False)
