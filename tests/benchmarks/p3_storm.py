"""P3: 10,000 deadlines at one instant, at a cloud without limits and im told so; and 2,000 at EC2's real refill, told nothing."""

from __future__ import annotations

from collections.abc import Iterator
from statistics import median

from tests.benchmarks.deadlines import AHEAD, failed_rows, first_stops, refused, set_deadlines, wait_until_stopped
from tests.benchmarks.fleet import at_work
from tests.benchmarks.place import place
from tests.benchmarks.row import Row
from tests.standin.throttle import RESOURCES

MACHINES, THROTTLED, MOST = 10_000, 2_000, 3.0
UNLIMITED = "stop=none, stop.machines=none, describe=none"


def measure(runs: int) -> Iterator[Row]:
    last = [_storm(MACHINES, throttle=False)[0] for _ in range(runs)]
    work = f"{MACHINES:,} deadlines at one instant, no throttling, to the last Stop"
    yield Row("P3", work, "seconds", median(last), MOST, f"{MOST:g} s", 1.0, runs)
    burst, per_second = RESOURCES["StopInstances"]
    floor = (THROTTLED - burst) / per_second
    last, turned_away = zip(*(_storm(THROTTLED, throttle=True) for _ in range(runs)), strict=True)
    work = f"{THROTTLED:,} at one instant under EC2's limits"
    yield Row("P3", f"{work}, to the last Stop", "seconds", median(last), floor, "the bucket's own speed", 1.1, runs)
    calls = THROTTLED / 1000
    yield Row("P3", f"{work}, refused calls", "calls", median(turned_away), calls, "1 per 1,000", None, runs)


def _storm(count: int, *, throttle: bool) -> tuple[float, int]:
    """Seconds from the instant to the last Stop that was taken, and how many were refused."""
    with place() as here:
        machines = here.fleet(count)
        here.control.configure(delays={"stop": 20.0}, throttle=throttle)
        with at_work(here, IM_LIMITS="" if throttle else UNLIMITED):
            at = max(set_deadlines(here, machines, 0.0).values())
            wait_until_stopped(here, count, 0, AHEAD + 300)
            last = max(first_stops(here, 0).values()) - at
            assert failed_rows(here) == 0, "a stop was given up"
            return last, refused(here, 0)
