"""P2: 10,000 machines, of which 1,000 have their deadline within one minute: how late is each stop, at the cloud?"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, nullcontext
from statistics import median

from tests.benchmarks.deadlines import AHEAD, first_stops, set_deadlines, wait_until_stopped
from tests.benchmarks.fleet import at_work
from tests.benchmarks.place import Place, place
from tests.benchmarks.row import Row

Beside = Callable[[Place, Mapping[str, str]], AbstractContextManager[None]]
MACHINES, DUE, SPREAD = 10_000, 1_000, 60.0


def measure(runs: int, *, beside: Beside | None = None, goal_id: str = "P2", more: str = "") -> Iterator[Row]:
    """`beside`: what else goes on meanwhile, in a row of its own."""
    with place() as here:
        machines = here.fleet(MACHINES)
        here.control.configure(delays={"stop": 20.0})
        delays: list[list[float]] = []
        with at_work(here) as fleet, beside(here, fleet.environ) if beside else nullcontext():
            for run in range(runs):
                chosen = machines[run * DUE : (run + 1) * DUE]
                since = len(here.control.calls())
                deadlines = set_deadlines(here, chosen, SPREAD)
                wait_until_stopped(here, DUE, since, AHEAD + SPREAD + 60)
                stops = first_stops(here, since)
                delays.append(sorted(stops[machine] - deadlines[machine] for machine in chosen))
    assert min(one[0] for one in delays) >= 0, "a machine was stopped before its deadline"
    work = f"{DUE:,} of {MACHINES:,} machines due within {SPREAD:.0f} s, deadline to Stop{more}"
    for name, place_of, most in (("median", 0.5, None), ("p99", 0.99, 1.0), ("latest", 1.0, 2.0)):
        figure = median(one[min(DUE - 1, int(DUE * place_of))] for one in delays)
        goal = None if most is None else 1.0
        yield Row(goal_id, f"{work}: {name}", "seconds", figure, most or 1.0, f"{most or 1.0:g} s", goal, runs)
