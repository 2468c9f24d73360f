"""requests × cloud × rows, in the manner of Jepsen's total-queue: what was lost, doubled, orphaned, left running, or touched."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

from tests.chaos.audit import TAG_DEPLOYMENT
from tests.chaos.soak.evidence import ALIVE, ENDED, Evidence, Machine, ours
from tests.chaos.soak.nemesis import Window

TICK, LEASE, LAUNCH_LEASE = 30.0, 15.0, 75.0
"""Seconds: a deadline may be late by a tick and a lease after a fault, beside the fault itself (promise 5)."""
TICK_AND_LEASE = TICK + LEASE
_LOOKED_FOR = 330.0
"""Seconds for which a launch that nobody answered for is looked for, before it counts as absent; and a tick."""
HEALTHY = 1.0
_AS_ROWS_SAY = {"shutting-down": "terminating"}


@dataclass(frozen=True, slots=True)
class Overrun:
    """A machine ran past the deadline that it had at the time."""

    name: str
    machine: str
    deadline: float
    seconds: float
    disturbed: float
    """Seconds of it in which something was broken."""
    healthy: bool
    """Nothing had been broken for a tick and a lease when its deadline came, nor until it ended."""
    woken: bool
    """Somebody outside started it after its deadline: what is measured is how soon that was seen."""
    arrived: bool
    """It was pending when its deadline came, which no cloud can stop: what is measured is how soon it was seen to run."""

    cloud: str
    beside: bool
    """Nothing was broken that concerned its cloud, while something was at another."""

    found_late: bool
    """Its launch went unanswered, and only the next holder of the launch's lease learned that it was there."""

    @property
    def broken(self) -> bool:
        return self.seconds - self.disturbed > TICK + (LAUNCH_LEASE if self.found_late else LEASE)

    def __str__(self) -> str:
        return f"{self.name} ({self.machine}) ran {self.seconds:.1f} s past its deadline, {self.disturbed:.1f} s of it disturbed"


@dataclass(frozen=True, slots=True)
class Verdict:
    lost: Sequence[str]
    doubled: Sequence[str]
    orphaned: Sequence[str]
    past_deadline: Sequence[str]
    touched: Sequence[str]
    overruns: Sequence[Overrun]

    @property
    def figures(self) -> dict[str, Sequence[str]]:
        return {
            "lost": self.lost,
            "doubled": self.doubled,
            "orphaned": self.orphaned,
            "running past their deadline": self.past_deadline,
            "touched though foreign": self.touched,
        }

    @property
    def good(self) -> bool:
        return not any(self.figures.values())


def judge(e: Evidence, windows: Sequence[Window]) -> Verdict:
    found = list(_overruns(e, windows))
    late = [str(one) for one in found if one.broken]
    return Verdict(
        list(_lost(e)), list(_doubled(e)), list(_orphaned(e)), [*_still_running(e), *late], list(_touched(e)), found
    )


# ---- lost --------------------------------------------------------------------------------------------------------------


def _lost(e: Evidence) -> Iterator[str]:
    """Acknowledged, and neither settled, nor reported as failed, nor superseded by a later wish."""
    for request in e.requests:
        for one in request.get("printed", ()):
            if one not in e.rows:
                yield f"im printed {one}, and there is no such row"
        for one, generation, desired, expires_at in request.get("rows", ()):
            row = e.rows.get(one)
            if row is None:
                yield f"{request['verb']} of {one} was acknowledged, and there is no such row"
            elif row["generation"] < generation:
                yield f"{row['name']} is at generation {row['generation']}; {generation} was acknowledged"
            elif row["generation"] == generation and row["desired"] != desired:
                yield f"{row['name']} was acknowledged as {desired} and is wished {row['desired']}"
            elif row["generation"] == generation and row["expires_at"].isoformat()[:19] != expires_at[:19]:
                yield f"{row['name']} was promised until {expires_at} and has {row['expires_at']}"
            if row is not None and not any(event["generation"] == generation for event in e.events[one]):
                yield f"generation {generation} of {row['name']} was acknowledged, and its history knows nothing of it"
    for row in e.rows.values():
        yield from _unfinished(e, row)


def _unfinished(e: Evidence, row: Mapping[str, Any]) -> Iterator[str]:
    failed = row["failed_generation"] == row["generation"]
    settled = row["settled_generation"] == row["generation"]
    if failed and not (row["error_code"] and row["error"]):
        yield f"{row['name']} failed without a reason"
    if not failed and not settled and row["closed_at"] is None and not looked_for(e, row["launch_token"]):
        told = f"{row['desired']}, {row['observed']}, {row['attempts']} attempts, {row['error_code']}"
        yield f"{row['name']} is not settled at generation {row['generation']}: {told}"
    machine = e.machines.get(row["provider_id"] or "")
    if row["provider_id"] is None:
        if settled and row["desired"] == "running":
            yield f"{row['name']} is settled as running and has no machine"
    elif machine is None:
        yield f"{row['name']} has {row['provider_id']}, which the cloud never made"
    else:
        state = _AS_ROWS_SAY.get(machine.state, machine.state)
        if state != row["observed"] and not (state in ENDED and row["observed"] in ("terminated", "missing")):
            yield f"{row['name']} is {row['observed']} in its row, and {machine.state} at the cloud"
        if row["closed_at"] is not None and state not in (*ENDED, "terminating"):
            yield f"{row['name']} is closed as {row['observed']}, and its machine is {machine.state}"


