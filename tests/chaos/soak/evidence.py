"""What there is to judge: rows as Postgres has them, the cloud's own books, what people were told. Nothing of `im` in between."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

import psycopg2
import psycopg2.extras

from tests.chaos.audit import TAG_DEPLOYMENT, TAG_INSTANCE
from tests.chaos.shown import meant
from tests.chaos.soak.neighbour import Neighbour
from tests.chaos.soak.room import Room
from tests.standin.ledger import Change

ALIVE = ("pending", "running", "halted")
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
    cloud: str = "aws"

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
    parts: Sequence[str] = ()
    """What is ours at any cloud, belongs to no machine, costs money, and is not listed by `im gc`."""

    def row_of(self, machine: Machine) -> Mapping[str, Any] | None:
        """The row whose slot a launch filled with this machine; else the one that says that it has it."""
        if machine.cloud != "aws":
            return self.rows.get(machine.tags.get(TAG_INSTANCE, ""))
        launch = self.launches.get(machine.token)
        if launch is not None and machine.index < len(launch["slots"]):
            return self.rows.get(launch["slots"][machine.index])
        return next((row for row in self.rows.values() if row["provider_id"] == machine.id), None)


def gather(room: Room, began: float, ledgers: Sequence[Path]) -> Evidence:
    now = room.control.now()
    calls = room.control.calls()
    connection = room.connect()
    try:
        clouds = "SELECT i.*, s.provider FROM instances i JOIN scopes s ON s.id = i.scope_id ORDER BY i.id"
        rows = {row["id"]: {**row, "provider_id": _known(row)} for row in _read(connection, clouds)}
        launches = {row["token"]: row for row in _read(connection, "SELECT * FROM launches")}
        events: dict[str, list[Any]] = defaultdict(list)
        for event in _read(connection, "SELECT * FROM events ORDER BY id"):
            events[event["instance_id"]].append(event)
        identity = next(iter(_read(connection, "SELECT id FROM deployment")))["id"]
        lost = (
            "SELECT o.provider_id, s.provider FROM orphans o JOIN scopes s ON s.id = o.scope_id WHERE closed_at IS NULL"
        )
        orphans = frozenset(filter(None, map(_known, _read(connection, lost))))
        # an address that waits, with a snapshot, for its machine to come back
        waiting = "SELECT address_id FROM snapshots WHERE address_id IS NOT NULL AND address_gone_at IS NULL"
        shelved = {row["address_id"] for row in _read(connection, waiting)}
    finally:
        connection.close()
    machines = _machines(room.control.changes(), calls, room.control.machines(), now)
    for one in room.neighbours.values():
        machines |= _elsewhere(one, now, identity, launches)
        calls += [_at(one.name, call) for call in one.calls()]
    requests = [json.loads(line) for path in ledgers if path.exists() for line in path.read_text().splitlines()]
    deadlines = _deadlines(rows, events, requests)
    found = (began, now, identity, rows, launches, events, deadlines, orphans, machines, calls, requests)
    return Evidence(*found, parts=_unlisted(room, identity, shelved))


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


def _known(row: Mapping[str, Any]) -> str | None:
    """The id that a machine is judged under: ids of two clouds may be alike."""
    machine: str | None = row["provider_id"]
    return machine if machine is None or row["provider"] == "aws" else f"{row['provider']}:{machine}"


def _at(cloud: str, call: Mapping[str, Any]) -> dict[str, Any]:
    ids = [f"{cloud}:{one}" for one in call["asked"]["InstanceIds"]]
    return {**call, "action": f"{cloud}: {call['action']}", "asked": {"InstanceIds": ids}}


def _elsewhere(
    cloud: Neighbour, now: float, identity: str, launches: Mapping[str, Mapping[str, Any]]
) -> dict[str, Machine]:
    cloud.note("clock")
    found = {}
    for one, seen in cloud.seen.items():
        moves = [change for change in cloud.changes if change.id == one]
        ends = [*(move.at for move in moves[1:]), now]
        stretches = [Stretch(move.after, move.at, end, move.cause) for move, end in zip(moves, ends, strict=True)]
        tags = {TAG_DEPLOYMENT: meant(seen.deployment, (identity,)), TAG_INSTANCE: seen.row, "Name": seen.name or one}
        made = Machine(f"{cloud.name}:{one}", stretches, meant(seen.token, launches), 0, tags, cloud.name)
        found[made.id] = made
    return found


def _unlisted(room: Room, deployment: str, shelved: Collection[str]) -> list[str]:
    """Of what lies about at every cloud, and is on no shelf, what `im gc` does not tell of."""
    lying: dict[str, str] = {}
    for name, one in room.neighbours.items():
        with one.service.lock:
            lying |= dict.fromkeys((part for part in one.shown.parts(deployment) if part not in shelved), name)
    if not lying:
        return []
    words = [sys.executable, "-m", "im.cli.main", "gc", "--dry-run", "--json"]
    done = subprocess.run(words, env=room.environ, cwd="/", capture_output=True, text=True, timeout=120, check=False)
    told = f"{done.stdout}{done.stderr}".lower()
    return [f"{part} at {name}" for part, name in lying.items() if part.rpartition("/")[2] not in told]


def _tags(launch: Mapping[str, Any]) -> dict[str, str]:
    given = (one for one in launch.get("TagSpecifications") or () if one.get("ResourceType") == "instance")
    return {tag["Key"]: tag["Value"] for one in given for tag in one.get("Tags", ())}


def _read(connection: Any, query: str) -> list[Any]:
    with connection.cursor(cursor_factory=psycopg2.extras.RealDictCursor) as cursor:
        cursor.execute(query)
        return list(cursor.fetchall())
