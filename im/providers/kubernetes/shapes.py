"""What a machine is made of: `2x4` (vCPUs and GiB), a preset, or `cpu=2,memory=4Gi`; all are written as the first."""

from __future__ import annotations

import difflib
import re
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation

from im.domain.errors import Refused

PRESETS = {"small": "1x2", "medium": "2x4", "large": "4x16", "xlarge": "8x32", "2xlarge": "16x64"}
DEFAULT = "medium"
_SHAPE = re.compile(r"(\d+(?:\.\d{1,3})?)x(\d+(?:\.\d{1,3})?)", re.ASCII)
_CPU = re.compile(r"(\d+(?:\.\d+)?)(m?)", re.ASCII)
_MEMORY = re.compile(r"(\d+(?:\.\d+)?)(Mi|Gi|Ti|M|G|T|)", re.ASCII)
_GIB = {"Mi": Decimal(1) / 1024, "Gi": Decimal(1), "Ti": Decimal(1024), "": Decimal(1)}
_GIB |= {"M": Decimal(10**6) / 2**30, "G": Decimal(10**9) / 2**30, "T": Decimal(10**12) / 2**30}
MOST_CPU, MOST_GIB = 1024, 65536


@dataclass(frozen=True, slots=True)
class Shape:
    cpu: Decimal
    gib: Decimal

    def __str__(self) -> str:
        return f"{_plain(self.cpu)}x{_plain(self.gib)}"

    @property
    def resources(self) -> dict[str, str]:
        """As Kubernetes writes them: whole units where they are whole."""
        cpu = _plain(self.cpu) if self.cpu % 1 == 0 else f"{int(self.cpu * 1000)}m"
        memory = f"{_plain(self.gib)}Gi" if self.gib % 1 == 0 else f"{int(self.gib * 1024)}Mi"
        return {"cpu": cpu, "memory": memory}


def shape_of(name: str) -> Shape:
    """Raises Refused with the nearest right form."""
    meant = PRESETS.get(name.strip().lower(), name.strip())
    if "=" in meant:
        return _checked(_worded(meant), name)
    found = _SHAPE.fullmatch(meant)
    if found is None:
        near = difflib.get_close_matches(name.lower(), PRESETS, n=1)
        hint = (
            f"did you mean {near[0]}?"
            if near
            else f"write 4x16 (vCPUs x GiB), cpu=4,memory=16Gi, or {', '.join(PRESETS)}"
        )
        raise Refused(f"'{name[:40]}' is no size of a pod", hint)
    return _checked(Shape(Decimal(found[1]), Decimal(found[2])), name)


def _worded(text: str) -> Shape:
    given = {}
    for part in text.split(","):
        word, _, value = (one.strip() for one in part.partition("="))
        if word not in ("cpu", "memory") or word in given:
            raise Refused(f"'{part[:40]}' says nothing of a pod's size", "write cpu=4,memory=16Gi")
        given[word] = value
    cpu, memory = _CPU.fullmatch(given.get("cpu", "")), _MEMORY.fullmatch(given.get("memory", ""))
    if cpu is None or memory is None:
        raise Refused(f"'{text[:40]}' does not say how many vCPUs and how much memory", "write cpu=4,memory=16Gi")
    return Shape(Decimal(cpu[1]) / (1000 if cpu[2] else 1), Decimal(memory[1]) * _GIB[memory[2]])


def _checked(shape: Shape, name: str) -> Shape:
    if not (Decimal("0.01") <= shape.cpu <= MOST_CPU and Decimal("0.03") <= shape.gib <= MOST_GIB):
        raise Refused(f"'{name[:40]}' is no size that a pod can have", "write 4x16 (vCPUs x GiB)")
    return Shape(_rounded(shape.cpu), _rounded(shape.gib))


def _rounded(number: Decimal) -> Decimal:
    try:
        return number.quantize(Decimal("0.001")).normalize()
    except InvalidOperation:
        return number


def _plain(number: Decimal) -> str:
    return f"{number.normalize():f}"
