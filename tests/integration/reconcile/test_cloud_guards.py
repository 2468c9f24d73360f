"""The guard by a cloud's own means, in stepped time: all of im is gone, and the cloud itself stops the machine at its moment."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any

import pytest
from click.testing import CliRunner, Result
from sqlalchemy import text

from im.cli.main import im
from im.cli.session import Session
from im.db.read import instances as read_instances
from im.domain.guard import Guard, GuardKind
from im.domain.state import OnExpiry
from im.standins.books import Fault
from tests.world import START, World
from tests.worlds.azure import AzureWorld, azure_world
from tests.worlds.gcp import GcpWorld, gcp_world

pytestmark = pytest.mark.sampled(every=2)

GRACE, HOUR, DAY = 300, 3600, 86_400


@dataclass(frozen=True)
class Google:
    """How the tests look at what stands there."""

    world: GcpWorld
    stopped = "TERMINATED"
    ahead = timedelta(days=30)

    def status(self, name: str = "web") -> str | None:
        number = self.world.row(name).provider_id
        found = self.world.project.machines.get(int(str(number)))
        return found.status if found else None

    def moments(self) -> list[float]:
        """Seconds after the start, of every task that waits."""
        return sorted((one.at - START).total_seconds() for one in self.world.project.tasks.values())

    def refuse(self, times: int) -> None:
        lost = {"error": {"code": 403, "message": "no more", "status": "PERMISSION_DENIED"}}
        self.world.gcp.books.plan(Fault("POST", "/queues/im-guard/tasks", 403, lost), times)

    def calm(self) -> None:
        self.world.gcp.books.faults.clear()


@dataclass(frozen=True)
class Microsoft:
    world: AzureWorld
    stopped = "deallocated"
    ahead = timedelta(days=14)

    def status(self, name: str = "web") -> str | None:
        return self.world.machine(name).power

    def moments(self) -> list[float]:
        waits = (one for one in self.world.subscription.orders.values() if one.state == "Scheduled")
        return sorted((one.at - START).total_seconds() for one in waits)

    def refuse(self, times: int) -> None:
        lost = {"error": {"code": "AuthorizationFailed", "message": "no more"}}
        self.world.azure.books.plan(Fault("POST", "/virtualmachinessubmitdeallocate", 403, lost), times)

    def calm(self) -> None:
        self.world.azure.books.faults.clear()


@pytest.fixture
def microsoft(database_url: str) -> Iterator[Microsoft]:
    with azure_world(database_url) as made:
        yield Microsoft(made)


@pytest.fixture
def google(database_url: str) -> Iterator[Google]:
    with gcp_world(database_url) as made:
        yield Google(made)


@pytest.fixture(params=["google", "microsoft"])
def cloud(request: pytest.FixtureRequest) -> Any:
    return request.getfixturevalue(request.param)


def create(cloud: Any, seconds: float = HOUR, **order: Any) -> None:
    cloud.world.create("web", seconds=seconds, guard=GuardKind.NATIVE, **order)
    cloud.world.advance(40)


def gone(world: World) -> None:
    """No worker and no beat are left."""
    world.worker = world.beat = False


def guard_of(world: World) -> Guard:
    with world.ctx.begin() as connection:
        return read_instances.guards(connection, [world.row().id])[world.row().id]


def run(world: World, *words: str) -> Result:
    return CliRunner().invoke(im, list(words), obj=Session(lambda: world.ctx), prog_name="im")


def test_all_of_im_is_gone_and_the_machine_stops_at_its_moment_and_not_before(cloud: Any) -> None:
    create(cloud)
    assert cloud.moments() == [HOUR + GRACE]
    gone(cloud.world)
    cloud.world.advance(HOUR + GRACE - 42)
    assert cloud.status() != cloud.stopped
    cloud.world.advance(60)
    assert cloud.status() == cloud.stopped
    assert cloud.moments() == []


def test_an_extend_moves_it(cloud: Any) -> None:
    create(cloud)
    cloud.world.extend("web", seconds=HOUR)
    cloud.world.advance(30)
    assert cloud.moments() == [2 * HOUR + GRACE]
    gone(cloud.world)
    cloud.world.advance(HOUR + GRACE + 60)
    assert cloud.status() != cloud.stopped
    cloud.world.advance(HOUR)
    assert cloud.status() == cloud.stopped


def test_a_stop_and_a_terminate_take_it_away_and_a_start_sets_it_again(cloud: Any) -> None:
    create(cloud)
    cloud.world.stop("web")
    cloud.world.advance(60)
    assert cloud.moments() == []
    cloud.world.start("web")
    cloud.world.advance(60)
    assert cloud.moments() == [HOUR + GRACE]
    cloud.world.terminate("web")
    cloud.world.advance(120)
    assert cloud.moments() == []
    assert "guard refused" not in cloud.world.kinds()


def test_a_healthy_fleet_is_there_first_and_leaves_nothing(cloud: Any) -> None:
    create(cloud, seconds=120)
    cloud.world.advance(GRACE)
    assert cloud.status() == cloud.stopped
    assert cloud.world.word() == "stopped (ttl)"
    assert cloud.moments() == []


def test_a_guard_that_fires_while_there_is_time_left_is_known_as_ours_and_the_machine_is_woken(cloud: Any) -> None:
    create(cloud, seconds=200)
    cloud.refuse(1000)
    cloud.world.extend("web", seconds=2 * HOUR)
    cloud.world.advance(60)
    assert cloud.moments() == [200 + GRACE]
    cloud.world.advance(GRACE + 180)
    assert "stopped outside" not in cloud.world.kinds()
    assert cloud.world.word() == "running"
    assert cloud.world.row().why.value == "user"
    cloud.calm()
    cloud.world.advance(600)
    assert cloud.moments() == [200 + 2 * HOUR + GRACE]


def test_a_deadline_farther_than_the_cloud_takes_is_guarded_for_then_and_renewed_every_day(cloud: Any) -> None:
    create(cloud, seconds=100 * DAY)
    half = DAY / 2  # the world begins at noon
    farthest = cloud.ahead.days * DAY - DAY - half
    assert cloud.moments() == [farthest]
    told = run(cloud.world, "status", "web").stdout
    assert f"before its deadline: it takes no moment more than {cloud.ahead.days} days ahead" in told
    cloud.world.advance(half + 60, tick=DAY / 2)
    assert cloud.moments() == [farthest + DAY]
    cloud.world.advance(DAY, tick=DAY / 2)
    assert cloud.moments() == [farthest + 2 * DAY]
    with_us = guard_of(cloud.world)
    assert (with_us.error, with_us.ahead) == (None, cloud.ahead)


def test_a_guard_of_another_version_learns_how_far_ahead_its_cloud_goes(cloud: Any) -> None:
    world = cloud.world
    world.create("web", seconds=100 * DAY)
    with world.ctx.begin() as connection:
        connection.execute(
            text("INSERT INTO guards (instance_id, kind, grace) SELECT id, 'scheduler', 300 FROM instances")
        )
    world.advance(40)
    assert cloud.moments() == [cloud.ahead.days * DAY - DAY - DAY / 2]
    found = guard_of(world)
    assert (found.error, found.ahead) == (None, cloud.ahead)


def test_what_becomes_of_it_if_im_is_gone_is_told_by_status_why_and_the_rehearsal(cloud: Any, key: str) -> None:
    create(cloud)
    cloud.world.create("bare", seconds=HOUR)
    cloud.world.advance(40)
    for verb in ("status", "why"):
        assert "the cloud itself stops it at" in run(cloud.world, verb, "web").stdout.replace("it 13:", "it at 13:")
        assert (
            "nobody stops it, and it goes on costing: it was made without a guard"
            in run(cloud.world, verb, "bare").stdout
        )
    words = ("create", "--public-key", key, "-d", "1h", "--ssh-from", "none", "--dry-run")
    assert "guard         none: should all of im be gone, nobody stops it" in run(cloud.world, *words).stdout
    told = run(cloud.world, *words, "--guard", "native").stdout
    assert f"5m after its deadline, should all of im be gone, and at most {cloud.ahead.days} days from now" in told
    assert run(cloud.world, *words, "--guard", "scheduler").stdout == told, "as it was called before"


def test_the_deployments_default_is_for_every_cloud_that_can(cloud: Any) -> None:
    world = cloud.world
    world.ctx = replace(world.ctx, settings=replace(world.ctx.settings, guard=GuardKind.NATIVE))
    world.create("web", seconds=HOUR)
    world.advance(40)
    assert cloud.moments() == [HOUR + GRACE]


def test_what_is_to_be_terminated_is_told_truly(cloud: Any) -> None:
    create(cloud, on_expiry=OnExpiry.TERMINATE)
    told = run(cloud.world, "status", "web").stdout
    only_stops = not cloud.world.provider.capabilities.guard_terminates
    assert ("it is only stopped then, not deleted, and its disks go on costing" in told) is only_stops
    gone(cloud.world)
    cloud.world.advance(HOUR + GRACE + 60)
    assert cloud.status() == (cloud.stopped if only_stops else None)


@pytest.mark.long
def test_a_machine_that_is_stopped_by_an_order_whose_number_was_lost_is_started_again(microsoft: Microsoft) -> None:
    world = microsoft.world
    broken = {"error": {"code": "InternalServerError", "message": "again"}}
    world.azure.books.plan(Fault("POST", "/virtualmachinessubmitdeallocate", 500, broken, after=True))
    world.create("web", seconds=400, guard=GuardKind.NATIVE)
    world.advance(150)
    assert microsoft.moments() == [400 + GRACE]
    world.extend("web", seconds=2 * HOUR)
    world.advance(60)
    assert microsoft.moments() == [400 + GRACE, 400 + 2 * HOUR + GRACE]
    assert "whose number was lost, so it cannot be taken back" in run(world, "status", "web").stdout
    world.advance(400 + GRACE)
    assert world.word() == "running"
    assert len([one for one in world.azure.books.changes("/start") if one.status == 202]) == 1
    assert "stopped outside" not in world.kinds()
    world.advance(900)
    assert guard_of(world).error is None
