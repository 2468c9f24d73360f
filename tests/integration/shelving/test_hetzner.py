"""Shelving at Hetzner, over HTTP to its stand-in: what that has done is in its own books, and its bill is done by hand."""

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
from im.services.money import budgets, costs
from im.standins.books import Fault
from im.standins.hetzner.project import Project
from tests.integration.typed import answer, run
from tests.people import person
from tests.worlds.hetzner import HetznerWorld, hetzner_world

# the contract of shelving and the table of clouds shelve a server in every run
pytestmark = pytest.mark.long

EUR = Decimal("1.16")
GB_MONTH = Decimal("0.0110") * EUR
IP_HOUR, IP_MONTH = Decimal("0.0008") * EUR, Decimal("0.50") * EUR
HOUR = Decimal("0.0056") * EUR + IP_HOUR
SNAPSHOT = Decimal("2.3") * GB_MONTH / 730
"""An hour of it: 2.3 GB, though the disk has 40."""


@pytest.fixture
def world(database_url: str) -> Iterator[HetznerWorld]:
    with hetzner_world(database_url) as made:
        yield made


def project(world: HetznerWorld) -> Project:
    return world.hetzner.project("project")


def shelved(world: HetznerWorld, seconds: float = 60) -> None:
    world.create(seconds=seconds, on_expiry=OnExpiry.SHELVE)
    world.advance(seconds + 90)
    assert world.word() == "shelved (ttl)"


def sleep_on(world: HetznerWorld, hours: float) -> None:
    """Time jumps to a minute before the end; the fleet lives through the rest."""
    world.now += timedelta(hours=hours) - timedelta(seconds=60)
    for task in (Task.REFRESH, Task.ENFORCE_TTL):
        world.queue.ring(task)
    world.advance(60)


def billed(world: HetznerWorld) -> Bill:
    with world.ctx.begin() as connection:
        return costs.ledger(connection, [world.row()], world.now).bill(world.row())


def posted(world: HetznerWorld, path: str) -> int:
    return sum(one.method == "POST" and one.status < 400 for one in world.hetzner.books.changes(path))


def test_a_deadline_shelves_a_server_and_an_extend_makes_it_again_of_its_snapshot(world: HetznerWorld) -> None:
    shelved(world)
    assert project(world).servers == {}
    assert [one.kind for one in project(world).ips.values()] == ["ipv4"], "its address is kept"
    (image,) = project(world).images.values()
    assert image["description"] == f"{world.row().id}-{world.row().generation}"
    assert image["labels"]["im/machine"] == str(image["created_from"]["id"]) == str(project(world).ever[0])
    world.extend("web", seconds=3600)
    world.advance(60)
    (server,) = project(world).servers.values()
    assert (world.word(), server.image["id"], str(server.id)) == ("running", image["id"], world.row().provider_id)
    assert server.name.startswith("web-")
    assert project(world).images == {}


def test_an_hour_of_a_server_and_a_week_of_its_snapshot_to_the_cent(world: HetznerWorld) -> None:
    shelved(world, seconds=1800)
    (image,) = project(world).images.values()
    assert billed(world).compute + billed(world).address == HOUR
    sleep_on(world, 7 * 24)
    told, row = billed(world), world.row()
    kept = world.now - world.hetzner.books.changes("/actions/create_image")[0].at
    address = IP_HOUR * (7 * 24 + 1)
    assert (told.compute + IP_HOUR, told.address) == (HOUR, address), "no second hour of the server was begun"
    assert told.known
    assert cents(told.snapshot) == cents(SNAPSHOT * Decimal(kept.total_seconds()) / 3600) == Decimal("0.01")
    assert abs(told.snapshot - SNAPSHOT * 7 * 24) < SNAPSHOT
    cost = costs.costs(world.ctx, [row])[row.id]
    assert (cost.now_per_hour, cost.whole) == (SNAPSHOT + IP_HOUR, True)
    assert SNAPSHOT < HOUR / 100
    assert "snapshot" in run(world, "status", "web").stdout
    (listed,) = answer(world, "list")
    assert (listed["status"], listed["shelf"], Decimal(listed["cost"]["bill"]["usd_snapshot"])) == (
        *("shelved (ttl)", "shelved"),
        told.snapshot,
    )
    world.terminate("web")
    world.advance(30)
    assert project(world).images == {}
    ended = billed(world)
    sleep_on(world, 24)
    assert billed(world).total == ended.total, "what is deleted costs nothing more"
    assert image["id"] not in project(world).images


