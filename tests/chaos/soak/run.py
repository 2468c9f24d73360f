"""One soak from beginning to end: open the room, let people in, break things, mend them, wait until it is quiet, judge."""

from __future__ import annotations

import os
import pickle
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import psycopg2

from im.services.refresh import orphans
from tests.chaos.soak import report
from tests.chaos.soak.clients import Client, Manners, Pool
from tests.chaos.soak.clocks import CLOCKS
from tests.chaos.soak.clouds import AT_EC2, CLOUD
from tests.chaos.soak.elsewhere import ELSEWHERE
from tests.chaos.soak.evidence import gather
from tests.chaos.soak.faults import OF_POSTGRES, PROCESSES, failed_over
from tests.chaos.soak.judge import judge
from tests.chaos.soak.neighbour import NEIGHBOURS
from tests.chaos.soak.nemesis import Nemesis, Planned, Window, plan
from tests.chaos.soak.room import Room
from tests.chaos.soak.upgrade import UPGRADE, page_killed
from tests.chaos.soak.upgrade import plan as plan_of_upgrade

_DELAYS = {
    "launch": [2.0, 6.0],
    "start": [2.0, 5.0],
    "stop": [2.0, 8.0],
    "terminate": [2.0, 6.0],
    "visible": [0.0, 3.0],
    "forget": 600.0,
}
"""Seconds, as EC2 takes them; but the dead are forgotten sooner, so that both ways of ending are seen in an hour."""
_QUIET_WITHIN = 420.0
"""Seconds after the last fault: deadlines may be 100 s off, and a mass of starts goes at 1.5 calls a second."""


@dataclass(frozen=True, slots=True)
class Plan:
    seed: int
    seconds: float
    requests_per_second: float = 1.5
    clients: int = 5
    """One of them types `im` commands."""
    shortest: float = 5.0
    longest: float = 90.0
    farthest: float = 100.0
    scale: float = 1.0
    """Of how long faults last."""
    launch_lease: float = 75.0
    """Seconds for which a launch is its worker's, killed or not; above the slowest answer."""
    waits_for_launches: bool = True
    """Drain until what was launched without an answer is found or given up, which takes five minutes; and let full listings
    come when it is time, a minute or two apart. Otherwise the drain has them come at once."""
    only: tuple[str, ...] = ()
    keep: bool = False
    every: tuple[float, float] = (2.0, 10.0)
    mixed: bool = False
    """Seven clouds instead of EC2 alone, two of them of GPUs."""
    takes: float = 3.0
    """Seconds for which whatever is done at the others lasts."""
    before: str = ""
    """The Python of an environment with the version before: all begins as that, and is upgraded under load."""
    failover: float | None = None
    """Seconds after which the primary Postgres is killed and its standby promoted; the other faults leave Postgres alone."""


ASKED = {"aws": 4, "azure": 3, "gcp": 3, "digitalocean": 2, "hetzner": 2, "crusoe": 2, "runpod": 2}
"""How often people ask each cloud for a machine; the limits of an account are far apart."""


def soak(given: Plan, say: Callable[[str], None], to: Path | None = None) -> dict[str, Any]:
    """The report, as in report.as_json; its folder is kept when a figure is not zero."""
    faults = {**PROCESSES, **CLOUD, **CLOCKS, **(ELSEWHERE if given.mixed else {})}
    faults |= {"page killed": page_killed} if given.before else {}
    kinds = [name for name in faults if not given.only or name in given.only]
    if given.failover is not None:
        faults["failed over"] = failed_over
        kinds = [name for name in kinds if faults[name] not in OF_POSTGRES]
    # a sandbox shows what it made at once
    delays = _DELAYS | ({"visible": [0.0, 0.0]} if given.mixed else {})
    room = Room(
        given.seed,
        say,
        cloud={"delays": delays, "throttle": True},
        launch_lease=given.launch_lease,
        beside=NEIGHBOURS if given.mixed else (),
        takes=given.takes,
        before=given.before,
        standby=given.failover is not None,
    )
    keep = True
    try:
        say(
            f"soak of {given.seconds:.0f} s in {room.folder}"
            + ("" if CLOCKS else "; clocks stay right: there is no C compiler")
        )
        room.open()
        room.wait_for(lambda: _ticked(room), 120, "the fleet")
        began = time.time()
        manners = Manners(given.requests_per_second, given.clients, given.shortest, given.longest, given.farthest)
        if given.mixed:
            manners = replace(manners, clouds=ASKED)
        pool = Pool()
        people = [
            Client(number, given.seed, room, pool, manners, types=number == given.clients - 1, browses=number < 2)
            for number in range(given.clients)
        ]
        planned = plan(given.seed, given.seconds, kinds, every=given.every)
        if given.failover is not None:
            planned.append(Planned(given.failover, len(planned) + 1, "failed over", given.seconds))
            planned.sort(key=lambda one: one.at)
        if room.versions is not None:
            faults |= UPGRADE
            planned += plan_of_upgrade(given.seconds, len(planned))
            planned.sort(key=lambda one: one.at)
        nemesis = Nemesis(room, given.seed, planned, faults, given.scale, say)
        for one in people:
            one.start()
        nemesis.start()
        _wait(given.seconds, lambda: _census(room, say))
        nemesis.finish()
        if room.versions is not None and room.versions.old:
            raise RuntimeError(f"it was not upgraded in the end: {nemesis.broken}")
        for one in people:
            one.finish()
        for one in people:
            one.join(120)
        _mend(room)
        say("all faults ended, nobody asks for anything more; waiting until it is quiet")
        quiet_after = _drain(room, say, waits_for_launches=given.waits_for_launches)
        windows = [_placed(one) if given.mixed else one for one in nemesis.windows]
        evidence = gather(room, began, [one.path for one in people])
        # where nothing has to be watched any more, what is nobody's is looked for every two minutes
        until = time.monotonic() + orphans.EVERY + 30
        while judge(evidence, windows).orphaned and time.monotonic() < until:
            if not given.waits_for_launches:
                _look_in_full_next(room)
            time.sleep(5)
            evidence = gather(room, began, [one.path for one in people])
        # whoever doubts the judge may judge again
        (room.folder / "evidence.pickle").write_bytes(pickle.dumps((evidence, windows)))
        verdict = judge(evidence, windows)
        run = report.Run(
            given.seed,
            given.seconds,
            quiet_after,
            asdict(given),
            nemesis.broken,
            os.getloadavg(),
            {name: child.starts - 1 for name, child in room.children.items()},
        )
        told = report.as_json(run, evidence, verdict, windows)
        if to is not None:
            report.write(to, told)
        say("judged\n\n" + report.as_markdown(told))
        keep = given.keep or not verdict.good
        return told
    finally:
        room.close(keep=keep)
        if keep:
            say(f"logs are in {room.folder}")


