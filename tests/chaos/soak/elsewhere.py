"""What the nemesis can do at one of several clouds: it hangs, throttles, fails, forgets to answer, has no room, or has visitors.

One cloud at a time for each kind, so that the others have to keep their second.
"""

from __future__ import annotations

from collections.abc import Callable
from random import Random
from typing import Any

from tests.chaos.soak.clouds import deployment
from tests.chaos.soak.neighbour import Neighbour
from tests.chaos.soak.nemesis import Blow, Fault
from tests.chaos.soak.room import Room

_HANGS = 60.0
"""Seconds for which EC2 answers nothing, above every patience; the stand-in does what it was asked all the same."""


def cloud_hangs(room: Room, rng: Random, scale: float) -> Blow:
    where, seconds = _quiet(room, rng), rng.uniform(15, 60) * scale
    if where in room.neighbours:
        return _trouble(room.neighbours[where], "hangs", seconds, hangs=True)
    number = room.control.fault(action="*", delay=_HANGS, times=None, duration=seconds)
    return Blow("aws hangs", seconds, lambda: room.control.clear_faults(number), "aws")


def cloud_throttles(room: Room, rng: Random, scale: float) -> Blow:
    where, seconds = _quiet(room, rng), rng.uniform(10, 60) * scale
    if where in room.neighbours:
        return _trouble(room.neighbours[where], "throttles", seconds, uses_up=True)
    wrong: dict[str, Any] = {"code": "RequestLimitExceeded", "status": 503, "p": 0.7}
    number = room.control.fault(action="*", effect="none", reply="error", times=None, duration=seconds, **wrong)
    return Blow("aws throttles", seconds, lambda: room.control.clear_faults(number), "aws")


def cloud_fails(room: Room, rng: Random, scale: float) -> Blow:
    return _trouble(_some(room, rng), "answers every other call by 503", rng.uniform(5, 25) * scale, fails=0.5)


def answers_lost(room: Room, rng: Random, scale: float) -> Blow:
    times = rng.randint(1, 4)
    return _trouble(
        _some(room, rng), f"does what it is asked, and says nothing, {times} times", 20 * scale, loses=times
    )


def credentials_refused(room: Room, rng: Random, scale: float) -> Blow:
    return _trouble(_some(room, rng), "does not know us", rng.uniform(5, 40) * scale, denies=True)


def no_room(room: Room, rng: Random, scale: float) -> Blow:
    one = _some(room, rng)

    def set_to(lacking: bool) -> None:
        with one.service.lock:
            one.shown.lack(lacking)

    set_to(True)
    return Blow(f"{one.name} has no room", rng.uniform(10, 40) * scale, lambda: set_to(False), one.name)


def hand_at_a_console(room: Room, rng: Random, scale: float) -> Blow:
    one = _any(room, rng)
    does = rng.choice(("off", "off", "on", "on", "gone"))
    states = {"off": ("running",), "on": ("stopped", "halted")}.get(does, ("running", "stopped", "halted"))
    hit = one.hand(rng, does, states, rng.randint(1, 3), deployment(room))
    return Blow(f"{hit} machines at {one.name} are made {does} by hand", 0, None, one.name)


def strangers_at_another(room: Room, rng: Random, scale: float) -> Blow:
    """Machines of nobody's, and of another deployment of the same tool."""
    one = _any(room, rng)
    one.plant()
    one.plant("00000000-0000-4000-8000-000000000000", f"launch-{rng.getrandbits(40):x}", "im-0000000000")
    return Blow(f"machines at {one.name} that are not ours", 0, None, one.name)


def orphan_at_another(room: Room, rng: Random, scale: float) -> Blow:
    ours = deployment(room)
    # a cloud at which nobody of ours ever asked for anything is not looked at
    known = [one for _, one in sorted(room.neighbours.items()) if any(s.is_of(ours) for s in one.seen.values())]
    if not known:
        return Blow("no cloud has anything of ours yet")
    one = rng.choice(known)
    one.plant(ours, f"launch-{rng.getrandbits(40):x}")
    return Blow(f"a machine at {one.name} with our mark and no row", 0, None, one.name)


def _any(room: Room, rng: Random) -> Neighbour:
    return room.neighbours[rng.choice(sorted(room.neighbours))]


def _quiet(room: Room, rng: Random) -> str:
    """A cloud at which nothing is wrong now: what is wrong at another is not to be ended by this."""
    return rng.choice([*(one for one in sorted(room.neighbours) if _is_well(room.neighbours[one])), "aws"])


def _some(room: Room, rng: Random) -> Neighbour:
    return rng.choice([one for _, one in sorted(room.neighbours.items()) if _is_well(one)])


def _is_well(one: Neighbour) -> bool:
    found = one.trouble
    return not (found.hangs or found.uses_up or found.fails or found.loses or found.denies)


def _trouble(one: Neighbour, told: str, seconds: float, **trouble: Any) -> Blow:
    one.disturb(**trouble)
    end: Callable[[], None] = one.disturb
    return Blow(f"{one.name} {told}", seconds, end, one.name)


ELSEWHERE: dict[str, Fault] = {
    "cloud hangs": cloud_hangs,
    "cloud throttles": cloud_throttles,
    "cloud fails": cloud_fails,
    "answers lost": answers_lost,
    "credentials refused": credentials_refused,
    "no room at a cloud": no_room,
    "hand at a console": hand_at_a_console,
    "strangers at another": strangers_at_another,
    "orphan at another": orphan_at_another,
}
