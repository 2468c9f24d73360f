"""Machine types: `e2-small`, `n2-standard-4`, `e2-custom-2-4096`; which disks they take, and which bring GPUs."""

from __future__ import annotations

import difflib
import re

from im.domain.errors import Refused
from im.providers.gcp.launch.gpus import BESIDE

DEFAULT, WITH_GPU = "e2-small", "n1-standard-4"
FAMILIES = (
    *(
        "e2",
        "f1",
        "g1",
        "n1",
        "n2",
        "n2d",
        "n4",
        "n4a",
        "n4d",
        "t2a",
        "t2d",
        "c2",
        "c2d",
        "c3",
        "c3d",
        "c4",
        "c4a",
        "c4d",
    ),
    *("m1", "m2", "m3", "m4", "x4", "h3", "h4d", "z3", "a2", "a3", "a4", "a4x", "g2", "g4"),
)
_TYPE = re.compile(r"([a-z]\d{1,2}[a-z]?)-(?:[a-z]+(?:-[a-z0-9]+)*)", re.ASCII)
_GPU = re.compile(r"([a-z][a-z0-9-]{2,50})(?::([1-9]\d?))?", re.ASCII)
GPUS = ("nvidia-tesla-t4", "nvidia-tesla-p4", "nvidia-tesla-v100", "nvidia-tesla-p100")
"""What an N1 machine takes beside it; the a2, a3, a4, g2 and g4 types bring theirs."""
_BRING_GPUS = ("a2", "a3", "a4", "a4x", "g2", "g4")
_HYPERDISK_ONLY = ("c4", "c4a", "c4d", "n4", "n4a", "n4d", "m4", "x4", "h3", "h4d", "a4", "a4x", "g4")
"""Families that take no persistent disks, only Hyperdisks."""


def brings_gpus(instance_type: str) -> bool:
    return family_of(instance_type) in _BRING_GPUS


def family_of(instance_type: str) -> str:
    return instance_type.partition("-")[0]


def check_type(name: str) -> str:
    """`name` itself. Raises Refused when it cannot be a type; whether a zone has it is for Google to say."""
    found = _TYPE.fullmatch(name)
    if found and found[1] in FAMILIES:
        return name
    small = name.strip().lower().replace("_", "-").replace(".", "-")
    found = _TYPE.fullmatch(small)
    if found and found[1] in FAMILIES and small != name:
        raise Refused(f"'{name[:40]}' is not a type of Google's", f"did you mean {small}?")
    near = difflib.get_close_matches(
        small, ("e2-micro", "e2-small", "e2-medium", "e2-standard-2", "n2-standard-4"), n=1
    )
    hint = f"did you mean {near[0]}?" if near else f"types look like {DEFAULT}, n2-standard-4 or e2-custom-2-4096"
    raise Refused(f"'{name[:40]}' is not a type of Google's", hint)


def check_gpu(written: str, instance_type: str) -> str:
    """`TYPE:NUMBER` of what was written after --gpu. Raises Refused."""
    found = _GPU.fullmatch(f"nvidia-tesla-{written}" if written.partition(":")[0] in BESIDE else written.strip())
    if not found:
        raise Refused(f"'{written[:40]}' names no GPU", "write --gpu nvidia-tesla-t4 or --gpu nvidia-tesla-t4:2")
    if family_of(instance_type) in _BRING_GPUS:
        raise Refused(f"{instance_type} brings its GPUs with it", "leave --gpu out")
    if family_of(instance_type) != "n1":
        raise Refused(
            f"{instance_type} takes no GPU beside it",
            "choose an n1 type, like n1-standard-4, or a g2 or a2 type with its own",
        )
    if found[1] not in GPUS:
        near = difflib.get_close_matches(found[1], GPUS, n=1, cutoff=0.3)
        raise Refused(
            f"'{found[1]}' is no GPU that an n1 type takes", f"did you mean {near[0]}?" if near else ", ".join(GPUS)
        )
    return f"{found[1]}:{found[2] or 1}"


def has_gpu(instance_type: str, gpu: str = "") -> bool:
    return bool(gpu) or family_of(instance_type) in _BRING_GPUS


def default_disk(instance_type: str) -> str:
    """The type of disk that it is given when nobody names one."""
    if family_of(instance_type) in _HYPERDISK_ONLY or instance_type.startswith("a3-ultragpu"):
        return "hyperdisk-balanced"
    return "pd-balanced"
