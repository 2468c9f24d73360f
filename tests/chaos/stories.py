"""What a process is doing when it dies: one story for each verb, where it begins, how it must end, and every point on its way."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from im.failpoints import Point
from tests.chaos.worker import Act

WEB = ("web-1", "web-2")
OTHER = "other"
"""A machine of ours that no story is about, and that must come through all of them running."""


class End(StrEnum):
    """What the machines of a story come to."""

    NOTHING = "nothing"
    """They never were: no row, no machine."""
    FAILED = "failed"
    CANCELLED = "cancelled"
    """Settled as stopped, and never launched."""
    RUNNING = "running"
    STOPPED = "stopped"
    GONE = "gone"


@dataclass(frozen=True, slots=True)
class Story:
    before: tuple[Act, ...]
    """What is done, and comes to its end, before the process is armed."""
    acts: tuple[Act, ...]
    """What it does when it dies."""
    ends: tuple[End, ...]
    """How it ends when none of its requests was committed, when the first was, and so on to all of them."""
    way: tuple[str, ...]
    """Every point that it reaches, with the step or task on whose behalf: `point/of`."""

    def end(self, reached: str) -> End:
        """How it ends for a process that died at `reached`: a request that was not committed was never made."""
        requests = [r.partition("/")[2] for r in self.way if r.startswith(Point.REQUEST_WRITTEN)]
        point, _, verb = reached.partition("/")
        if not point.startswith("request."):
            return self.ends[-1]
        return self.ends[requests.index(verb) + (point != Point.REQUEST_WRITTEN)]


def _request(verb: str) -> tuple[str, ...]:
    points = (Point.REQUEST_WRITTEN, Point.REQUEST_COMMITTED, Point.REQUEST_RUNG)
    return tuple(f"{point}/im.{verb}" for point in points)


def _task(name: str) -> tuple[str, ...]:
    return (f"{Point.TASK_TAKEN}/im.{name}", f"{Point.TASK_DONE}/im.{name}")


def _step(step: str) -> tuple[str, ...]:
    around = (Point.CLAIM_WRITTEN, Point.CLAIM_COMMITTED, Point.CALL_BEGUN, Point.CALL_ANSWERED)
    return tuple(f"{point}/{step}" for point in (*around, Point.APPLY_WRITTEN, Point.APPLY_COMMITTED))


_CLAIMED = (Point.LAUNCH_CLAIM_WRITTEN, Point.LAUNCH_CLAIM_COMMITTED)
_FILLED = (Point.LAUNCH_MADE, Point.LAUNCH_FILL_WRITTEN, Point.LAUNCH_FILL_COMMITTED, Point.LAUNCH_LABELLED)
_DELAYED = (Point.LAUNCH_DELAY_WRITTEN, Point.LAUNCH_DELAY_COMMITTED)
_CLOSED = (Point.LAUNCH_CLOSE_WRITTEN, Point.LAUNCH_CLOSE_COMMITTED)
_LISTED = (
    *_task("refresh"),
    Point.REFRESH_CLAIMED,
    *_task("refresh_scope"),
    Point.REFRESH_LISTED,
    Point.REFRESH_COMMITTED,
)
_TICKED = (*_task("enforce_ttl"), Point.ENFORCE_CLAIMED, Point.ENFORCE_WRITTEN, Point.ENFORCE_COMMITTED)

_MARKED = (Point.MARK_COMMITTED, Point.MARK_SHOWN)
_HOUR, _DAY = 3600.0, 86400.0
_SETTLE: Act = ("drive", 0, 120)
_ALIGN: Act = ("sleep", 0)
_CREATE: Act = ("create", "web", 2, _HOUR)
_OTHER: tuple[Act, ...] = (("create", OTHER, 1, _DAY), _SETTLE, _ALIGN)
_RUNNING: tuple[Act, ...] = (*_OTHER, _CREATE, _SETTLE, _ALIGN)
_STOPPED: tuple[Act, ...] = (*_RUNNING, ("stop", WEB), _SETTLE, _ALIGN)
_NO_ROOM = {"action": "RunInstances", "effect": "none", "reply": "error", "code": "InsufficientInstanceCapacity"}

STORIES: Mapping[str, Story] = {
    "create": Story(
        _OTHER,
        (_CREATE, _SETTLE),
        (End.NOTHING, End.RUNNING),
        (*_request("create"), *_task("create"), *_CLAIMED, Point.LAUNCH_CALLING, *_FILLED, *_step("look")),
    ),
    "create, reply lost": Story(
        (*_OTHER, ("cloud", "lose_reply", "RunInstances")),
        (_CREATE, _SETTLE),
        (End.NOTHING, End.RUNNING),
        (
            *(*_request("create"), *_task("create"), *_CLAIMED, Point.LAUNCH_CALLING, *_DELAYED),
            *(Point.LAUNCH_LOOKED, *_FILLED, *_step("look")),
        ),
    ),
    "create, shown late": Story(
        # so that a look finds nothing of a launch that was made, and only its token stands before a second machine
        (*_OTHER, ("delay", {"visible": 15})),
        (_CREATE, _SETTLE),
        (End.NOTHING, End.RUNNING),
        (*_request("create"), *_task("create"), *_CLAIMED, Point.LAUNCH_CALLING, *_FILLED, *_step("look"), *_LISTED),
    ),
    "create, no capacity": Story(
        (*_OTHER, ("fault", _NO_ROOM)),
        (_CREATE, _SETTLE),
        (End.NOTHING, End.FAILED),
        (*_request("create"), *_task("create"), *_CLAIMED, Point.LAUNCH_CALLING, *_CLOSED),
    ),
    "create, stopped at once": Story(
        _OTHER,
        (_CREATE, ("stop", WEB), _SETTLE),
        (End.NOTHING, End.RUNNING, End.CANCELLED),
        (*_request("create"), *_request("stop"), *_task("create"), *_task("stop"), *_CLAIMED),
    ),
    "adopt": Story(
        (*_OTHER, ("strays", 2)),
        (("adopt", "web", _HOUR), _SETTLE),
        (End.NOTHING, End.RUNNING),
        (*_request("adopt"), *_task("adopt"), *_step("adopt")),
    ),
    "extend wakes": Story(
        _STOPPED,
        (("extend", WEB, _HOUR), _SETTLE),
        (End.STOPPED, End.RUNNING),
        (*_request("extend"), *_task("extend"), *_step("start"), *_task("create"), *_step("look")),
    ),
    "start": Story(
        _STOPPED,
        (("start", WEB), _SETTLE),
        (End.STOPPED, End.RUNNING),
        (*_request("start"), *_task("start"), *_step("start"), *_task("create"), *_step("look")),
    ),
    "stop": Story(
        _RUNNING,
        (("stop", WEB), _SETTLE),
        (End.RUNNING, End.STOPPED),
        (*_request("stop"), *_task("stop"), *_step("stop"), *_step("look")),
    ),
    "stop, doorbell lost": Story(
        _RUNNING,
        (("stop", WEB), ("lose_messages",), _SETTLE),
        (End.RUNNING, End.STOPPED),
        (*_request("stop"), *_LISTED, *_task("stop"), *_step("stop"), *_step("look")),
    ),
    "terminate": Story(
        _RUNNING,
        (("terminate", WEB), _SETTLE),
        (End.RUNNING, End.GONE),
        (*_request("terminate"), *_task("terminate"), *_step("terminate"), *_step("look")),
    ),
    "terminate, spot": Story(
        (*_OTHER, ("create_spot", "web", 2, _HOUR), _SETTLE, _ALIGN),
        (("terminate", WEB), _SETTLE),
        (End.RUNNING, End.GONE),
        (
            *(*_request("terminate"), *_task("terminate"), *_step("terminate")),
            *(Point.SPOT_CANCELLED, *_step("look")),
        ),
    ),
    "terminate, spot, reply lost": Story(
        (*_OTHER, ("create_spot", "web", 2, _HOUR), _SETTLE, _ALIGN),
        (("cloud", "lose_reply", "CancelSpotInstanceRequests"), ("terminate", WEB), _SETTLE),
        (End.RUNNING, End.GONE),
        (
            *(*_request("terminate"), *_task("terminate"), *_step("terminate")),
            *(Point.SPOT_CANCELLED, *_step("look")),
        ),
    ),
    "deadline": Story(
        (*_OTHER, ("create", "web", 2, 100), _SETTLE, _ALIGN, ("sleep", 60)),
        (("drive", 20, 120),),
        (End.STOPPED,),
        (*_LISTED, *_TICKED, Point.ENFORCE_RUNG, *_task("stop"), *_step("stop"), *_step("look")),
    ),
    "stopped outside": Story(
        (*_RUNNING, ("outside", "stop", WEB)),
        (("drive", 40, 120),),
        (End.STOPPED,),
        (*_LISTED, *_MARKED, Point.REFRESH_WRITTEN, *_TICKED),
    ),
    "vanished": Story(
        (*_RUNNING, ("sleep", 60), ("outside", "vanish", WEB)),
        (("drive", 40, 120),),
        (End.GONE,),
        (*_LISTED, *_MARKED, Point.REFRESH_WRITTEN, *_TICKED),
    ),
}
