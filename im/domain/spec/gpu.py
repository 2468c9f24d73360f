"""GPUs by the words that people use for them, `h100:8` or `a100-80gb`, and the types of a cloud that have them.

Pure: which type has which GPUs is the cloud's to say, in its profile. A word without memory means every kind of that model.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from im.domain.errors import Refused, near

KNOWN: Mapping[str, tuple[int, ...]] = {
    "a10": (24,),
    "a100": (40, 80),
    "a10g": (24,),
    "a40": (48,),
    "a4000": (16,),
    "a5000": (24,),
    "a6000": (48,),
    "b200": (180,),
    "b300": (288,),
    "gh200": (96,),
    "h100": (80, 94),
    "h200": (141,),
    "l4": (24,),
    "l40": (48,),
    "l40s": (48,),
    "mi300x": (192,),
    "p100": (16,),
    "rtx2000ada": (16,),
    "rtx3090": (24,),
    "rtx4000ada": (20,),
    "rtx4090": (24,),
    "rtx5090": (32,),
    "rtx6000": (24,),
    "rtx6000ada": (48,),
    "rtxpro6000": (96,),
    "t4": (16,),
    "v100": (16, 32),
}
"""Model → the memories that it is sold with, GB."""
_WORD = re.compile(r"(?:(\d{1,2})x)?([a-z0-9-]*?[a-z0-9])(?:-(\d{2,3})gb)?(?::(\d{1,2}))?", re.ASCII)
_MAKER = re.compile(r"^(?:nvidia-|amd-|tesla-)+")
_FORM = re.compile(r"-(?:sxm\d?|pcie|nvl)\b")
MOST = 16


@dataclass(frozen=True, slots=True, order=True)
class Gpus:
    """`count` of one model. `memory` in GB; None: whichever."""

    model: str
    count: int
    memory: int | None = None

    def __str__(self) -> str:
        return f"{self.model}{f'-{self.memory}gb' if self.memory else ''}:{self.count}"

    def has(self, wanted: Gpus) -> bool:
        """Is it what was asked for?"""
        return (self.model, self.count) == (wanted.model, wanted.count) and wanted.memory in (None, self.memory)

    def is_like(self, wanted: Gpus) -> bool:
        """The same, of whichever number."""
        return self.model == wanted.model and wanted.memory in (None, self.memory)


def parse_gpus(typed: str) -> Gpus:
    """Raises Refused, with the nearest and all that are known, for what is no GPU."""
    small = _FORM.sub("", _MAKER.sub("", typed.strip().lower().replace("_", "-").replace(" ", "-")))
    found = _WORD.fullmatch(small)
    if found is None or not found[2]:
        raise Refused(f"'{typed[:40]}' names no GPU", "write --gpu h100, --gpu h100:8 or --gpu a100-80gb")
    model, memory = found[2].replace("-", ""), int(found[3]) if found[3] else None
    count = int(found[4] or found[1] or 1)
    if model not in KNOWN:
        alike = near(model, KNOWN, cutoff=0.5)
        hint = f"did you mean {alike[0]}?  " if alike else ""
        raise Refused(f"'{typed[:40]}' is no GPU that im knows", f"{hint}known: {', '.join(KNOWN)}")
    if memory is not None and memory not in KNOWN[model]:
        kinds = " and ".join(f"{model}-{one}gb" for one in KNOWN[model])
        raise Refused(f"there is no {model} with {memory} GB", f"there is {kinds}")
    if not 1 <= count <= MOST:
        raise Refused(f"{count} GPUs in one machine are not sold", f"write {model}:1 to {model}:{MOST}")
    return Gpus(model, count, memory)


def types_with(wanted: Gpus, catalogue: Mapping[str, str], cloud: str) -> tuple[str, ...]:
    """The types of a cloud that have just these, in the order of its catalogue (type → `h100-80gb:8`). Raises Refused, naming
    what it sells instead."""
    sold = {kind: parse_gpus(written) for kind, written in catalogue.items()}
    found = tuple(kind for kind, has in sold.items() if has.has(wanted))
    if found:
        return found
    alike = sorted({one for one in sold.values() if one.is_like(wanted)})
    if alike:
        raise Refused(f"{cloud} sells no machine with {wanted}", f"it has {_listed(alike)}")
    model = [one for one in sold.values() if one.model == wanted.model]
    kept = model or list(sold.values())
    raise Refused(f"{cloud} sells no {wanted.model}{_with(wanted)}", f"it has {_listed(sorted(set(kept)))}")


def _with(wanted: Gpus) -> str:
    return f" with {wanted.memory} GB" if wanted.memory else ""


def _listed(some: Iterable[Gpus]) -> str:
    return ", ".join(map(str, some))
