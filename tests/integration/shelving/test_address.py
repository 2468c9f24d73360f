"""At Hetzner what is shelved comes back with its address: what becomes of that is in the stand-in's own books."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from decimal import Decimal

import pytest
from sqlalchemy import text

from im.domain.money.amount import cents
from im.domain.money.bill import Bill
from im.domain.state import OnExpiry
from im.queue.tasks import Task
from im.services import leftovers
from im.services.money import budgets, costs
from im.standins.books import Fault
from im.standins.hetzner.project import PrimaryIp, Project
from tests.integration.typed import run
from tests.people import person
from tests.worlds.hetzner import HetznerWorld, hetzner_world

EUR = Decimal("1.16")
IP_HOUR, IP_MONTH = Decimal("0.0008") * EUR, Decimal("0.50") * EUR
SNAPSHOT = Decimal("2.3") * Decimal("0.0110") * EUR / 730


@pytest.fixture
def world(database_url: str) -> Iterator[HetznerWorld]:
    with hetzner_world(database_url) as made:
        yield made


def project(world: HetznerWorld) -> Project:
    return world.hetzner.project("project")


def fours(world: HetznerWorld) -> list[PrimaryIp]:
    return [one for one in project(world).ips.values() if one.kind == "ipv4"]


def shelved(world: HetznerWorld, seconds: float = 60) -> str:
    """`web`, shelved by its deadline; the address that it had."""
    world.create(seconds=seconds, on_expiry=OnExpiry.SHELVE)
    world.advance(20)
    ip = str(world.row().public_ip)
    world.advance(seconds + 70)
    assert world.word() == "shelved (ttl)"
    return ip


def back(world: HetznerWorld, seconds: float = 90) -> None:
    world.extend("web", seconds=3600)
    world.advance(seconds)
    assert world.word() == "running"


def sleep_on(world: HetznerWorld, hours: float) -> None:
    """Time jumps to a minute before the end; the fleet lives through the rest."""
    world.now += timedelta(hours=hours) - timedelta(seconds=60)
    for task in (Task.REFRESH, Task.ENFORCE_TTL):
        world.queue.ring(task)
    world.advance(60)


def until_kept(world: HetznerWorld) -> None:
    """Its address is to outlive its server, which is there."""
    until = world.now + timedelta(seconds=120)
    while all(one.auto_delete for one in fours(world)):
        world.advance(1)
        assert world.now < until


def billed(world: HetznerWorld) -> Bill:
    with world.ctx.begin() as connection:
        return costs.ledger(connection, [world.row()], world.now).bill(world.row())


def test_it_comes_back_with_its_address_and_that_goes_with_it_in_the_end(world: HetznerWorld) -> None:
    ip = shelved(world)
    (kept,) = fours(world)
    assert (kept.ip, kept.server, kept.auto_delete) == (ip, None, False)
    assert kept.labels["im/deployment"] == world.deployment
    assert kept.labels["im/instance"] == world.row().id
    back(world)
    (kept,) = fours(world)
    assert (world.row().public_ip, kept.ip, str(kept.server)) == (ip, ip, world.row().provider_id)
    assert (kept.auto_delete, project(world).images) == (True, {})
    assert "address changed" not in world.kinds()
    world.terminate("web")
    world.advance(60)
    assert (project(world).servers, project(world).ips) == ({}, {})


@pytest.mark.long
def test_again_and_again_it_is_the_same_address(world: HetznerWorld) -> None:
    ip = shelved(world)
    for _ in range(2):
        world.extend("web", seconds=60)
        world.advance(240)
        assert (world.word(), [one.ip for one in fours(world)], fours(world)[0].server) == ("shelved (ttl)", [ip], None)


def test_the_end_of_what_is_shelved_is_the_end_of_its_address(world: HetznerWorld) -> None:
    shelved(world)
    world.terminate("web")
    world.advance(30)
    assert (world.word(), project(world).ips, project(world).images) == ("terminated", {}, {})


@pytest.mark.parametrize(
    "what",
    [
        "gone",
        "of another kind",
        *(pytest.param(one, marks=pytest.mark.long) for one in ("taken", "in another location")),
    ],
)
def test_an_address_that_is_not_to_be_had_is_another_one_and_that_is_told(world: HetznerWorld, what: str) -> None:
    ip = shelved(world)
    (kept,) = fours(world)
    match what:
        case "gone":
            del project(world).ips[kept.id]
        case "taken":
            other = project(world).add_ip("ipv4", "fsn1", None, auto_delete=True)
            project(world).ips[kept.id].server = 99
            world.create("other", seconds=3600)
            world.advance(20)
            del project(world).ips[other.id]
            kept.server = int(str(world.row("other").provider_id))
        case "in another location":
            kept.location = "hel1"
        case _:
            fault = Fault(
                "POST", "/servers", 422, {"error": {"code": "primary_ip_datacenter_mismatch", "message": "no"}}
            )
            world.hetzner.books.plan(fault)
    back(world)
    now_is = world.row().public_ip
    assert now_is not in (None, ip)
    told = [event.reason for event in world.story() if event.kind == "address changed"]
    assert told == [f"it is {now_is}: {ip} was not there any more, or not free, or not for where the machine is"]
    assert [one.ip for one in fours(world) if one.ip == ip] == ([ip] if what == "taken" else [])
    if what == "taken":
        assert "im/instance" not in kept.labels, "whoever has taken it has it"


def test_an_address_that_somebody_keeps_is_used_and_never_deleted(world: HetznerWorld) -> None:
    world.create(seconds=60, on_expiry=OnExpiry.SHELVE)
    world.advance(20)
    (theirs,) = fours(world)
    theirs.auto_delete, theirs.labels = False, {"team": "web"}
    world.advance(130)
    assert world.word() == "shelved (ttl)"
    back(world)
    assert world.row().public_ip == theirs.ip
    world.stop("web", shelve=True)
    world.advance(90)
    assert world.word() == "shelved"
    world.terminate("web")
    world.advance(30)
    assert (world.word(), fours(world)) == ("terminated", [theirs])
    assert (theirs.auto_delete, theirs.labels) == (False, {"team": "web"})


def test_a_machine_without_a_public_address_is_shelved_as_ever(world: HetznerWorld) -> None:
    world.create(seconds=90, on_expiry=OnExpiry.SHELVE)
    world.advance(20)
    (server,) = project(world).servers.values()
    del project(world).ips[server.ipv4 or 0]
    server.ipv4 = None
    world.advance(150)
    assert (world.word(), project(world).ips) == ("shelved (ttl)", {})


def test_an_extend_while_its_machine_goes_finds_the_address_again(world: HetznerWorld) -> None:
    world.create(seconds=60, on_expiry=OnExpiry.SHELVE)
    world.advance(60)
    ip = world.row().public_ip
    until_kept(world)
    world.extend("web", seconds=3600)
    world.advance(90)
    assert (world.word(), world.row().public_ip, len(fours(world))) == ("running", ip, 1)
    assert fours(world)[0].auto_delete


def test_a_kept_address_is_no_leftover_and_that_of_a_forgotten_past_is(world: HetznerWorld) -> None:
    shelved(world)
    (kept,) = fours(world)
    old = project(world).add_ip("ipv4", "fsn1", None, auto_delete=False)
    old.labels = {**kept.labels, "im/instance": "im-forgotten1"}
    leftovers.ask(world.ctx)
    world.advance(5)
    things = [one for one in leftovers.survey(world.ctx).found if one.kind == "primary IP"]
    assert [(one.name, one.detail) for one in things] == [(f"im-forgotten1-{kept.labels['im/generation']}", old.ip)]
    leftovers.approve_deletion(world.ctx, things, actor=person("ada"))
    world.advance(15)
    assert fours(world) == [kept]


def test_what_ends_outside_leaves_its_address_to_people(world: HetznerWorld) -> None:
    world.create(seconds=60, on_expiry=OnExpiry.SHELVE)
    world.advance(60)
    until_kept(world)
    (kept,) = fours(world)
    assert kept.labels["im/instance"] == world.row().id
    world.advance(60)
    with world.ctx.begin() as connection:
        connection.execute(text("UPDATE instances SET desired = 'terminated', why = 'outside', closed_at = now()"))
    leftovers.ask(world.ctx)
    world.advance(5)
    assert [one.kind for one in leftovers.survey(world.ctx).found if one.detail == kept.ip] == ["primary IP"]


@pytest.mark.long
def test_half_an_hour_five_on_the_shelf_and_back_to_the_cent(world: HetznerWorld) -> None:
    """The address is one thing all that time: its hours are counted once, and up to its price per month."""
    shelved(world, seconds=1800)
    assert billed(world).address == IP_HOUR
    sleep_on(world, 5)
    row = world.row()
    cost = costs.costs(world.ctx, [row])[row.id]
    assert (cost.now_per_hour, cost.whole) == (SNAPSHOT + IP_HOUR, True)
    assert (billed(world).address, billed(world).known) == (6 * IP_HOUR, True)
    assert "address" in run(world, "status", "web").stdout
    budgets.write(world.ctx, "ada", Decimal(10), actor=person("ada"))
    (use,) = budgets.of(world.ctx, "ada")
    left = (
        world.now.replace(month=world.now.month % 12 + 1, day=1, hour=0, minute=0, second=0, microsecond=0) - world.now
    )
    assert cents(use.spent + use.promised) == cents(
        billed(world).total + SNAPSHOT * Decimal(left.total_seconds()) / 3600 + _up_to_a_month(left)
    )
    back(world)
    hours = billed(world).address / IP_HOUR
    assert hours == 6, "the machine that came back began no second hour of its address"
    world.advance(3600)
    assert world.word().startswith(("stopped", "shelv"))
    world.advance(200)
    assert billed(world).address == 7 * IP_HOUR
    world.terminate("web")
    world.advance(30)
    ended = billed(world)
    sleep_on(world, 24)
    assert billed(world).total == ended.total, "what is deleted costs nothing more"


def test_a_month_on_the_shelf_costs_the_address_its_price_per_month(world: HetznerWorld) -> None:
    shelved(world)
    began = world.now
    sleep_on(world, 24 * 58)
    months = (world.now.year - began.year) * 12 + world.now.month - began.month
    assert months == 1, "the first whole, as far as caps go, and a part of the second"
    second = world.now - world.now.replace(day=1, hour=0, minute=0, second=0, microsecond=0)
    hours = Decimal(int(second.total_seconds() // 3600) + 1)
    assert abs(billed(world).address - IP_MONTH - min(IP_MONTH, IP_HOUR * hours)) <= IP_HOUR


def _up_to_a_month(left: timedelta) -> Decimal:
    """What is still to come of a month in which six hours were."""
    hours = Decimal(int(left.total_seconds() // 3600))
    return min(hours * IP_HOUR, IP_MONTH - 6 * IP_HOUR)
