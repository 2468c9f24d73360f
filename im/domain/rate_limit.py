"""How often something may be done."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Rate:
    """Refill per second, and how many may come at once."""

    per_second: float
    burst: float
