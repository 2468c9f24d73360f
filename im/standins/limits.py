"""A bucket that fills with time: how clouds count the calls of an account."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime


@dataclass
class Bucket:
    """`size` calls at once, refilled by `per_second`."""

    size: float
    per_second: float
    left: float
    at: datetime

    @classmethod
    def full(cls, size: float, per_second: float, now: datetime) -> Bucket:
        return cls(size, per_second, size, now)

    def take(self, now: datetime) -> bool:
        passed = max(0.0, (now - self.at).total_seconds())
        self.left, self.at = min(self.size, self.left + passed * self.per_second), now
        if self.left < 1:
            return False
        self.left -= 1
        return True

    @property
    def seconds_to_full(self) -> float:
        return (self.size - self.left) / self.per_second
