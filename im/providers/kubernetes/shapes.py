"""What a machine is made of: `2x4` (vCPUs and GiB), a preset, or `cpu=2,memory=4Gi`; all are written as the first.

With GPUs it is `8x32+a100:1`; `a100:1` alone is that, with as much of the rest for each GPU.
"""

from __future__ import annotations

import difflib
import re
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation

from im.domain.errors import Refused

PRESETS = {"small": "1x2", "medium": "2x4", "large": "4x16", "xlarge": "8x32", "2xlarge": "16x64"}
DEFAULT = "medium"
PER_GPU = (8, 32)
"""vCPUs and GiB for each GPU, where nobody says how much."""
_SHAPE = re.compile(r"(\d+(?:\.\d{1,3})?)x(\d+(?:\.\d{1,3})?)", re.ASCII)
_GPU = re.compile(r"([a-z][a-z0-9]*(?:-[a-z0-9]+)*)(?::(\d{1,3}))?", re.ASCII)
ANY_GPU = "any"
_CPU = re.compile(r"(\d+(?:\.\d+)?)(m?)", re.ASCII)
_MEMORY = re.compile(r"(\d+(?:\.\d+)?)(Mi|Gi|Ti|M|G|T|)", re.ASCII)
_GIB = {"Mi": Decimal(1) / 1024, "Gi": Decimal(1), "Ti": Decimal(1024), "": Decimal(1)}
_GIB |= {"M": Decimal(10**6) / 2**30, "G": Decimal(10**9) / 2**30, "T": Decimal(10**12) / 2**30}
MOST_CPU, MOST_GIB, MOST_GPUS = 1024, 65536, 64


@dataclass(frozen=True, slots=True)
class Shape:
    cpu: Decimal
    gib: Decimal
    gpu: str = ""
    """As people call it: `a100`, `a100-80gb`, or `any`; empty for none."""
    gpus: int = 0

    def __str__(self) -> str:
        size = f"{_plain(self.cpu)}x{_plain(self.gib)}"
        return f"{size}+{self.gpu}:{self.gpus}" if self.gpu else size

    @property
    def resources(self) -> dict[str, str]:
        """As Kubernetes writes them: whole units where they are whole."""
        cpu = _plain(self.cpu) if self.cpu % 1 == 0 else f"{int(self.cpu * 1000)}m"
        memory = f"{_plain(self.gib)}Gi" if self.gib % 1 == 0 else f"{int(self.gib * 1024)}Mi"
        return {"cpu": cpu, "memory": memory}


def shape_of(name: str) -> Shape:
    """Raises Refused with the nearest right form."""
    size, plus, gpu = name.strip().partition("+")
    if plus:
        return _with_gpu(shape_of(size), gpu)
    meant = PRESETS.get(size.lower(), size)
    if ":" in meant:
        return _with_gpu(None, meant)
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


def with_gpu(shape: Shape | None, typed: str) -> Shape:
    """`a100:2` beside a size; beside none, with as much as each GPU is given. Raises Refused."""
    return _with_gpu(shape, typed.strip().lower())


def _with_gpu(shape: Shape | None, text: str) -> Shape:
    found = _GPU.fullmatch(text.lower())
    number = int(found[2] or 1) if found else 0
    if found is None or not 0 < number <= MOST_GPUS:
        raise Refused(f"'{text[:40]}' names no GPU", "write a100:1, h100:8, or any:1 for whichever there is")
    if shape is not None and shape.gpu:
        raise Refused(f"{shape} has its GPUs already", "name them once")
    cpu, gib = (shape.cpu, shape.gib) if shape else (Decimal(PER_GPU[0] * number), Decimal(PER_GPU[1] * number))
    return Shape(cpu, gib, found[1], number)


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
