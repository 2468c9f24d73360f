"""RunPod's GPUs: our word for each, RunPod's own id, and what people call it (https://docs.runpod.io/references/gpu-types).

A type is `WORD-xNUMBER`, like `h100-sxm-x8`, or `FLAVOR-VCPUS` of a pod without a GPU, like `cpu3c-4`. A GPU that is younger than
this table is named by its id in small letters, with dashes: `nvidia-b300-sxm6-x1`.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

IDS = {
    "a40": ("NVIDIA A40", "a40-48gb"),
    "a100-pcie": ("NVIDIA A100 80GB PCIe", "a100-80gb"),
    "a100-sxm": ("NVIDIA A100-SXM4-80GB", "a100-80gb"),
    "a6000": ("NVIDIA RTX A6000", "a6000-48gb"),
    "b200": ("NVIDIA B200", "b200-180gb"),
    "h100-pcie": ("NVIDIA H100 PCIe", "h100-80gb"),
    "h100-nvl": ("NVIDIA H100 NVL", "h100-94gb"),
    "h100-sxm": ("NVIDIA H100 80GB HBM3", "h100-80gb"),
    "h200": ("NVIDIA H200", "h200-141gb"),
    "l4": ("NVIDIA L4", "l4-24gb"),
    "l40": ("NVIDIA L40", "l40-48gb"),
    "l40s": ("NVIDIA L40S", "l40s-48gb"),
    "mi300x": ("AMD Instinct MI300X OAM", "mi300x-192gb"),
    "rtx2000ada": ("NVIDIA RTX 2000 Ada Generation", "rtx2000ada-16gb"),
    "rtx3090": ("NVIDIA GeForce RTX 3090", "rtx3090-24gb"),
    "rtx4000ada": ("NVIDIA RTX 4000 Ada Generation", "rtx4000ada-20gb"),
    "rtx4090": ("NVIDIA GeForce RTX 4090", "rtx4090-24gb"),
    "rtx5090": ("NVIDIA GeForce RTX 5090", "rtx5090-32gb"),
    "rtx6000ada": ("NVIDIA RTX 6000 Ada Generation", "rtx6000ada-48gb"),
    "a4000": ("NVIDIA RTX A4000", "a4000-16gb"),
    "a5000": ("NVIDIA RTX A5000", "a5000-24gb"),
}
"""Word → RunPod's id, and the model with its memory."""
TYPES = {f"{word}-x{n}": f"{model}:{n}" for word, (_, model) in IDS.items() for n in range(1, 9)}
_GPU = re.compile(r"([a-z0-9][a-z0-9-]*)-x(\d{1,2})", re.ASCII)
_CPU = re.compile(r"(cpu\d[a-z])-(\d{1,3})", re.ASCII)
_WORDS = {told: word for word, (told, _) in IDS.items()}


@dataclass(frozen=True, slots=True)
class Gpu:
    word: str
    count: int


@dataclass(frozen=True, slots=True)
class Cpu:
    flavor: str
    vcpus: int


def parse(kind: str) -> Gpu | Cpu | None:
    """None for what is no type."""
    if found := _CPU.fullmatch(kind):
        return Cpu(found[1], int(found[2]))
    if found := _GPU.fullmatch(kind):
        return Gpu(found[1], int(found[2]))
    return None


def id_of(word: str, sold: Iterable[str]) -> str:
    """RunPod's id; of a word that is not in the table that of the GPU `sold` whose id it is. Empty where there is none."""
    return IDS[word][0] if word in IDS else next((one for one in sold if slug(one) == word), "")


def kind_of(gpu: str, count: int) -> str:
    """The type of a pod with `count` of the GPU with that id."""
    return f"{_WORDS.get(gpu) or slug(gpu)}-x{count}"


def slug(gpu: str) -> str:
    return re.sub(r"[^a-z0-9]+", "-", gpu.lower()).strip("-")