def test_a_budget_counts_what_is_to_be_shelved_to_its_deadline_and_its_snapshot_to_the_end_of_the_month(
    world: HetznerWorld,
) -> None:
    world.create(seconds=1800, on_expiry=OnExpiry.SHELVE)
    world.advance(30)
    budgets.write(world.ctx, "ada", Decimal(10), actor=person("ada"))
    (use,) = budgets.of(world.ctx, "ada")
    assert use.spent + use.promised == HOUR
    world.advance(1900)
    assert world.word() == "shelved (ttl)"
    (use,) = budgets.of(world.ctx, "ada")
    hours = Decimal((world.now.replace(month=2, day=1, hour=0) - world.now).days) * 24
    assert abs(use.promised - SNAPSHOT * hours - min(IP_HOUR * hours, IP_MONTH)) < Decimal("0.03")


def test_a_snapshot_that_fails_leaves_the_server_and_says_so(world: HetznerWorld) -> None:
    world.create(seconds=60, on_expiry=OnExpiry.SHELVE)
    world.advance(30)
    project(world).failing += ["create_image"] * 9
    world.advance(900)
    assert posted(world, "/actions/create_image") == 3, "each costs money"
    assert project(world).images == {}
    assert (world.word(), len(project(world).servers)) == ("stopped, not shelved", 1)
    said = run(world, "why", "web").stdout
    assert "im stop web --shelve" in said
    assert "no snapshot could be made" in said
    assert "web goes on costing" in run(world, "agenda").stderr


def test_a_lost_answer_makes_no_second_snapshot(world: HetznerWorld) -> None:
    world.create(seconds=60, on_expiry=OnExpiry.SHELVE)
    world.advance(30)
    lost = Fault("POST", "/actions/create_image", 504, {"error": {"code": "timeout", "message": "lost"}}, after=True)
    world.hetzner.books.plan(lost)
    world.advance(180)
    assert (world.word(), len(project(world).images)) == ("shelved (ttl)", 1)


def test_the_snapshot_of_what_is_shelved_is_no_leftover_and_that_of_a_forgotten_past_is(world: HetznerWorld) -> None:
    shelved(world)
    (number,) = project(world).images
    stranger = {**project(world).images[number], "id": 77}
    stranger["labels"] = {**stranger["labels"], "im/instance": "im-forgotten1"}
    project(world).images[77] = stranger
    leftovers.ask(world.ctx)
    world.advance(5)
    found = [(one.kind, one.name) for one in leftovers.survey(world.ctx).found if one.kind == "snapshot"]
    assert found == [("snapshot", f"im-forgotten1-{world.row().generation}")]
    things = [one for one in leftovers.survey(world.ctx).found if one.kind == "snapshot"]
    leftovers.approve_deletion(world.ctx, things, actor=person("ada"))
    world.advance(15)
    assert list(project(world).images) == [number]


def test_two_commands_shelve_and_bring_back(world: HetznerWorld) -> None:
    world.create(seconds=3600)
    world.advance(30)
    would = run(world, "stop", "web", "--shelve", "--dry-run").stdout
    assert "gives way to its snapshot, and comes back with its address, if that can be had" in would
    assert run(world, "stop", "web", "--shelve", "--no-wait").exit_code == 0
    world.advance(90)
    assert (world.word(), len(project(world).images)) == ("shelved", 1)
    assert run(world, "start", "web", "--no-wait").exit_code == 0
    world.advance(60)
    assert (world.word(), len(project(world).images)) == ("running", 0)
