"""One line of the table: what was done, what it is held against in the same run, and whether that is good enough."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from statistics import median
from typing import Any, Literal

Measure = Literal["cpu", "wall", "calls", "seconds", "bytes", "rows", "per second"]
"""What the figures count. `cpu` and `wall` are seconds of one piece of work, `seconds` a delay."""


@dataclass(frozen=True, slots=True)
class Row:
    """Medians of `runs` runs. The goal is met when `ratio` is at most `goal`, or at least, where `more_is_better`."""

    goal_id: str
    work: str
    measured: Measure
    ours: float
    floor: float
    floor_name: str
    goal: float | None
    """None: this row is for comparison, and promises nothing."""
    runs: int
    more_is_better: bool = False

    @property
    def ratio(self) -> float:
        return self.ours / self.floor if self.floor else float("inf")

    @property
    def met(self) -> bool | None:
        """None where nothing was promised."""
        if self.goal is None:
            return None
        return self.ratio >= self.goal if self.more_is_better else self.ratio <= self.goal

    def as_json(self) -> dict[str, Any]:
        return {**asdict(self), "ratio": self.ratio, "met": self.met}


def of_runs(
    goal_id: str,
    work: str,
    measured: Measure,
    ours: Sequence[float],
    floor: Sequence[float],
    floor_name: str,
    goal: float | None,
    *,
    more_is_better: bool = False,
) -> Row:
    """The row of these runs: medians of both sides."""
    runs = min(len(ours), len(floor))
    return Row(goal_id, work, measured, median(ours), median(floor), floor_name, goal, runs, more_is_better)
