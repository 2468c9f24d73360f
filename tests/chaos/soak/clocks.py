"""Processes whose clock is an hour wrong. It takes a C compiler and no right: a few functions stand before the C library's own.

Only the database's clock decides, so that neither a worker nor a beat may do harm with theirs. The database's own clock and the
cloud's are not moved here: then everything is held, as tests/integration/deadlines/test_holds.py shows. (Debian's libfaketime
would not do: with a shifted clock, Python's sleep fails under it with EINVAL.)
"""

from __future__ import annotations

import shutil
import signal
import subprocess
from pathlib import Path
from random import Random

from tests.chaos.soak.nemesis import Blow, Fault
from tests.chaos.soak.room import BEATS, WORKERS, Room


def clock_shifted(room: Room, rng: Random, scale: float) -> Blow:
    """kill -9, and started again an hour before or behind its time; at the end once more, on time."""
    name, hours = rng.choice((*WORKERS, *BEATS)), rng.choice((-1, 1))
    child = room.children[name]
    child.meanwhile = {"LD_PRELOAD": str(_built(room.folder)), "SHIFT_SECONDS": str(hours * 3600)}
    child.signal(signal.SIGKILL, whole=True)

    def end() -> None:
        child.meanwhile = {}
        child.signal(signal.SIGKILL, whole=True)

    return Blow(f"{name} is started again {hours:+} h off", rng.uniform(40, 150) * scale, end)


def _built(folder: Path) -> Path:
    library = folder / "shift.so"
    if not library.exists():
        source = Path(__file__).with_name("shift.c")
        compiler = shutil.which("cc")
        assert compiler is not None
        subprocess.run([compiler, "-shared", "-fPIC", "-O1", "-o", str(library), str(source), "-ldl"], check=True)
    return library


CLOCKS: dict[str, Fault] = {"clock shifted": clock_shifted} if shutil.which("cc") else {}
