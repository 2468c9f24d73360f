"""Rows as no run of ours would leave them: half-written, half-restored, edited by hand, in every combination the schema admits.

Nothing of one such row may hurt the others of its scope; no second machine comes of it, its machine does not run past its
deadline, and it ends settled, failed, or visibly on its way.
"""

from __future__ import annotations

import json
import os
from collections import Counter
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError

from im.domain.explain.phase import phase
from im.domain.instance import Instance
from im.domain.state import Desired, Observed
from im.services import queries
from im.services.refresh.sweep import sweep
from tests.world import World, empty

AROUND = st.sampled_from([-400, -20, 3, 40]).map(lambda s: timedelta(seconds=s))
CODES = st.none() | st.sampled_from(["throttled", "forbidden", "poison", "nobody knows this code"])
JUNK = {"options": {"firewall": [7], "disks": "x", "market": "spot", "spot": 3, "candidates": [1], "user_data": "?"}}
SPECS = st.sampled_from([None, None, None, {}, {"colour": "blue"}, {"instance_type": 7, "options": None}, JUNK])
UNSURE = st.sampled_from([{}, {"stop": "2030-01-01T12:00:00+00:00"}, {"start": "yesterday"}, {"dance": 1}, ["stop"]])
MACHINE = st.sampled_from(["its own", "its own", "none", "never was", "gone"])
LAUNCH = st.sampled_from(["its own", "its own", "none", "open again", "called again", "absent"])


@st.composite
def halves(draw: st.DrawFn) -> dict[str, Any]:
    """What is written over a row; `machine` and `launch` say what becomes of those it names."""
    generation = draw(st.integers(1, 4))
    return {
        "desired": draw(st.sampled_from(Desired)).value,
        "observed": draw(st.sampled_from(Observed)).value,
        "generation": generation,
        "settled_generation": draw(st.integers(0, generation)),
        "failed_generation": draw(st.integers(0, generation)),
        "expires_at": draw(AROUND),
        "observed_at": draw(st.sampled_from([-400, -20]).map(lambda s: timedelta(seconds=s))),
        "next_attempt_at": draw(st.none() | AROUND),
        "lease_token": draw(st.none() | st.just("of somebody dead")),
        "lease_until": draw(st.none() | AROUND),
        "attempts": draw(st.sampled_from([0, 3, 10_000])),
        "error_code": draw(CODES),
        "error": draw(st.none() | st.just("half a sent")),
        "why": draw(st.sampled_from(["user", "ttl", "outside", "spot"])),
        "on_expiry": draw(st.sampled_from(["stop", "terminate"])),
        "drift_since": draw(st.none() | AROUND),
        "ends_at": draw(st.none() | AROUND),
        "public_ip": draw(st.none() | st.just("no address")),
        "unsure": draw(UNSURE),
        "spec": draw(SPECS),
        "machine": draw(MACHINE),
        "launch": draw(LAUNCH),
    }


ROWS = 16


@settings(
    max_examples=int(os.environ.get("IM_EXAMPLES", "3")),
    deadline=None,
    derandomize="IM_EXAMPLES" not in os.environ,
    suppress_health_check=list(HealthCheck),
    print_blob=True,
    phases=[Phase.explicit, Phase.generate],
)
@given(written=st.lists(halves(), min_size=ROWS, max_size=ROWS))
def test_whatever_is_written_there_converges_and_hurts_nobody(database_url: str, written: list[dict[str, Any]]) -> None:
    """Many such rows in one scope, and one good one among them."""
    empty(database_url)
    world = World(database_url)
    try:
        world.create("good", seconds=90)
        for number in range(ROWS):
            world.create(f"half-{number}", seconds=600)
        world.advance(15)
        machines = {name: world.row(name).provider_id or "" for name in map("half-{}".format, range(ROWS))}
        for (name, machine), half in zip(machines.items(), written, strict=True):
            _overwrite(world, name, half, machine)
        world.advance(130)
        sweep(world.ctx)
        world.advance(130)
        assert world.at_cloud("good") is Observed.STOPPED
        assert world.row("good").settled
        rows = queries.listing(world.ctx, everything=True).rows
        for (name, machine), half in zip(machines.items(), written, strict=True):
            _judge(world, next(r for r in rows if r.name == name), machine, half)
        _judge_the_cloud(world)
    finally:
        world.close()


def _overwrite(world: World, name: str, half: dict[str, Any], machine: str) -> None:
    values = {k: world.now + v if isinstance(v, timedelta) else v for k, v in half.items()}
    which, launch = values.pop("machine"), values.pop("launch")
    values["unsure"] = json.dumps(values["unsure"])
    values["spec"] = json.dumps(values["spec"]) if values["spec"] is not None else None
    if values["spec"] is None:
        del values["spec"]
    if which == "gone":
        world.cloud.vanish(machine)
    values["provider_id"] = {"none": None, "never was": machine.replace("fake", "never")}.get(which, machine)
    if launch == "none":
        values["launch_token"] = None
    token = world.row(name).launch_token
    state = {"open again": "open", "called again": "called", "absent": "absent"}.get(launch)
    with world.ctx.begin() as connection:
        if state:
            again = "UPDATE launches SET state = :state, lease_token = NULL, lease_until = NULL, next_attempt_at = :now"
            connection.execute(
                text(f"{again} WHERE token = :token"), {"state": state, "now": world.now, "token": token}
            )
    world.tamper(name, **values)


def _judge(world: World, row: Instance, machine: str, half: dict[str, Any]) -> None:
    assert phase(row, world.now).word
    there = world.cloud._machines.get(machine)
    if there is None or row.closed_at is not None or row.provider_id != machine or row.expires_at > world.now:
        return
    # what has failed is said to have failed; all else is stopped by now
    assert world.cloud.state(there) is not Observed.RUNNING or row.failed, half


def _judge_the_cloud(world: World) -> None:
    ours = [one for one in world.cloud._machines.values() if "im:deployment" in one.tags]
    slots = Counter((one.tags["im:launch"], one.launch_index) for one in ours)
    assert set(slots.values()) == {1}, "a slot has two machines"
    living = {one.id for one in ours if world.cloud.state(one) not in (Observed.TERMINATED, Observed.TERMINATING)}
    known = {row.provider_id for row in queries.listing(world.ctx).rows}
    listed = {one.provider_id for one in queries.orphans_listed(world.ctx).found}
    assert living <= known | listed, "neither a row nor the list of orphans has it"


def test_the_schema_refuses_what_no_reader_could_understand(world: World) -> None:
    """The rest of the combinations: they cannot be written at all."""
    world.create("half")
    for columns in (
        {"desired": "maybe"},
        {"observed": "perhaps"},
        {"on_expiry": "explode"},
        {"generation": None},
        {"expires_at": None},
        {"settled_generation": 99},
        {"failed_generation": 99},
        {"launch_token": "no such launch"},
        {"scope_id": 0},
        {"keep_stopped": -1},
        {"unsure": None},
    ):
        with pytest.raises(IntegrityError):
            world.tamper("half", **columns)
