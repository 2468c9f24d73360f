"""Named places where a test may kill or pause a process. In production nothing is armed, and `reach` is one comparison.

IM_FAILPOINT arms this process: `call.answered=kill`, `call.answered/stop=kill` (only for that step or task),
`call.answered=kill@3` (the third time it is reached), `call.answered=pause` (SIGSTOP until somebody sends SIGCONT);
several with commas. With IM_FAILPOINT_ONCE, a folder, each fires once only, in whichever process comes first: the one
that is started again gets past it.
"""

from __future__ import annotations

import os
import signal
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from im.domain.errors import Refused


class Point(StrEnum):
    """Every place, in the order of a request's life. `written` is inside a transaction, `committed` right after it."""

    REQUEST_WRITTEN = "request.written"
    REQUEST_COMMITTED = "request.committed"
    REQUEST_RUNG = "request.rung"

    TASK_TAKEN = "task.taken"
    TASK_DONE = "task.done"
    """The work is done; Celery has not acknowledged the message yet."""

    LAUNCH_CLAIM_WRITTEN = "launch.claim.written"
    LAUNCH_CLAIM_COMMITTED = "launch.claim.committed"
    LAUNCH_LOOKED = "launch.looked"
    """A launch that was called before has been looked for."""
    LAUNCH_CALLING = "launch.calling"
    LAUNCH_MADE = "launch.made"
    """Its machines are known: the cloud answered, or a look has found them."""
    LAUNCH_FILL_WRITTEN = "launch.fill.written"
    LAUNCH_FILL_COMMITTED = "launch.fill.committed"
    LAUNCH_LABELLED = "launch.labelled"
    LAUNCH_DELAY_WRITTEN = "launch.delay.written"
    LAUNCH_DELAY_COMMITTED = "launch.delay.committed"
    LAUNCH_CLOSE_WRITTEN = "launch.close.written"
    LAUNCH_CLOSE_COMMITTED = "launch.close.committed"

    CLAIM_WRITTEN = "claim.written"
    CLAIM_COMMITTED = "claim.committed"
    CALL_BEGUN = "call.begun"
    SPOT_CANCELLED = "spot.cancelled"
    """The spot requests of machines are cancelled, and the machines themselves have not been ended yet."""
    CALL_ANSWERED = "call.answered"
    APPLY_WRITTEN = "apply.written"
    APPLY_COMMITTED = "apply.committed"

    ENFORCE_CLAIMED = "enforce.claimed"
    """The tick's slot is ours, and nothing has been enforced yet."""
    ENFORCE_WRITTEN = "enforce.written"
    ENFORCE_COMMITTED = "enforce.committed"
    ENFORCE_RUNG = "enforce.rung"
    """The doorbells have gone out; the hints for what comes next have not."""

    REFRESH_CLAIMED = "refresh.claimed"
    REFRESH_LISTED = "refresh.listed"
    REFRESH_WRITTEN = "refresh.written"
    REFRESH_COMMITTED = "refresh.committed"

    MARK_COMMITTED = "mark.committed"
    """The row holds the new mark, and the cloud still shows the one before."""
    MARK_SHOWN = "mark.shown"
    """The cloud shows it, and the row does not know that yet."""


ACTIONS = {"kill": signal.SIGKILL, "pause": signal.SIGSTOP}


@dataclass(slots=True)
class _Charge:
    """What one failpoint does when it is reached."""

    point: Point
    of: str
    number: signal.Signals
    nth: int
    once: Path | None
    reached: int = 0

    def at(self, point: Point, of: str) -> None:
        if point is not self.point or (self.of and self.of != of):
            return
        self.reached += 1
        if self.reached == self.nth and (self.once is None or _first(self.once)):
            os.kill(os.getpid(), self.number)


class Charges:
    """What is armed. Tests may put anything with an `at` in its place."""

    def __init__(self, charges: list[_Charge]) -> None:
        self._charges = charges

    def at(self, point: Point, of: str) -> None:
        for charge in self._charges:
            charge.at(point, of)


armed: Charges | None = None


def reach(point: Point, of: str = "") -> None:
    """This process has come to `point`, on behalf of the step or task `of`."""
    if armed is not None:
        armed.at(point, of)


def arm(environ: Mapping[str, str]) -> None:
    """Arm what IM_FAILPOINT names; without it, disarm. Raises Refused for a point or an action that does not exist."""
    global armed
    written, folder = environ.get("IM_FAILPOINT", ""), environ.get("IM_FAILPOINT_ONCE", "")
    armed = Charges([_charge(one, folder) for one in written.split(",")]) if written else None


def _charge(written: str, folder: str) -> _Charge:
    name, _, action = written.strip().partition("=")
    action, _, nth = action.partition("@")
    name, _, of = name.partition("/")
    if name not in list(Point) or action not in ACTIONS or not (nth or "1").isdecimal():
        raise Refused(f"IM_FAILPOINT={written[:80]} names no failpoint", "unset it; it is for tests only")
    once = Path(folder) / written.strip().replace("/", "+") if folder else None
    return _Charge(Point(name), of, ACTIONS[action], int(nth or 1), once)


def _first(marker: Path) -> bool:
    try:
        os.close(os.open(marker, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))
    except FileExistsError:
        return False
    return True
