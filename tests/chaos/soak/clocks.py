"""Processes whose clock is an hour wrong, by libfaketime where this machine has it (Debian package of that name); needs no right.

Only the database's clock decides, so that neither a worker nor a beat nor somebody's terminal may do harm with theirs. The
database's own clock and the cloud's are not moved here: then everything is held, as tests/integration/test_holds.py shows.
"""

from __future__ import annotations

import os
import signal
from glob import glob
from random import Random

from tests.chaos.soak.nemesis import Blow, Fault
from tests.chaos.soak.room import BEATS, WORKERS, Room


def library() -> str:
    """Its path; empty where there is none. IM_SOAK_FAKETIME names one that is somewhere else."""
    found = [os.environ.get("IM_SOAK_FAKETIME", ""), *sorted(glob("/usr/lib/*/faketime/libfaketimeMT.so.1"))]
    return next((path for path in found if path), "")


def clock_shifted(room: Room, rng: Random, scale: float) -> Blow:
    """kill -9, and started again an hour before or behind its time; at the end once more, on time."""
    name, hours = rng.choice((*WORKERS, *BEATS)), rng.choice((-1, 1))
    child = room.children[name]
    on_time = dict(child.environ)
    child.environ = on_time | {
        "LD_PRELOAD": library(),
        "FAKETIME": f"{hours * 3600:+}",
        # time-outs are measured by the monotonic clock, which no administrator can set
        "FAKETIME_DONT_FAKE_MONOTONIC": "1",
        "DONT_FAKE_MONOTONIC": "1",
        "FAKETIME_DISABLE_SHM": "1",
    }
    child.signal(signal.SIGKILL, whole=True)

    def end() -> None:
        child.environ = on_time
        child.signal(signal.SIGKILL, whole=True)

    return Blow(f"{name} is started again {hours:+} h off", rng.uniform(40, 150) * scale, end)


CLOCKS: dict[str, Fault] = {"clock shifted": clock_shifted} if library() else {}
