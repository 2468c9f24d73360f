"""Everything that the nemesis can do to processes: the broker, Postgres, workers and beats."""

from __future__ import annotations

import contextlib
import os
import signal
import time
from random import Random
from typing import Any

import psycopg2

from tests.chaos.soak.nemesis import Blow, Fault
from tests.chaos.soak.room import BEATS, WORKERS, Room


def broker_killed(room: Room, rng: Random, scale: float) -> Blow:
    """kill -9; it comes back empty."""
    seconds = rng.uniform(0, 10) * scale
    room.hold_down("broker", seconds)
    room.children["broker"].signal(signal.SIGKILL)
    return Blow("killed, comes back empty", 2 + seconds)


def broker_frozen(room: Room, rng: Random, scale: float) -> Blow:
    child = room.children["broker"]
    child.signal(signal.SIGSTOP)
    return Blow("SIGSTOP", rng.uniform(5, 60) * scale, lambda: child.signal(signal.SIGCONT))


def broker_flushed(room: Room, rng: Random, scale: float) -> Blow:
    with room.broker() as hand:
        hand.flushall()
    return Blow("FLUSHALL")


def broker_full(room: Room, rng: Random, scale: float) -> Blow:
    with room.broker() as hand:
        hand.config_set("maxmemory", 1)

    def end() -> None:
        with room.broker() as hand:
            hand.config_set("maxmemory", 0)

    return Blow("out of memory", rng.uniform(5, 30) * scale, end)


def broker_read_only(room: Room, rng: Random, scale: float) -> Blow:
    with room.broker() as hand:
        hand.execute_command("REPLICAOF", "127.0.0.1", "1")

    def end() -> None:
        with room.broker() as hand:
            hand.execute_command("REPLICAOF", "NO", "ONE")

    return Blow("a replica of nobody, read-only", rng.uniform(5, 30) * scale, end)


def postgres_restarted(room: Room, rng: Random, scale: float) -> Blow:
    seconds = rng.uniform(0, 5) * scale
    room.hold_down("postgres", seconds)
    room.children["postgres"].signal(signal.SIGQUIT)
    return Blow("immediate shutdown", 2.5 + seconds)


def postgres_killed(room: Room, rng: Random, scale: float) -> Blow:
    """kill -9 of a backend in the middle of its work: Postgres itself throws everybody out and recovers."""
    victims = _backends(room, "state <> 'idle'") or _backends(room, "true")
    os.kill(rng.choice(victims), signal.SIGKILL)
    return Blow("a backend killed -9", 2)


def backend_terminated(room: Room, rng: Random, scale: float) -> Blow:
    """In the middle of a transaction where one is open now; several looks, because they are short."""
    ended = 0
    for _ in range(60):
        for pid in _backends(room, "state <> 'idle'"):
            ended += _ask(room, "SELECT pg_terminate_backend(%s)", pid)[0][0]
        if ended >= 2:
            break
        time.sleep(0.01)
    return Blow(f"{ended} backends ended in mid-transaction", 0.5)


def connections_exhausted(room: Room, rng: Random, scale: float) -> Blow:
    taken: list[Any] = []
    with contextlib.suppress(psycopg2.OperationalError):
        while len(taken) < 200:
            taken.append(_connect(room))

    def end() -> None:
        for one in taken:
            one.close()

    return Blow(f"the last {len(taken)} connections taken", rng.uniform(3, 10) * scale, end)


def failed_over(room: Room, rng: Random, scale: float) -> Blow:
    """kill -9 of the primary under load, for good; the standby is promoted."""
    assert room.standby is not None
    first = room.forget("postgres")
    assert first.process is not None
    first.signal(signal.SIGKILL, whole=True)
    first.process.wait(timeout=30)
    room.standby.promote()
    return Blow("the primary killed -9, its standby promoted", TAKES_OVER_WITHIN)


def worker_killed(room: Room, rng: Random, scale: float) -> Blow:
    name, how = rng.choice(WORKERS), rng.choice(("main", "child", "all"))
    child = room.children[name]
    if how == "child" and (pids := child.children()):
        os.kill(rng.choice(pids), signal.SIGKILL)
        return Blow(f"a child of {name}, kill -9", 1)
    child.signal(signal.SIGKILL, whole=how == "all")
    return Blow(f"{name} ({how}), kill -9", 6)


def worker_stopped(room: Room, rng: Random, scale: float) -> Blow:
    """SIGSTOP of everything: what it holds, it still holds when it wakes up, minutes later."""
    name = rng.choice(WORKERS)
    child = room.children[name]
    child.signal(signal.SIGSTOP, whole=True)
    return Blow(f"{name}, SIGSTOP", rng.uniform(20, 180) * scale, lambda: child.signal(signal.SIGCONT, whole=True))


def worker_asked_to_go(room: Room, rng: Random, scale: float) -> Blow:
    name = rng.choice(WORKERS)
    room.children[name].signal(signal.SIGTERM)
    return Blow(f"{name}, SIGTERM", 6)


def fleet_killed(room: Room, rng: Random, scale: float) -> Blow:
    """kill -9 of every worker and beat at once."""
    for name in (*WORKERS, *BEATS):
        room.children[name].signal(signal.SIGKILL, whole=True)
    return Blow("every worker and beat, kill -9", 8)


def beat_killed(room: Room, rng: Random, scale: float) -> Blow:
    name = rng.choice(BEATS)
    seconds = rng.uniform(0, 30) * scale
    room.hold_down(name, seconds)
    room.children[name].signal(signal.SIGKILL)
    return Blow(f"{name}, kill -9", 3 + seconds)


def beats_stopped(room: Room, rng: Random, scale: float) -> Blow:
    """No tick at all: the workers have to see it and sweep."""
    for name in BEATS:
        room.children[name].signal(signal.SIGSTOP)

    def end() -> None:
        for name in BEATS:
            room.children[name].signal(signal.SIGCONT)

    return Blow("both, SIGSTOP", rng.uniform(30, 150) * scale, end)


def _connect(room: Room) -> Any:
    return room.connect()


def _ask(room: Room, query: str, *given: Any) -> list[Any]:
    connection = _connect(room)
    try:
        connection.autocommit = True
        with connection.cursor() as cursor:
            cursor.execute(query, given)
            return list(cursor.fetchall())
    finally:
        connection.close()


def _backends(room: Room, which: str) -> list[int]:
    query = (
        "SELECT pid FROM pg_stat_activity WHERE datname = current_database() AND application_name = 'im'"
        f" AND pid <> pg_backend_pid() AND {which} ORDER BY pid"
    )
    return [row[0] for row in _ask(room, query)]


TAKES_OVER_WITHIN = 75.0
"""Seconds: a promoted standby watches for a minute that no other server acts, and then does what waited."""
PROCESSES: dict[str, Fault] = {
    "broker killed": broker_killed,
    "broker frozen": broker_frozen,
    "broker flushed": broker_flushed,
    "broker full": broker_full,
    "broker read-only": broker_read_only,
    "postgres restarted": postgres_restarted,
    "postgres killed": postgres_killed,
    "backend terminated": backend_terminated,
    "connections exhausted": connections_exhausted,
    "worker killed": worker_killed,
    "worker stopped": worker_stopped,
    "worker asked to go": worker_asked_to_go,
    "fleet killed": fleet_killed,
    "beat killed": beat_killed,
    "beats stopped": beats_stopped,
}
OF_POSTGRES = (postgres_restarted, postgres_killed, backend_terminated, connections_exhausted)
"""What would hurt a standby's primary in ways of its own: a backend killed -9 there ends what follows it too."""
