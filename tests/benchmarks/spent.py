"""What a piece of work cost: CPU of this process and wall time, in seconds."""

from __future__ import annotations

import gc
import resource
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Spent:
    cpu: float
    wall: float


def spent(work: Callable[[], T]) -> tuple[Spent, T]:
    """Do it once, with yesterday's garbage out of the way."""
    gc.collect()
    cpu, began = cpu_seconds(), time.perf_counter()
    answer = work()
    return Spent(cpu_seconds() - cpu, time.perf_counter() - began), answer


def cpu_seconds() -> float:
    """User and system time of this process so far, all its threads."""
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime


def resident(pid: int | str = "self") -> int:
    """Bytes of memory a process holds now."""
    return _status(pid, "VmRSS")


def peak(pid: int | str = "self") -> int:
    """The most it ever held."""
    return _status(pid, "VmHWM")


def _status(pid: int | str, name: str) -> int:
    for line in Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith(f"{name}:"):
            return int(line.split()[1]) * 1024
    raise LookupError(f"no {name} of process {pid}")
