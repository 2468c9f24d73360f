"""Types of a market: a GPU by Vast's name for it and a number, `RTX_4090x1`, and which words of ours mean which.

Of a name that is sold with several memories the type says which: `A100_SXM4_80GBx1`. Cheaper kinds of a word come first.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

COUNTS = (1, 2, 4, 8)
_MODELS = (
    ("RTX_3090", "rtx3090-24gb"),
    ("RTX_4090", "rtx4090-24gb"),
    ("RTX_5090", "rtx5090-32gb"),
    ("RTX_A6000", "a6000-48gb"),
    ("RTX_6000Ada", "rtx6000ada-48gb"),
    ("RTX_PRO_6000_WS", "rtxpro6000-96gb"),
    ("L4", "l4-24gb"),
    ("L40S", "l40s-48gb"),
    ("A10", "a10-24gb"),
    ("A100_PCIE_40GB", "a100-40gb"),
    ("A100_SXM4_40GB", "a100-40gb"),
    ("A100_PCIE_80GB", "a100-80gb"),
    ("A100_SXM4_80GB", "a100-80gb"),
    ("H100_PCIE", "h100-80gb"),
    ("H100_SXM", "h100-80gb"),
    ("H100_NVL", "h100-94gb"),
    ("H200", "h200-141gb"),
    ("B200", "b200-180gb"),
    ("Tesla_T4", "t4-16gb"),
    ("Tesla_V100", "v100-16gb"),
)
TYPES = {f"{name}x{count}": f"{word}:{count}" for name, word in _MODELS for count in COUNTS}
_TYPE = re.compile(r"([A-Za-z0-9]+(?:_[A-Za-z0-9]+)*?)(?:_(\d{2,3})GB)?x(\d{1,2})", re.ASCII)


@dataclass(frozen=True, slots=True)
class Kind:
    """What is searched for: `gpu` with Vast's own spaces, `memory` in GB (0: whichever), and how many."""

    gpu: str
    memory: int
    count: int


def kind_of(name: str) -> Kind | None:
    """None for what is no type."""
    found = _TYPE.fullmatch(name)
    if found is None or not 1 <= int(found[3]) <= 16:
        return None
    return Kind(found[1].replace("_", " "), int(found[2] or 0), int(found[3]))


def type_of(gpu: str, memory_mb: float, count: int) -> str:
    """The type of what a host shows: with its memory where there are several kinds of that name."""
    name = gpu.replace(" ", "_")
    sizes = [
        int(known[2])
        for model, _ in _MODELS
        if (known := _TYPE.fullmatch(f"{model}x1")) and known[1] == name and known[2]
    ]
    if sizes:
        name = f"{name}_{min(sizes, key=lambda size: abs(size - memory_mb / 1024))}GB"
    return f"{name}x{count}"
