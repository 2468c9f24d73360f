"""Numbers that count up and are never given twice, also after a stand-in was kept and started again."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass
class Numbers:
    """`next(numbers)` gives the next."""

    coming: int = 1

    def __next__(self) -> int:
        self.coming += 1
        return self.coming - 1
