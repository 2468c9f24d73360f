"""Shelving at DigitalOcean, over HTTP to its stand-in: what that has done is in its own books, and its bill is done by hand."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from decimal import Decimal

import pytest

from im.domain.money.amount import cents
from im.domain.money.bill import Bill
from im.domain.state import OnExpiry
from im.queue.tasks import Task
from im.services import leftovers
from im.services.money import costs
from im.standins.books import Fault
from tests.integration.typed import answer, run
from tests.people import person
from tests.worlds.digitalocean import DigitalOceanWorld, digitalocean_world

# the contract of shelving and the table of clouds shelve a droplet in every run
pytestmark = pytest.mark.long

DROPLET = Decimal("0.00893")
SNAPSHOT = Decimal("2.34") * Decimal("0.06") / 730
"""An hour of it: 2.34 GB, though the disk has 25."""


@pytest.fixture
def world(database_url: str) -> Iterator[DigitalOceanWorld]:
    with digitalocean_world(database_url) as made:
        yield made


def shelved(world: DigitalOceanWorld, seconds: float = 60) -> None:
    world.create(seconds=seconds, on_expiry=OnExpiry.SHELVE)
    world.advance(seconds + 240)
    assert world.word() == "shelved (ttl)"


def asked(world: DigitalOceanWorld) -> int:
    """How often a snapshot was asked for, and granted."""
    return sum(one.type == "snapshot" for one in world.team.actions.values())


def billed(world: DigitalOceanWorld) -> Bill:
    with world.ctx.begin() as connection:
        return costs.ledger(connection, [world.row()], world.now).bill(world.row())


def test_a_deadline_shelves_a_droplet_and_an_extend_makes_it_again_under_its_name(world: DigitalOceanWorld) -> None:
    world.create(seconds=60, on_expiry=OnExpiry.SHELVE)
    world.advance(30)
    (before,) = world.team.droplets.values()
    world.advance(240)
    assert (world.word(), world.team.droplets) == ("shelved (ttl)", {})
    (kept,) = world.team.snapshots.values()
    assert kept["name"] == f"im-{world.deployment[:8]}-{world.row().id}-{world.row().generation}"
    assert kept["droplet"] == before.id
    world.extend("web", seconds=3600)
    world.advance(180)
    (after,) = world.team.droplets.values()
    assert (world.word(), after.image["id"], str(after.id)) == ("running", kept["id"], world.row().provider_id)
    assert (after.name, after.region, after.size) == (before.name, before.region, before.size)
    assert world.team.snapshots == {}
    assert [tag for tag in world.team.tags if "shelving" in tag] == [], (
        "nothing of it is left in the team's list of tags"
    )


def test_an_hour_of_a_droplet_and_a_month_of_its_snapshot_to_the_cent(world: DigitalOceanWorld) -> None:
    shelved(world, seconds=3600)
    made = next(one for one in world.team.actions.values() if one.type == "snapshot").started
    alive = billed(world).compute
    assert cents(alive) == cents(DROPLET) == Decimal("0.01")
    world.now += timedelta(days=30) - timedelta(seconds=60)
    for task in (Task.REFRESH, Task.ENFORCE_TTL):
        world.queue.ring(task)
    world.advance(60)
    told, row = billed(world), world.row()
    assert (told.compute, told.known) == (alive, True)
    assert (
        cents(told.snapshot) == cents(SNAPSHOT * Decimal((world.now - made).total_seconds()) / 3600) == Decimal("0.14")
    )
    cost = costs.costs(world.ctx, [row])[row.id]
    assert (cost.now_per_hour, cost.whole) == (SNAPSHOT, True)
    assert "snapshot" in run(world, "status", "web").stdout
    (listed,) = answer(world, "list")
    assert (listed["status"], Decimal(listed["cost"]["bill"]["usd_snapshot"])) == ("shelved (ttl)", told.snapshot)
    world.terminate("web")
    world.advance(120)
    assert world.team.snapshots == {}


def test_a_snapshot_that_takes_long_and_shows_late_is_asked_for_once(world: DigitalOceanWorld) -> None:
    """It is in no list until it is there: that it is being made, its action tells; and no droplet goes before it shows."""
    world.create(seconds=60, on_expiry=OnExpiry.SHELVE)
    world.advance(80)
    assert [one.status for one in world.team.droplets.values()] == ["off"]
    world.team.takes, world.team.snapshots_after = timedelta(minutes=8), timedelta(seconds=45)
    world.advance(8 * 60)
    assert (asked(world), len(world.team.droplets), world.word()) == (1, 1, "shelving")
    world.team.takes = timedelta(seconds=5)
    world.advance(300)
    assert (asked(world), world.team.droplets, world.word()) == (1, {}, "shelved (ttl)")


def test_a_snapshot_that_fails_leaves_the_droplet_and_says_so(world: DigitalOceanWorld) -> None:
    world.create(seconds=60, on_expiry=OnExpiry.SHELVE)
    world.advance(30)
    world.team.failing += ["snapshot"] * 9
    world.advance(1200)
    assert (asked(world), world.team.snapshots) == (3, {}), "each costs money"
    assert (world.word(), len(world.team.droplets)) == ("stopped, not shelved", 1)
    said = run(world, "why", "web").stdout
    assert "im stop web --shelve" in said
    assert "no snapshot could be made" in said


def test_a_lost_answer_makes_no_second_snapshot(world: DigitalOceanWorld) -> None:
    world.create(seconds=60, on_expiry=OnExpiry.SHELVE)
    world.advance(75)
    lost = Fault("POST", "/actions", 504, {"id": "server_error", "message": "lost"}, after=True)
    world.cloud.books.plan(lost)
    world.advance(240)
    assert (world.word(), asked(world), len(world.team.snapshots)) == ("shelved (ttl)", 1, 1)


def test_a_token_that_may_not_delete_snapshots_is_told_and_nothing_is_lost(world: DigitalOceanWorld) -> None:
    shelved(world)
    world.team.scopes = frozenset(world.team.asked_of) - {"snapshot:delete", "image:delete"}
    world.extend("web", seconds=3600)
    world.advance(180)
    assert (world.word(), len(world.team.snapshots)) == ("running", 1)
    world.team.scopes = None
    world.advance(900)
    assert world.team.snapshots == {}


def test_the_snapshot_of_what_is_shelved_is_no_leftover_and_that_of_a_forgotten_past_is(
    world: DigitalOceanWorld,
) -> None:
    shelved(world)
    (number,) = world.team.snapshots
    name = f"im-{world.deployment[:8]}-im-forgotten1-3"
    theirs = {**world.team.snapshots[number], "id": 78, "name": "nightly"}
    world.team.snapshots |= {77: {**world.team.snapshots[number], "id": 77, "name": name}, 78: theirs}
    leftovers.ask(world.ctx)
    world.advance(5)
    things = [one for one in leftovers.survey(world.ctx).found if one.kind == "snapshot"]
    assert [one.name for one in things] == ["im-forgotten1-3"]
    leftovers.approve_deletion(world.ctx, things, actor=person("ada"))
    world.advance(15)
    assert sorted(world.team.snapshots) == sorted([number, 78]), "nobody else's snapshot is touched"


def test_two_commands_shelve_and_bring_back(world: DigitalOceanWorld) -> None:
    world.create(seconds=3600)
    world.advance(30)
    would = run(world, "stop", "web", "--shelve", "--dry-run").stdout
    assert "gives way to its snapshot, and comes back with another address" in would
    assert run(world, "stop", "web", "--shelve", "--no-wait").exit_code == 0
    world.advance(240)
    assert (world.word(), len(world.team.snapshots)) == ("shelved", 1)
    assert run(world, "start", "web", "--no-wait").exit_code == 0
    world.advance(180)
    assert (world.word(), len(world.team.snapshots)) == ("running", 0)
