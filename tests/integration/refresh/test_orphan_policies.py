"""Orphans and machines that hands outside change, as the policies say; and two deployments in one account."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

import pytest
from sqlalchemy import text
from sqlalchemy.engine import make_url

from im.db.engine import make_engine
from im.db.schema import migrate
from im.domain.config.policy import OnOrphan, OnOutsideStart, OnOutsideStop
from im.domain.errors import NoSuchInstance, Refused
from im.domain.intent import Deadline
from im.domain.state import Desired, Observed
from im.providers.errors import Forbidden
from im.providers.fake.provider import FakeProvider
from im.services import queries
from im.services.requests import adopt
from tests.integration.refresh.test_orphans import SWEEP, a_scope, adopted, forget_rows, listed, ours
from tests.people import person
from tests.world import World


class TestPolicies:
    def _with(self, world: World, **settings: object) -> None:
        world.ctx = world.another_worker(**settings)

    def test_an_orphan_may_be_adopted_for_an_hour(self, world: World) -> None:
        self._with(world, on_orphan=OnOrphan.ADOPT)
        a_scope(world)
        ours(world, Name="lost")
        world.advance(SWEEP + 10)
        assert world.word("lost") == "running"
        assert world.row("lost").by == "policy"
        assert listed(world) == []
        world.advance(3600, tick=120)
        assert world.at_cloud("lost") is Observed.STOPPED
        assert len(world.calls("terminate")) == 1  # of the first, by hand

    def test_one_that_cannot_be_adopted_is_not_tried_for_ever(self, world: World) -> None:
        self._with(world, on_orphan=OnOrphan.ADOPT)
        a_scope(world)
        world.cloud.fail_next("adopt", Forbidden("you may not tag"), times=100)
        machine = ours(world, Name="lost")
        world.advance(10 * SWEEP)
        assert [one.provider_id for one in listed(world)] == [machine]
        assert [row.name for row in queries.listing(world.ctx, everything=True).rows].count("lost") == 1

    def test_stopped_outside_is_started_again_until_its_deadline(self, world: World) -> None:
        self._with(world, on_outside_stop=OnOutsideStop.RESTART)
        world.create("web", seconds=300)
        world.advance(10)
        machine = str(world.row("web").provider_id)
        for _ in range(2):
            world.cloud.outside("stop", machine)
            world.advance(50)
            assert world.at_cloud("web") is Observed.RUNNING
            assert world.row("web").settled
        world.advance(240)
        assert world.at_cloud("web") is Observed.STOPPED
        world.cloud.outside("start", machine)
        world.advance(60)
        assert world.at_cloud("web") is Observed.STOPPED
        assert "stopped outside im, and it is started again" in {event.reason for event in world.story("web")}

    def test_started_outside_is_stopped_again(self, world: World) -> None:
        self._with(world, on_outside_start=OnOutsideStart.STOP)
        world.create("web", seconds=3600)
        world.advance(10)
        world.stop("web")
        world.advance(10)
        world.cloud.outside("start", str(world.row("web").provider_id))
        world.advance(50)
        assert world.at_cloud("web") is Observed.STOPPED
        assert world.row("web").desired is Desired.STOPPED
        assert len(world.calls("stop")) == 2


class TestTwoDeployments:
    """Two ims, two databases, one account: each sees, stops and ends its own machines and no others."""

    @pytest.fixture
    def other(self, world: World, migrated_url: str) -> Iterator[World]:
        engine = make_engine(migrated_url).execution_options(isolation_level="AUTOCOMMIT")
        with engine.connect() as connection:
            connection.execute(text("CREATE DATABASE im_other"))
        url = make_url(migrated_url).set(database="im_other").render_as_string(hide_password=False)
        migrate.upgrade(url)
        made = World(url)
        made.cloud = world.cloud
        made.provider = FakeProvider(world.cloud, made.deployment)
        yield made
        made.close()
        with engine.connect() as connection:
            connection.execute(text("DROP DATABASE im_other WITH (FORCE)"))
        engine.dispose()

    def _advance(self, one: World, two: World, seconds: float) -> None:
        """Both live through the same time; the cloud's clock is the first one's."""
        for _ in range(round(seconds * 2)):
            one.advance(0.5)
            two.advance(0.5)

    def test_they_never_touch_each_other(self, world: World, other: World) -> None:
        assert world.deployment != other.deployment
        world.create("web", count=2, seconds=3600)
        self._advance(world, other, 10)
        mine = set(world.machines())
        before = len(world.cloud.calls)
        other.create("web", count=2, seconds=60)
        self._advance(world, other, 80)
        theirs = set(world.machines()) - mine
        assert {other.at_cloud(f"web-{n}") for n in (1, 2)} == {Observed.STOPPED}
        assert {world.at_cloud(f"web-{n}") for n in (1, 2)} == {Observed.RUNNING}
        other.terminate("web-1", "web-2")
        self._advance(world, other, 150)
        assert set(world.machines()) == mine
        assert all(mine.isdisjoint(call.ids) for call in world.cloud.calls[before:])
        assert listed(world) == listed(other) == []
        assert theirs

    def test_neither_lists_adopts_or_ends_what_is_the_others(self, world: World, other: World) -> None:
        world.create("web", seconds=3600)
        other.create("web", seconds=3600)
        self._advance(world, other, 10)
        machine = str(world.row("web").provider_id)
        before = dict(world.cloud.visible(machine).tags)
        world.worker = world.beat = False  # its im is away: the machine is still its own
        forget_rows(world)
        self._advance(world, other, 140)
        assert listed(other) == []
        with pytest.raises(NoSuchInstance):
            adopt.terminate_orphans(other.ctx, [machine], actor=person("eve"))
        wish = adopt.AdoptRequest(
            "fake", "default", "fake-1", (machine,), "mine-now", Deadline(by=timedelta(seconds=60)), person("eve")
        )
        adopt.adopt(other.ctx, wish)
        self._advance(world, other, 90)
        assert world.cloud.visible(machine).tags == before
        assert world.cloud.state(world.cloud.visible(machine)) is Observed.RUNNING
        world.worker = world.beat = True
        self._advance(world, other, 140)
        assert [one.provider_id for one in listed(world)] == [machine]


def test_a_refused_wish_writes_nothing(world: World) -> None:
    a_scope(world)
    machine = ours(world)
    world.advance(SWEEP)
    world.create("taken")
    with pytest.raises(Refused, match="the name taken is taken"):
        adopted(world, machine, name="taken")
    assert [one.provider_id for one in listed(world)] == [machine]
