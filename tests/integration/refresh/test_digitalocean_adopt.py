"""Droplets that no row has, at DigitalOcean: taken in as people type it, and found again when a row was lost."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from im.providers.contract import Slot
from im.standins.digitalocean import catalog
from im.standins.digitalocean.team import Droplet
from tests.integration.typed import answer, run
from tests.worlds.digitalocean import DigitalOceanWorld, digitalocean_world


@pytest.fixture
def world(database_url: str) -> Iterator[DigitalOceanWorld]:
    with digitalocean_world(database_url) as made:
        yield made


def somebodys(world: DigitalOceanWorld, *tags: str) -> str:
    team, number = world.team, next(world.team.numbers)
    known = [team.know_tag(one) for one in tags]
    image = catalog.images()[0]
    team.droplets[number] = Droplet(number, "bobs", "c-2", "fra1", image, known, world.now, "", [], "active")
    return str(number)


def test_a_droplet_is_taken_in_keeps_its_name_and_is_stopped_at_its_deadline(world: DigitalOceanWorld) -> None:
    machine = somebodys(world, "env:prod")
    done = run(world, "adopt", machine, "-d", "1h", "--name", "old", "--provider", "digitalocean")
    assert done.exit_code == 0, done.stderr
    world.advance(20)
    (row,) = answer(world, "list")
    assert (row["status"], row["instance_type"], row["zone"]) == ("running", "c-2", "fra1")
    droplet = world.team.droplets[int(machine)]
    assert droplet.name == "bobs"
    assert {"env:prod", f"im:deployment:{world.deployment}", "im:owner:ada"} <= set(droplet.tags)
    world.advance(3600, tick=600)
    world.advance(60)
    assert world.team.droplets[int(machine)].status == "off"


def test_a_node_of_a_cluster_is_left_to_its_cluster(world: DigitalOceanWorld) -> None:
    machine = somebodys(world, "k8s", "k8s:worker")
    run(world, "adopt", machine, "-d", "1h", "--name", "node", "--provider", "digitalocean")
    world.advance(20)
    assert "belongs to a Kubernetes cluster" in run(world, "why", "node").stdout
    assert world.team.droplets[int(machine)].tags == ["k8s", "k8s:worker"]


def test_one_of_ours_without_a_row_is_an_orphan_and_adopted_under_its_name(world: DigitalOceanWorld) -> None:
    world.create("other")
    spec = world.row("other").spec
    slot = Slot("im-0123456789", "lost")
    (made,) = world.provider.launch(world.row("other").scope, spec, token="gone", slots=[slot])
    world.advance(150)
    (orphan,) = answer(world, "orphans")
    assert orphan["provider_id"] == made.provider_id
    assert "lost" in run(world, "orphans").stdout
    assert run(world, "orphans", "adopt", made.provider_id, "-d", "1h").exit_code == 0
    world.advance(20)
    assert world.word("lost") == "running"
    assert len(world.team.ever) == 2
