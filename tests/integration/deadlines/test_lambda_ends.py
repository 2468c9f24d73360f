"""A deadline at Lambda, which stops nothing: what is said before, what is done, and what may be typed afterwards."""

from __future__ import annotations

import shlex
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from itertools import pairwise

import pytest

from im.domain.rate_limit import Rate
from tests.integration.typed import run
from tests.worlds.lambda_cloud import LambdaWorld, lambda_world

LOST = "Lambda cannot stop a machine: its deadline terminates it, and its disk is lost."


@pytest.fixture
def world(database_url: str) -> Iterator[LambdaWorld]:
    with lambda_world(database_url) as made:
        yield made


def test_what_is_lost_is_said_at_create_and_the_line_that_makes_it_again_at_the_end(
    world: LambdaWorld, key: str
) -> None:
    order = ("create", "--name", "web", "--public-key", key, "--ssh-from", "203.0.113.7", "--no-wait")
    rehearsed = run(world, *order, "-d", "10m", "--tag", "team=a b", "--dry-run")
    assert "then terminate" in rehearsed.stdout
    assert f"afterwards    {LOST}" in rehearsed.stdout
    made = run(world, *order, "-d", "10m", "--tag", "team=a b")
    assert LOST in made.stderr
    refused = run(world, *order, "-d", "10m", "--on-expiry", "stop")
    assert (refused.exit_code, LOST in refused.stderr) == (2, True)
    world.advance(30)
    assert world.statuses("web") == ["active"]
    stopped = run(world, "stop", "web", "--no-wait")
    assert LOST in stopped.stderr
    assert "Next: im terminate web  ends it; im extend web -d 2h  keeps it longer" in stopped.stderr.replace("\n", " ")
    world.advance(590)
    assert world.statuses("web") in (["terminating"], ["terminated"])
    world.advance(120)
    assert world.statuses("web") == []
    over = run(world, "extend", "web", "-d", "1h", "--no-wait")
    assert over.exit_code == 2
    assert over.stderr.startswith(
        "im: web is gone and cannot be extended. Next: im create --name web --provider lambda"
    )
    line = over.stderr.partition("Next: im ")[2].partition("  makes the same again")[0]
    again = run(world, *shlex.split(line.replace("FILE", key)), "--no-wait")
    assert again.exit_code == 0, again.stderr
    world.advance(30)
    _, after = world.team.ever
    assert (world.word(), world.row().provider_id) == ("running", after)
    assert (world.row().spec.tags, world.row().zone) == ({"team": "a b"}, "us-east-1")
    assert [str(rule) for rule in world.row().spec.firewall or ()] == ["22/tcp@203.0.113.7/32"]


def test_a_deadline_that_finds_a_machine_booting_is_kept_as_soon_as_lambda_lets_it_be(world: LambdaWorld) -> None:
    world.team.boots_to_the_end = True
    world.cloud.takes = timedelta(minutes=5)
    world.team.takes = timedelta(minutes=5)
    world.create(seconds=60)
    world.advance(90)
    assert world.statuses("web") == ["booting"]
    world.advance(300)
    assert world.team.ended == world.team.ever


def test_a_storm_goes_out_at_lambdas_own_speed_the_dearest_first(world: LambdaWorld) -> None:
    """As if it took two machines a call, and a call each twenty seconds."""
    world.provider.capabilities = replace(
        world.provider.capabilities, machine_rates={"terminate": Rate(0.1, 2)}, rates={"launch": Rate(0.08, 1)}
    )
    for name, kind, zone in (
        ("small-1", "gpu_1x_a10", "us-east-1"),
        ("small-2", "gpu_1x_a10", "us-west-1"),
        ("large", "gpu_1x_h100_sxm5", "us-west-3"),
        ("huge", "gpu_8x_h100_sxm5", "us-west-3"),
    ):
        world.create(name, seconds=600, kind=kind, zone=zone)
    world.advance(100)
    assert {one.status for one in world.team.instances.values()} == {"active"}
    world.advance(600, tick=20)
    assert len(world.team.ended) == 4
    assert world.team.ended[:2] == [str(world.row(name).provider_id) for name in ("huge", "large")]
    calls = world.cloud.books.entries
    assert {one.status for one in calls} == {200}
    assert all(after.at - before.at >= timedelta(seconds=1) for before, after in pairwise(calls))