def _placed(window: Window) -> Window:
    """What was done to EC2 alone concerns no other cloud.

    What is used up at Google is there again with the next full minute, by its own word: nobody asks before.
    """
    if window.kind == "cloud throttles" and window.where == "gcp":
        return replace(window, ended=(window.ended // 60 + 1) * 60)
    return replace(window, where="aws") if window.kind in AT_EC2 else window


def _wait(seconds: float, every_minute: Callable[[], None]) -> None:
    until = time.monotonic() + seconds
    while (left := until - time.monotonic()) > 0:
        time.sleep(min(left, 60.0))
        if left > 60:
            every_minute()


def _mend(room: Room) -> None:
    room.lift()
    room.control.clear_faults()
    for zone in "ab":
        room.control.capacity(f"us-east-1{zone}", None)
    for one in room.neighbours.values():
        one.disturb()
    room.wait_for(lambda: _ask(room) is not None, 60, "Postgres")


def _drain(room: Room, say: Callable[[str], None], *, waits_for_launches: bool) -> float:
    """Seconds until nothing is unsettled, nothing moves at the cloud and no deadline is still to come; or it never is."""
    began = told = time.monotonic()
    while (passed := time.monotonic() - began) < _QUIET_WITHIN:
        counts = _ask(room)
        if counts is not None:
            looked_for = counts.pop("looked for")
            if not any(counts.values()) and not (looked_for and waits_for_launches):
                return passed
            counts["looked for"] = looked_for
        if time.monotonic() - told > 15:
            told = time.monotonic()
            say(f"not quiet yet: {counts}")
            if counts is not None and not waits_for_launches:
                _look_in_full_next(room)
        time.sleep(1)  # the pace of asking; what ends the wait is the answer
    say(f"it did not come to rest within {_QUIET_WITHIN:.0f} s: {_ask(room)}")
    return passed


_REST = """
SELECT count(*) FILTER (WHERE failed_generation < generation AND settled_generation < generation AND NOT looked_for),
       count(*) FILTER (WHERE observed IN ('pending', 'stopping', 'terminating')
                          AND (failed_generation < generation OR observed <> 'pending') OR shelf = 'leaving'),
       count(*) FILTER (WHERE expires_at > clock_timestamp() - interval '2 seconds' AND desired = 'running'
                          AND observed <> 'none'),
       count(*) FILTER (WHERE observed = 'running' AND failed_generation < generation AND desired <> 'terminated'),
       count(*) FILTER (WHERE failed_generation < generation AND settled_generation < generation AND looked_for)
FROM (SELECT i.*, i.observed = 'none' AND l.state IS NOT DISTINCT FROM 'called' AS looked_for
      FROM instances i LEFT JOIN launches l ON l.token = i.launch_token WHERE i.closed_at IS NULL) AS living
"""


def _ask(room: Room) -> dict[str, int] | None:
    """What is still to come to rest; None while Postgres does not answer."""
    try:
        connection = room.connect()
    except psycopg2.OperationalError:
        return None
    try:
        with connection.cursor() as cursor:
            cursor.execute(_REST)
            row = cursor.fetchone()
        return dict(zip(("unsettled", "moving", "still to expire", "running", "looked for"), row or (), strict=True))
    except psycopg2.OperationalError:
        return None
    finally:
        connection.close()


def _look_in_full_next(room: Room) -> None:
    """The minute between two full listings, and the two between two looks for orphans, are over: the next tick does both."""
    connection = room.connect()
    connection.autocommit = True
    with connection.cursor() as cursor:
        cursor.execute("DELETE FROM ticks WHERE name LIKE 'full %' OR name LIKE 'orphans%'")
    connection.close()


def _ticked(room: Room) -> bool:
    """Has a worker answered a beat?"""
    try:
        connection = room.connect()
    except psycopg2.OperationalError:  # its two seconds are short where everything else starts as well
        return False
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT count(*) FROM ticks WHERE name = 'refresh'")
            return bool((cursor.fetchone() or (0,))[0])
    finally:
        connection.close()


def _census(room: Room, say: Callable[[str], None]) -> None:
    counts = _ask(room)
    machines = room.control.machines(fields=("state",))
    living = sum(one["state"] not in ("terminated", "shutting-down") for one in machines)
    say(f"     at rest: {counts}; the cloud has {living} machines and shows {len(machines)}")
