"""What there is to judge: rows as Postgres has them, the cloud's own books, what people were told. Nothing of `im` in between."""

from __future__ import annotations

import json
import re
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

import psycopg2
import psycopg2.extras

from tests.chaos.audit import TAG_DEPLOYMENT
from tests.chaos.soak.room import Room
from tests.standin.ledger import Change

ALIVE = ("pending", "running")
ENDED = ("terminated", "none")


@dataclass(frozen=True, slots=True)
class Stretch:
    """A machine was in one state from `began` to `ended`, seconds since the epoch; it came into it because of `cause`."""

    state: str
    began: float
    ended: float
    cause: str


@dataclass(slots=True)
class Machine:
    id: str
    stretches: list[Stretch] = field(default_factory=list)
    token: str = ""
    index: int = -1
    tags: dict[str, str] = field(default_factory=dict)

    @property
    def state(self) -> str:
        return self.stretches[-1].state

    @property
    def seeded(self) -> bool:
        """Nobody launched it: the nemesis put it there."""
        return self.stretches[0].cause == "seed"


@dataclass(frozen=True, slots=True)
class Evidence:
    began: float
    now: float
    deployment: str
    rows: Mapping[str, Mapping[str, Any]]
    launches: Mapping[str, Mapping[str, Any]]
    events: Mapping[str, Sequence[Mapping[str, Any]]]
    deadlines: Mapping[str, Sequence[tuple[float, float]]]
    """By row: since when, which deadline; seconds since the epoch."""
    orphans: frozenset[str]
    machines: Mapping[str, Machine]
    calls: Sequence[Mapping[str, Any]]
    requests: Sequence[Mapping[str, Any]]

    def row_of(self, machine: Machine) -> Mapping[str, Any] | None:
        """The row whose slot a launch filled with this machine; else the one that says that it has it."""
        launch = self.launches.get(machine.token)
        if launch is not None and machine.index < len(launch["slots"]):
            return self.rows.get(launch["slots"][machine.index])
        return next((row for row in self.rows.values() if row["provider_id"] == machine.id), None)


def gather(room: Room, began: float, ledgers: Sequence[Path]) -> Evidence:
    now = room.control.now()
    calls = room.control.calls()
    connection = psycopg2.connect(host=str(room.sockets / "pg"), user="im", dbname="soak")
    try:
        rows = {row["id"]: row for row in _read(connection, "SELECT * FROM instances ORDER BY id")}
        launches = {row["token"]: row for row in _read(connection, "SELECT * FROM launches")}
        events: dict[str, list[Any]] = defaultdict(list)
        for event in _read(connection, "SELECT * FROM events ORDER BY id"):
            events[event["instance_id"]].append(event)
        identity = next(iter(_read(connection, "SELECT id FROM deployment")))["id"]
        listed = _read(connection, "SELECT provider_id FROM orphans WHERE closed_at IS NULL")
        orphans = frozenset(one["provider_id"] for one in listed)
    finally:
        connection.close()
    machines = _machines(room.control.changes(), calls, room.control.machines(), now)
    requests = [json.loads(line) for path in ledgers if path.exists() for line in path.read_text().splitlines()]
    deadlines = _deadlines(rows, events, requests)
    return Evidence(began, now, identity, rows, launches, events, deadlines, orphans, machines, calls, requests)


def ours(e: Evidence) -> Iterator[Machine]:
    return (one for one in e.machines.values() if one.tags.get(TAG_DEPLOYMENT) == e.deployment)


def _deadlines(
    rows: Mapping[str, Mapping[str, Any]],
    events: Mapping[str, Sequence[Mapping[str, Any]]],
    requests: Sequence[Mapping[str, Any]],
) -> dict[str, list[tuple[float, float]]]:
    """Every deadline that ever held: whole seconds from the histories, to the microsecond from what was answered."""
    exact = {(row[0], row[1]): _moment(row[3]) for one in requests for row in one.get("rows", ())}
    found: dict[str, list[tuple[float, float]]] = {}
    for row_id, row in rows.items():
        told = [event for event in events.get(row_id, ()) if _TELLS.search(event["reason"])]
        found[row_id] = []
        for number, event in enumerate(told):
            match = _TELLS.search(event["reason"])
            assert match is not None
            last = row["expires_at"].timestamp() if number == len(told) - 1 else None
            # a whole second has up to one more behind it
            rounded = _moment(f"{match[1]}+00:00") + 1
            deadline = exact.get((row_id, event["generation"]), last or rounded)
            found[row_id].append((event["at"].timestamp(), deadline))
    return found


_TELLS = re.compile(r"(?:until|→) (\d{4}-\d\d-\d\d \d\d:\d\d:\d\d) UTC")


def _moment(written: str) -> float:
    return datetime.fromisoformat(written).timestamp()


def _machines(
    changes: Sequence[Change], calls: Sequence[Mapping[str, Any]], shown: Sequence[Mapping[str, Any]], now: float
) -> dict[str, Machine]:
    """From the log of changes, which forgets nobody; whose they are, from what the launches asked for."""
    asked = {call["request_id"]: call["asked"] for call in calls if call["action"] == "RunInstances"}
    found: dict[str, Machine] = {}
    made: dict[str, int] = defaultdict(int)
    states: dict[str, list[Change]] = defaultdict(list)
    for change in changes:
        states[change.id].append(change)
        if change.id in found:
            continue
        found[change.id] = machine = Machine(change.id)
        if (launch := asked.get(change.cause)) is not None:
            machine.token, machine.index = launch.get("ClientToken", ""), made[change.cause]
            made[change.cause] += 1
            machine.tags |= _tags(launch)
    for one, moves in states.items():
        ends = [*(move.at for move in moves[1:]), now]
        pairs = zip(moves, ends, strict=True)
        found[one].stretches = [Stretch(move.after, move.at, end, move.cause) for move, end in pairs]
    for call in calls:
        if call["action"] == "CreateTags" and call["outcome"] == "ok":
            for one in call["asked"].get("Resources", ()):
                if one in found:
                    found[one].tags |= {tag["Key"]: tag["Value"] for tag in call["asked"].get("Tags", ())}
    for kept in shown:
        found[kept["id"]].tags |= kept["tags"]
    return found


def _tags(launch: Mapping[str, Any]) -> dict[str, str]:
    given = (one for one in launch.get("TagSpecifications") or () if one.get("ResourceType") == "instance")
    return {tag["Key"]: tag["Value"] for one in given for tag in one.get("Tags", ())}


def _read(connection: Any, query: str) -> list[Any]:
    with connection.cursor(cursor_factory=psycopg2.extras.RealDictCursor) as cursor:
        cursor.execute(query)
        return list(cursor.fetchall())
