"""A deadline at RunPod: what a stop takes is said before, and a start that finds no GPU is a failure that shows."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal

import pytest

from im.domain.money.amount import cents
from im.domain.state import Observed
from tests.integration.money.passing import billed, let_pass
from tests.integration.typed import answer, run
from tests.worlds.runpod import RunPodWorld, runpod_world

EMPTIES = "A stop empties this pod's disk except /workspace, and gives its GPUs to others"
KEEPS_NOTHING = "this one has none: its deadline terminates it, and what is on it is lost"


@pytest.fixture
def world(database_url: str) -> Iterator[RunPodWorld]:
    with runpod_world(database_url) as made:
        yield made


def test_what_a_deadline_does_follows_from_what_was_asked_for(world: RunPodWorld, key: str) -> None:
    order = ("create", "--public-key", key, "--no-wait", "-d", "10m")
    rehearsed = run(world, *order, "--name", "kept", "--dry-run")
    assert "then stop" in rehearsed.stdout
    assert EMPTIES in rehearsed.stdout
    assert EMPTIES in run(world, *order, "--name", "kept").stderr
    bare = run(world, *order, "--name", "bare", "--workspace", "no", "--dry-run")
    assert "then terminate" in bare.stdout
    assert KEEPS_NOTHING in bare.stdout
    assert KEEPS_NOTHING in run(world, *order, "--name", "bare", "--workspace", "no").stderr
    refused = run(world, *order, "--workspace", "no", "--on-expiry", "stop")
    assert (refused.exit_code, KEEPS_NOTHING in refused.stderr) == (2, True)
    ended = run(world, *order, "--name", "ended", "--on-expiry", "terminate")
    assert EMPTIES not in ended.stderr
    world.advance(30)
    stopped = run(world, "stop", "bare", "--no-wait")
    assert "Next: im terminate bare  ends it" in stopped.stderr.replace("\n", " ")
    (seen,) = answer(world, "status", "kept")
    assert run(world, "ssh", "kept", "--print").stdout == f"ssh -p {seen['ssh_port']} root@{seen['public_ip']}\n"
    assert f"ssh -p {seen['ssh_port']} root@" in run(world, "status", "kept").stdout
    world.advance(640)
    assert [world.statuses(name) for name in ("kept", "bare", "ended")] == [["EXITED"], [], []]
    assert world.word("kept") == "stopped (ttl)"
    assert "--disk 20 --workspace no" in run(world, "extend", "bare", "-d", "1h", "--no-wait").stderr.replace("\n", " ")


@pytest.mark.parametrize("bare", [pytest.param(False, marks=pytest.mark.long), True])
def test_a_start_that_finds_no_gpu_shows_and_keeps_the_disk_and_is_asked_for_again(
    world: RunPodWorld, bare: bool
) -> None:
    """RunPod refuses it, or lets the pod run without its GPU."""
    world.create(seconds=120)
    world.advance(180)
    (pod,) = world.account.pods.values()
    assert (world.word(), pod.status) == ("stopped (ttl)", "EXITED")
    world.account.lent_away, world.account.comes_back_bare = not bare, bare
    run(world, "extend", "web", "-d", "1h", "--no-wait")
    world.advance(90)
    row = world.row()
    assert row.error_code == "no_capacity"
    assert "no capacity" in world.word()
    said = run(world, "why", "web").stdout.replace("\n", " ")
    assert "RunPod has given its GPUs to others; /workspace is kept." in said
    assert list(world.account.pods) == [pod.id]
    world.account.lent_away = world.account.comes_back_bare = False
    world.advance(400)
    if world.row().failed:
        run(world, "start", "web", "-d", "1h", "--no-wait")
        world.advance(60)
    assert (world.row().observed, world.account.rate(pod)) == (Observed.RUNNING, 0.69)


def test_what_a_stopped_one_costs_is_twice_the_price_of_its_volume(world: RunPodWorld) -> None:
    """A volume of 20 GB: $0.10 a GB and month while it runs, $0.20 while it is stopped; $0.69 an hour for the GPU."""
    world.create(seconds=3600)
    let_pass(world, 61 / 60, 40)
    assert world.word() == "stopped (ttl)"
    before = billed(world)
    assert cents(before.compute) == Decimal("0.69")
    assert round(before.disk_running, 4) == round(Decimal(20) * Decimal("0.10") / 730, 4)
    let_pass(world, 72, 40)
    after = billed(world)
    assert after.compute == before.compute
    assert round(after.disk_stopped - before.disk_stopped, 3) == round(72 * Decimal(20) * Decimal("0.20") / 730, 3)
    (row,) = answer(world, "list")
    assert float(row["usd_per_hour"]) == pytest.approx(20 * 0.20 / 730, abs=1e-4)
    assert "20 GB" in run(world, "status", "web").stdout
