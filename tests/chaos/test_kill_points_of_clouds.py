"""A launch at each cloud beside EC2, and a real kill -9: at its named points, and after each call that changes something there.

What is left in between (a key, a network, a rule, a machine of which nobody heard) is found again: one machine for each slot, and
in the end `im gc` leaves nothing behind. Run as a whole with IM_KILL_POINTS=all; without it, each cloud at one place.
"""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator, Mapping
from multiprocessing.context import ForkServerContext
from pathlib import Path

import pytest
from sqlalchemy import text

from im.db import deployment
from im.db.engine import Database
from im.failpoints import Point
from tests.chaos import case
from tests.chaos.kill_at_clouds import CloudCase, opened_at
from tests.chaos.shown import BY_GRPC, KINDS, PACED, RUNNING
from tests.chaos.worker import Act

WHOLE = os.environ.get("IM_KILL_POINTS") == "all"
_CREATE: Act = ("create", "web", 2, 36000.0)
_NAMES = ("web-1", "web-2")
_SETTLE: Act = ("drive", 0, 400)

CALLS: Mapping[str, tuple[str, ...]] = {
    "azure": (
        *("PUT resourcegroups/*", "PUT virtualnetworks/*", "PUT networksecuritygroups/*"),
        *("PUT virtualmachines/*", "PUT virtualmachines/*"),
    ),
    "crusoe": ("POST instances", "POST instances"),
    "digitalocean": ("POST keys", "POST tags", "POST firewalls", "POST droplets", "POST tags", "POST resources"),
    "gcp": ("POST firewalls", "POST firewalls", "POST firewalls", "POST instances", "POST instances"),
    "kubernetes": ("POST persistentvolumeclaims", "POST persistentvolumeclaims", "POST pods", "POST pods"),
    "hetzner": ("POST ssh_keys", "POST ssh_keys", "POST firewalls", "POST servers", "POST servers"),
    "nebius": (
        *("POST SecurityGroupService.Create", "POST SecurityRuleService.Create", "POST SecurityRuleService.Create"),
        *("POST InstanceService.Create", "POST InstanceService.Create"),
    ),
    "lambda": ("POST ssh-keys", "POST firewall-rulesets", "POST launch", "POST launch"),
    "vast": (
        *("POST bundles", "PUT asks/*", "POST bundles", "POST bundles", "PUT asks/*"),
        "PUT instances/*",
    ),
    "runpod": ("POST graphql", "POST pods", "POST pods"),
}
"""What a launch of two machines changes at each cloud, in order; each is a place where whoever asked may die unanswered. Hetzner's
first key is the mark that a project is known by; DigitalOcean's last two are the deployment's mark on a machine that runs; RunPod's
first only asks whose the key is; Vast's searches look at its market, for launches and for prices, and its last is that mark again.
"""
assert CALLS.keys() == {*KINDS, *BY_GRPC, *PACED}
NAMED = (
    *(Point.LAUNCH_CLAIM_WRITTEN, Point.LAUNCH_CLAIM_COMMITTED, Point.LAUNCH_CALLING, Point.LAUNCH_MADE),
    *(Point.LAUNCH_FILL_WRITTEN, Point.LAUNCH_FILL_COMMITTED),
)
_SHORT: Mapping[str, int] = {"crusoe": 1, "lambda": 3, "runpod": 2, "vast": 2}
"""After the call that made a machine: its answer is known to nobody but the dead. Where it is not said, the fourth."""


def _places(cloud: str) -> list[int | Point]:
    if WHOLE:
        return [*range(1, len(CALLS[cloud]) + 1), *NAMED]
    return [_SHORT.get(cloud, 4)]


MATRIX = [
    pytest.param(
        *(cloud, where, wiped),
        id=f"{cloud} · {where} · {'messages lost' if wiped else 'redelivered'}",
        marks=[pytest.mark.long] if cloud in PACED and not WHOLE else [],
    )
    for cloud in CALLS
    for n, where in enumerate(_places(cloud))
    for wiped in ((False, True) if WHOLE else (n % 2 == 0,))
]


@pytest.fixture(scope="module")
def forks() -> ForkServerContext:
    return case.forks()


@pytest.fixture
def one(
    request: pytest.FixtureRequest, tmp_path: Path, database_url: str, forks: ForkServerContext
) -> Iterator[CloudCase]:
    with opened_at(request.param, tmp_path, database_url, forks) as made:
        yield made


@pytest.mark.sampled(every=3)
@pytest.mark.parametrize(
    "one",
    [pytest.param(one, marks=[pytest.mark.long] if one in PACED and not WHOLE else []) for one in CALLS],
    indirect=True,
)
def test_a_launch_nobody_interrupts_changes_what_is_written_here(one: CloudCase) -> None:
    """So that a case below kills after each call that there is, and no call is left out."""
    one.live(_CREATE, _SETTLE)
    made = one.calls()
    if one.cloud == "kubernetes":  # two machines at the same time, each a claim and then its pod
        made.sort()
    assert made == list(CALLS[one.cloud])
    judge(one)


@pytest.mark.sampled(every=2)
@pytest.mark.parametrize(("one", "where", "wiped"), MATRIX, indirect=["one"])
def test_killed_there_one_machine_per_slot_and_nothing_is_left(one: CloudCase, where: int | Point, wiped: bool) -> None:
    if isinstance(where, Point):
        assert one.run(("arm", f"{where}=kill"), _CREATE, _SETTLE) == -signal.SIGKILL, f"{where} was never reached"
    else:
        assert one.run(_CREATE, _SETTLE, dies_at=where) == -signal.SIGKILL, f"it made fewer than {where} calls"
    if wiped:
        one.broker.wipe()
    one.live(("drive", 40, 900))
    judge(one)

    one.live(("terminate", _NAMES), _SETTLE, ("sleep", 300), ("collect",))
    ours = _deployment(one)
    assert dict(one.shown.machines()) == {}
    assert [*one.shown.parts(ours), *one.shown.grounds(ours)] == []


def judge(one: CloudCase) -> None:
    """Both run, each in a machine of its own, and no other was ever made."""
    with Database(one.database_url).begin() as connection:
        query = "SELECT id, name, provider_id, desired, observed, error FROM instances ORDER BY name"
        rows = [row._mapping for row in connection.execute(text(query))]
    assert [(row["name"], row["desired"], row["observed"]) for row in rows] == [
        (name, "running", "running") for name in _NAMES
    ], rows
    machines = one.shown.machines()
    assert {row["provider_id"]: row["id"] for row in rows} == {id_: seen.row for id_, seen in machines.items()}
    assert {seen.state for seen in machines.values()} == {RUNNING}
    assert one.shown.ever() == 2, "a machine was made that no slot asked for"
    assert list(one.shown.parts(_deployment(one))) == []


def _deployment(one: CloudCase) -> str:
    with Database(one.database_url).begin() as connection:
        return deployment.read_id(connection)