def looked_for(e: Evidence, token: str | None) -> bool:
    """Its launch was sent and not answered, and the time to look for what it made is not over: that is its true state."""
    launch = e.launches.get(token or "")
    if launch is None or launch["state"] != "called" or launch["called_at"] is None:
        return False
    return bool(e.now - launch["called_at"].timestamp() < _LOOKED_FOR)


# ---- doubled -----------------------------------------------------------------------------------------------------------


def _doubled(e: Evidence) -> Iterator[str]:
    made = Counter(one.token for one in e.machines.values() if one.token and not one.seeded)
    for token, count in made.items():
        slots = len(e.launches[token]["slots"]) if token in e.launches else 0
        if count > slots:
            yield f"the launch {token} has {slots} slots and made {count} machines"
    by_row: dict[str, list[Machine]] = defaultdict(list)
    for one in ours(e):
        if not one.seeded and (row := e.row_of(one)) is not None:
            by_row[row["id"]].append(one)
    for row_id, machines in by_row.items():
        lives = sorted((_life(one), one.id) for one in machines)
        for ((_, ended), first), ((began, _), second) in pairwise(lives):
            if began < ended:
                yield f"{e.rows[row_id]['name']} had {first} and {second} at the same time"
    owners = Counter(row["provider_id"] for row in e.rows.values() if row["provider_id"] and row["closed_at"] is None)
    yield from (f"{machine} belongs to {count} rows" for machine, count in owners.items() if count > 1)


def _life(machine: Machine) -> tuple[float, float]:
    """From when until when it could have cost anything."""
    last = max((one.ended for one in machine.stretches if one.state not in ("shutting-down", *ENDED)), default=0.0)
    return machine.stretches[0].began, last


# ---- orphaned ----------------------------------------------------------------------------------------------------------


def _orphaned(e: Evidence) -> Iterator[str]:
    yield from (f"{part} is ours, of no machine, and not listed" for part in e.parts)
    living = {row["provider_id"] for row in e.rows.values() if row["closed_at"] is None}
    for one in ours(e):
        if (
            one.state in (*ENDED, "shutting-down")
            or one.id in living
            or one.id in e.orphans
            or looked_for(e, one.token)
        ):
            continue
        row = e.row_of(one)
        whose = f"the row of its slot, {row['name']}, has {row['provider_id']}" if row else "no row ever had it"
        yield f"{one.id} ({one.state}, {one.tags.get('Name', 'without a name')}) carries our tag; {whose}; it is not listed"


# ---- past its deadline -------------------------------------------------------------------------------------------------


def _still_running(e: Evidence) -> Iterator[str]:
    for one in ours(e):
        row = e.row_of(one)
        if one.seeded or row is None or one.state not in ALIVE or row["expires_at"].timestamp() > e.now:
            continue
        if row["provider_id"] != one.id and looked_for(e, one.token):
            continue
        over = e.now - row["expires_at"].timestamp()
        told = f"{row['desired']}, {row['observed']}, failed {row['error_code']}: {row['error']}"
        yield f"{row['name']} ({one.id}) still runs {over:.0f} s after its deadline ({told})"


def _overruns(e: Evidence, windows: Sequence[Window]) -> Iterator[Overrun]:
    """Only `running` counts: what is pending cannot be stopped at any cloud."""
    for one in ours(e):
        row = e.row_of(one)
        if one.seeded or row is None:
            continue
        deadlines = e.deadlines[row["id"]]
        known = next((x["at"].timestamp() for x in e.events[row["id"]] if x["kind"] == "launched"), e.now)
        for stretch in (s for s in one.stretches if s.state == "running"):
            before = [s for s in one.stretches if s.ended <= stretch.began and s.state == "pending"]
            woken = bool(before) and before[-1].cause == "outside"
            mine = [window for window in windows if window.where in ("", one.cloud)]
            others = [window for window in windows if window.where not in ("", one.cloud)]
            for number, (since, deadline) in enumerate(deadlines):
                until = deadlines[number + 1][0] if number + 1 < len(deadlines) else float("inf")
                began, ended = max(stretch.began, since, deadline), min(stretch.ended, until)
                if ended > began:
                    late = known > deadline
                    hurt = covered(mine, began, ended)
                    healthy = not any(w.began < ended and w.ended + TICK_AND_LEASE > began for w in mine)
                    beside = healthy and covered(others, began - HEALTHY, ended) > 0
                    yield Overrun(
                        row["name"],
                        one.id,
                        deadline,
                        ended - began,
                        hurt,
                        healthy,
                        woken,
                        not woken and began > deadline,
                        one.cloud,
                        beside,
                        late,
                    )


def covered(windows: Sequence[Window], began: float, ended: float) -> float:
    """Seconds between the two in which at least one fault was under way."""
    total, at = 0.0, began
    for window in sorted(windows, key=lambda w: w.began):
        first, last = max(at, window.began), min(ended, window.ended)
        if last > first:
            total += last - first
            at = last
    return total


# ---- touched -----------------------------------------------------------------------------------------------------------


def _touched(e: Evidence) -> Iterator[str]:
    """Whatever was asked of a machine that no launch of ours made, or that no row asked for."""
    mine = {one.id for one in e.machines.values() if one.token in e.launches}
    for call in e.calls:
        if call["credentials"] != "soak":
            continue
        asked = call["asked"]
        for one in {*(asked.get("InstanceIds") or ()), *(asked.get("Resources") or ())} - mine:
            machine = e.machines.get(one)
            whose = machine.tags.get(TAG_DEPLOYMENT, "nobody's") if machine else "unknown"
            yield f"{call['action']} was asked for {one}, which is not ours ({whose})"
