"""What this process has counted is added to the table of all, and the table is told to who scrapes."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Mapping
from itertools import accumulate
from typing import TYPE_CHECKING

from im.counted import EVERY, TALLY, TOTAL, Histogram, Key
from im.db.health import counters
from im.domain.errors import Uncertain
from im.logs import log
from im.queue.periods import REFRESH_EVERY

if TYPE_CHECKING:
    from prometheus_client.core import Metric

    from im.context import Context

_LOST = " A process that is killed loses up to ten seconds of it."


def fold(ctx: Context) -> int:
    """Write what was counted since the last time; returns how many numbers that were. What cannot be written is kept."""
    counted = TALLY.take()
    if not counted:
        return 0
    try:
        with ctx.begin() as connection:
            counters.add(connection, counted)
    except Uncertain:  # stored, perhaps; twice would be worse than never
        raise
    except Exception:
        TALLY.give_back(counted)
        raise
    return len(counted)


def fold_or_log(ctx: Context) -> None:
    """For those who have other things to do: the database may be away, and the next time find it back."""
    try:
        fold(ctx)
    except Exception as exc:
        log.warning("what was counted could not be written", error=f"{type(exc).__name__}: {exc}")


class Folding(threading.Thread):
    """Folds with each tick's period, in a process that has no ticks of its own."""

    def __init__(self, ctx: Context) -> None:
        super().__init__(name="im-counters", daemon=True)
        self._ctx = ctx
        self._over = threading.Event()

    def run(self) -> None:
        while not self._over.wait(REFRESH_EVERY):
            fold_or_log(self._ctx)

    def finish(self) -> None:
        self._over.set()
        self.join()
        fold_or_log(self._ctx)


def families(counted: Mapping[Key, float]) -> Iterator[Metric]:
    """Each metric whole, one that nothing was counted of included; what a newer version counts is left out."""
    from prometheus_client.core import CounterMetricFamily, HistogramMetricFamily

    for name, one in EVERY.items():
        series = _series(name, len(one.labels), counted)
        if isinstance(one, Histogram):
            histogram = HistogramMetricFamily(f"im_{name}", one.says + _LOST, labels=one.labels)
            for values, parts in series.items():
                sums = accumulate(parts.get(bound, 0.0) for bound in one.buckets)
                histogram.add_metric(values, list(zip(one.buckets, sums, strict=True)), parts.get(TOTAL, 0.0))
            yield histogram
        else:
            counter = CounterMetricFamily(f"im_{name}", one.says + _LOST, labels=one.labels)
            for values, parts in series.items():
                counter.add_metric(values, parts[""])
            yield counter


def _series(name: str, labels: int, counted: Mapping[Key, float]) -> dict[tuple[str, ...], dict[str, float]]:
    found: dict[tuple[str, ...], dict[str, float]] = {}
    for (other, values, part), value in counted.items():
        if other == name and len(values) == labels:
            found.setdefault(values, {})[part] = value
    return found
