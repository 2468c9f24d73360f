"""`im create` where there is room, and many at once, as a person types and reads it."""

from __future__ import annotations

from typing import Any

import pytest

from im.cli.output import wait as waiting
from im.domain.state import Observed
from im.providers.errors import NoCapacity
from tests.integration.typed import answer, run
from tests.world import World

WHERE = ("--instance-type", "big,small", "--availability-zone", "any")


def create(world: World, key: str, *words: str) -> str:
    result = run(world, "create", "--public-key", key, "--name", "web", "-d", "1h", "--no-wait", *words)
    assert result.exit_code == 0, result.stderr
    return result.stdout


def test_a_dry_run_names_every_place_and_asks_no_cloud(world: World, key: str) -> None:
    told = create(world, key, *WHERE, "--dry-run")
    assert "big" in told
    assert "small" in told
    assert "any" in told
    assert world.cloud.calls == []


def test_list_says_that_there_is_no_room_and_that_it_is_tried_again(world: World, key: str) -> None:
    create(world, key, *WHERE)
    world.cloud.fail_next("launch", NoCapacity("none left"), times=200)
    world.advance(3)
    (row,) = answer(world, "list")
    assert row["status"] == "launching (no capacity in any of 6, retrying)"
    world.cloud._faults.clear()
    world.advance(60)
    (row,) = answer(world, "list")
    assert row["status"] == "running"


def test_without_retry_it_fails_with_no_capacity_at_once(world: World, key: str) -> None:
    create(world, key, "--no-retry")
    world.cloud.fail_next("launch", NoCapacity("none left"), times=200)
    world.advance(10)
    (row,) = answer(world, "list")
    assert row["error_code"] == "no_capacity"
    assert row["failed"]


def test_a_hundred_and_twenty_are_numbered_named_at_the_cloud_and_launched_by_one_call(world: World, key: str) -> None:
    create(world, key, "--count", "120")
    world.advance(120)
    rows = answer(world, "list")
    assert {row["name"] for row in rows} == {f"web-{number:0{len(rows[0]['name']) - 4}d}" for number in range(1, 121)}
    assert {row["observed"] for row in rows} == {Observed.RUNNING.value}
    assert len(world.calls("launch")) == 1
    at_cloud = world.cloud.listing("fake-1", {"im:deployment": world.deployment}).sightings
    assert {machine.tags["Name"] for machine in at_cloud} == {row["name"] for row in rows}


def test_what_cannot_be_counted_is_refused_with_what_can(world: World, key: str) -> None:
    for count in ("0", "1001"):
        result = run(world, "create", "--public-key", key, "--count", count)
        assert result.exit_code == 2
        assert result.stderr.startswith("im: ")
    assert answer(world, "list") == []


def test_partial_success_is_priced_for_what_is_there_and_for_nothing_else(
    world: World, key: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def look(*given: Any) -> waiting.Outcome:
        return waiting.wait(*given, pause=lambda _: world.advance(0.5))

    monkeypatch.setattr("im.cli.output.result.wait", look)
    world.cloud.capacity = {"fake-1a": 24}
    told = run(
        world, "create", "--public-key", key, "--name", "web", "--count", "25", "--no-retry", "-d", "1h", "--wait"
    )
    assert told.exit_code == 7
    running, failed = told.stdout.splitlines()
    assert running.startswith("24 running: web-1 … web-24 · stop ")
    assert running.endswith(" · $11.90/h, $11.89 to the deadline")
    assert failed == "1 failed: no capacity: web-25"
    told = run(world, "create", "--public-key", key, "--name", "db", "--count", "2", "--no-retry", "-d", "1h", "--wait")
    assert told.stdout.splitlines() == ["db-1: failed: no capacity", "db-2: failed: no capacity"]
    world.cloud.capacity = {}
    told = run(world, "create", "--public-key", key, "--name", "odd", "--instance-type", "huge", "--wait")
    assert told.stdout.rstrip().endswith("· price unknown")
