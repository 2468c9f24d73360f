"""How people meet the second stage and protection: at create, in the agenda, in status and why, and by im protect."""

from __future__ import annotations

import json

import pytest
from click.testing import Result

from tests.integration.typed import answer, run
from tests.world import World


def create(world: World, key: str, *words: str) -> Result:
    return run(world, "create", "--public-key", key, "--name", "web", "-d", "1m", *words)


def test_the_second_end_is_said_at_create_in_the_agenda_in_status_and_by_why(world: World, key: str) -> None:
    assert ", kept 1w, then terminated" in create(world, key, "--keep-stopped", "7d").stdout
    assert "stops, ends 1w later" in run(world, "agenda").stdout
    world.advance(120)
    assert "terminates" in run(world, "agenda").stdout
    (row,) = answer(world, "agenda")
    assert (row["what"], row["keep_stopped_seconds"]) == ("terminate", 604_800)
    (seen,) = answer(world, "list")
    assert (seen["ends_at"], seen["status"]) == (row["at"], "stopped (ttl)")
    assert "then      terminates" in run(world, "status", "web").stdout
    assert "an extend or a start cancels that" in run(world, "why", "web").stdout
    assert run(world, "extend", "web", "-d", "1h").exit_code == 0
    assert answer(world, "list")[0]["ends_at"] is None


def test_a_dry_run_says_the_whole_life(world: World, key: str) -> None:
    assert "then stop, kept 2d, then terminated" in create(world, key, "--keep-stopped", "2d", "--dry-run").stdout
    assert "protected, so nobody terminates it" in create(world, key, "--protect", "--dry-run").stdout
    plan = json.loads(create(world, key, "--keep-stopped", "2d", "--dry-run", "--json").stdout)
    assert (plan["keep_stopped_seconds"], plan["protected"]) == (172_800, False)


@pytest.mark.parametrize("typed", ["7", "-1d", "never", "0s"])
def test_nonsense_is_refused_before_anything_is_written(world: World, key: str, typed: str) -> None:
    refused = create(world, key, "--keep-stopped", typed)
    assert refused.exit_code == 2
    assert answer(world, "list") == []


def test_protect_and_lift(world: World, key: str) -> None:
    create(world, key, "--keep-stopped", "1h")
    world.advance(10)
    assert (
        run(world, "protect", "web").stdout == "web: is protected: im refuses to terminate it, and so will the cloud\n"
    )
    refused = run(world, "terminate", "web", "-y")
    assert (refused.exit_code, refused.stdout) == (2, "")
    assert "im protect web --off" in refused.stderr
    world.advance(120)
    assert "stays, protected" in run(world, "agenda").stdout
    assert "protected, so it stays" in run(world, "status", "web").stdout
    assert answer(world, "list")[0]["protected"] is True
    assert run(world, "protect", "web", "--off").exit_code == 0
    assert run(world, "terminate", "web", "-y").exit_code == 0


def test_all_that_a_filter_finds_but_the_protected_are_terminated(world: World, key: str) -> None:
    world.create("safe", protect=True)
    world.create("free")
    world.advance(10)
    told = run(world, "terminate", "--all", "-y")
    assert told.exit_code == 0
    assert "left out: safe is protected against being terminated" in told.stderr
    assert world.row("free").desired == "terminated"
    assert world.row("safe").desired == "running"
