"""What goes wrong in a run of the state machine: answers of the cloud, and a process that dies or stalls at a failpoint."""

from __future__ import annotations

from im import failpoints
from im.failpoints import Point
from im.providers.errors import Ambiguous, Forbidden, ProviderError, Throttled, Unauthenticated, Unavailable
from tests.world import World

VERBS = (
    "launch",
    "find",
    "describe",
    "listing",
    "start",
    "stop",
    "terminate",
    "snapshots",
    "snapshot",
    "delete_snapshot",
)
FAULTS: tuple[tuple[ProviderError, bool], ...] = (
    (Ambiguous("no answer"), True),
    (Ambiguous("no answer"), False),
    (Throttled("slow down"), False),
    (Unavailable("down"), False),
    (Unauthenticated("who are you"), False),
    (Forbidden("not allowed"), False),
)


class Killed(BaseException):
    """What kill -9 is to a process: nothing after this line happens."""


class Crash:
    """Armed at one failpoint: the `nth` time it is reached, the process dies, or stalls while the world goes on."""

    def __init__(self, world: World, point: Point, nth: int, stall: float, *, idempotent: bool) -> None:
        self._world, self._point, self._nth, self._stall = world, point, nth, stall
        self._idempotent = idempotent

    def at(self, point: Point, of: str) -> None:
        if point is not self._point:
            return
        self._nth -= 1
        if self._nth == 0:
            failpoints.armed = None
            # between the last look at the lease and the call itself only the launch's token protects, and some clouds have none
            unprotected = point is Point.LAUNCH_CALLING and not self._idempotent
            if not self._stall or unprotected or point.value.endswith("written"):
                raise Killed
            self._world.advance(self._stall)
