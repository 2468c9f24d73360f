"""What a process counts: how often things happen and how long they take, in memory until it is folded into Postgres.

A process that works is forked, ended and begun anew, so that none can be scraped; `im.services.health.counters` adds what each has
counted to one table. No label names an instance, a person, a token or an address: what is told apart here is a few words of ours.
"""

from __future__ import annotations

import os
from bisect import bisect_left
from collections.abc import Mapping
from dataclasses import dataclass
from threading import Lock
from types import MappingProxyType

Key = tuple[str, tuple[str, ...], str]
"""Of one number: the metric, the values of its labels, and which part of a histogram it is (empty for a counter)."""

TOTAL = "sum"
BEYOND = "+Inf"
MOST = 2_000
"""Series of one metric that a process tells apart; what comes then is counted under OTHER."""
OTHER = "other"
OK = "ok"
"""In place of a code where nothing went wrong."""


class Tally:
    """Numbers that only grow, for several threads."""

    def __init__(self) -> None:
        self.forget()

    def forget(self) -> None:
        """Begin anew, as after a fork: what was counted before is the parent's to tell."""
        self._lock = Lock()
        self._counted: dict[Key, float] = {}
        self._known: dict[str, set[tuple[str, ...]]] = {}

    def add(self, name: str, values: tuple[str, ...], parts: Mapping[str, float]) -> None:
        with self._lock:
            known = self._known.setdefault(name, set())
            if values not in known:
                values = values if len(known) < MOST else (OTHER,) * len(values)
                known.add(values)
            for part, by in parts.items():
                key = (name, values, part)
                self._counted[key] = self._counted.get(key, 0.0) + by

    def take(self) -> dict[Key, float]:
        """What was counted since the last time."""
        with self._lock:
            taken, self._counted = self._counted, {}
        return taken

    def give_back(self, taken: Mapping[Key, float]) -> None:
        """It was taken, and could not be written."""
        with self._lock:
            for key, by in taken.items():
                self._counted[key] = self._counted.get(key, 0.0) + by


TALLY = Tally()
os.register_at_fork(after_in_child=TALLY.forget)


@dataclass(frozen=True, slots=True)
class Counter:
    """Counts that only go up."""

    name: str
    """Without `im_` before and `_total` behind it."""
    says: str
    labels: tuple[str, ...] = ()

    def add(self, *values: str, by: float = 1) -> None:
        """Once more, for these values of its labels."""
        assert len(values) == len(self.labels)
        TALLY.add(self.name, values, {"": by})


@dataclass(frozen=True, slots=True)
class Histogram:
    """Counts by size."""

    name: str
    says: str
    bounds: tuple[float, ...]
    """Seconds; the last bucket has none."""
    labels: tuple[str, ...] = ()

    def observe(self, seconds: float, *values: str) -> None:
        assert len(values) == len(self.labels)
        at = bisect_left(self.bounds, seconds)
        bucket = str(self.bounds[at]) if at < len(self.bounds) else BEYOND
        TALLY.add(self.name, values, {TOTAL: seconds, bucket: 1})

    @property
    def buckets(self) -> tuple[str, ...]:
        return (*(str(bound) for bound in self.bounds), BEYOND)


_FAST = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)
_SLOW = (1.0, 2.5, 5.0, 10.0, 20.0, 30.0, 60.0, 120.0, 300.0, 600.0, 1800.0, 3600.0)

OVERRUN = Histogram(
    "overrun_seconds", "From a deadline until its machine no longer ran.", (0.5, 1.0, 2.0, 3.0, 5.0, *_SLOW[3:])
)
LAUNCH = Histogram(
    "launch_duration_seconds", "From the request for an instance until it was first seen running.", _SLOW, ("provider",)
)
SETTLE = Histogram(
    "settle_duration_seconds", "From a request or a deadline until it was seen fulfilled.", _SLOW, ("desired",)
)
TICK_LAG = Histogram(
    "tick_lag_seconds",
    "How much later than its period after the one before a tick was claimed.",
    (0.05, *_FAST[4:], 30.0, 60.0, 300.0),
    ("tick",),
)
CALL_DURATION = Histogram(
    "cloud_call_duration_seconds",
    "Of calls to the clouds, by what was asked for; one of several pages is one each.",
    (*_FAST[2:], 30.0, 60.0),
    ("provider", "operation"),
)
REQUEST_DURATION = Histogram(
    "request_duration_seconds", "Of requests to the web process, streams left out.", _FAST, ("route", "method")
)
OUTCOMES = Counter(
    "reconcile_outcomes", "What came of each step for each instance: ok, or the cloud's refusal.", ("step", "code")
)
CALLS = Counter("cloud_calls", "Calls to the clouds, and what came of them.", ("provider", "operation", "code"))
REQUESTS = Counter("requests", "Requests to the web process.", ("route", "method", "code"))
DENIED = Counter("denied", "Requests that somebody may not make.", ("verb",))
QUOTA_REFUSED = Counter("quota_refused", "Requests that a quota or a budget refused.", ("limit",))

WEBHOOKS = Counter("webhook_messages", "Attempts to send a webhook's message, and what came of them.", ("outcome",))

EVERY: Mapping[str, Counter | Histogram] = MappingProxyType(
    {
        one.name: one
        for one in (
            *(OVERRUN, LAUNCH, SETTLE, TICK_LAG, CALL_DURATION, REQUEST_DURATION),
            *(OUTCOMES, CALLS, REQUESTS, DENIED, QUOTA_REFUSED, WEBHOOKS),
        )
    }
)
