"""Adopting that does not go as it should, and machines that may not be taken in."""

from __future__ import annotations

from datetime import timedelta

import pytest

from im import failpoints
from im.db import scopes
from im.domain.adoption import Adopt
from im.domain.instance import Instance
from im.domain.intent import Deadline
from im.domain.lifecycle import Step
from im.domain.scope import Scope
from im.domain.state import Desired, Observed
from im.failpoints import Point
from im.providers.errors import Ambiguous, Throttled
from im.queue.tasks import Task
from im.services import queries
from im.services.requests import adopt
from im.settings import Settings
from tests.integration.requests.test_adopt import closed, tags, take_in
from tests.people import person
from tests.world import World

_ASKING = [Point.REQUEST_WRITTEN, Point.REQUEST_COMMITTED, Point.REQUEST_RUNG]


_ON_THE_WAY = [
    *_ASKING,
    *(Point.CLAIM_WRITTEN, Point.CLAIM_COMMITTED, Point.CALL_BEGUN, Point.CALL_ANSWERED),
    *(Point.APPLY_WRITTEN, Point.APPLY_COMMITTED),
]


class TestTrouble:
    def test_a_slow_cloud_delays_and_is_said(self, world: World) -> None:
        machine = world.cloud.foreign("fake-1a")
        world.cloud.fail_next("describe", Throttled("slow down"), times=3)
        take_in(world, machine)
        world.advance(1)
        assert closed(world).error_code == "throttled"
        assert closed(world).closed_at is None
        world.advance(30)
        assert world.word("old") == "running"

    @pytest.mark.parametrize("after", [False, True], ids=["lost-call", "lost-reply"])
    def test_a_tag_of_unknown_outcome_is_looked_for_and_set_again(self, world: World, after: bool) -> None:
        machine = world.cloud.foreign("fake-1a")
        world.cloud.fail_next("adopt", Ambiguous("no answer"), after=after)
        take_in(world, machine)
        world.advance(20)
        assert world.word("old") == "running"
        assert tags(world, machine)["im:deployment"] == world.deployment
        assert len(world.calls("adopt")) == 1

    def test_a_worker_that_dies_anywhere_leaves_it_to_the_next(self, world: World) -> None:
        for number, (verb, after) in enumerate([("describe", False), ("adopt", False), ("adopt", True)]):
            machine = world.cloud.foreign("fake-1a")
            take_in(world, machine, name=f"old-{number}")
            world.cloud.fail_next(verb, _Killed(), after=after)
            with pytest.raises(_Killed):
                world.deliver()
            world.advance(60)
            assert world.word(f"old-{number}") == "running"

    @pytest.mark.parametrize("point", _ON_THE_WAY)
    def test_killed_at_any_named_point_it_converges(
        self, world: World, monkeypatch: pytest.MonkeyPatch, point: Point
    ) -> None:
        machine = world.cloud.foreign("fake-1a")
        monkeypatch.setattr(failpoints, "armed", _KillOnce(point))
        if point in _ASKING:
            with pytest.raises(_Killed):
                take_in(world, machine)
        else:
            take_in(world, machine)
            with pytest.raises(_Killed):
                world.deliver()
        if point is Point.REQUEST_WRITTEN:  # nothing was committed, and nobody was told that it was
            assert queries.listing(world.ctx, everything=True).rows == ()
            return
        world.advance(60)
        assert world.word("old") == "running"
        assert world.row("old").settled
        assert len(world.calls("adopt")) == 1
        assert world.kinds("old").count("adopted") == 1

    def test_lost_messages_change_nothing(self, world: World) -> None:
        machine = world.cloud.foreign("fake-1a")
        take_in(world, machine)
        assert world.queue.rung[-1].task is Task.ADOPT
        world.lose_messages()
        world.advance(20)
        assert world.word("old") == "running"

    def test_a_tag_that_does_not_show_at_once_is_waited_for(self, world: World) -> None:
        machine = world.cloud.foreign("fake-1a")
        world.provider.adoption.take = lambda *_, **__: None  # accepted, and not to be seen yet
        take_in(world, machine)
        world.advance(1)
        assert world.word("old") == "adopting"
        del world.provider.adoption.take
        world.advance(10)
        assert world.word("old") == "running"

    def test_a_deployment_that_was_faster_keeps_it(self, world: World) -> None:
        machine = world.cloud.foreign("fake-1a")
        world.provider.adoption.take = lambda _, one, *__: tags(world, one.id).update({"im:deployment": "faster"})
        take_in(world, machine)
        world.advance(5)
        assert closed(world).error_code == "foreign"

    def test_a_deployment_that_takes_it_over_later_has_it(self, world: World) -> None:
        machine = world.cloud.foreign("fake-1a")
        take_in(world, machine, seconds=600)
        world.advance(120)
        tags(world, machine)["im:deployment"] = "another"
        world.advance(60)
        assert closed(world).closed_at is not None
        assert "another deployment of im has taken it over" in world.story("old")[-1].reason
        world.advance(900)
        assert world.cloud.state(world.cloud.visible(machine)) is Observed.RUNNING
        assert world.calls("stop") == []

    def test_an_old_answer_of_a_paused_worker_does_not_overwrite_a_newer_goal(self, world: World) -> None:
        machine = world.cloud.foreign("fake-1a")
        take_in(world, machine)
        honest = world.provider.adoption.take

        def slow(*args: object, **more: object) -> None:
            honest(*args, **more)
            world.provider.adoption.take = honest
            world.now += timedelta(seconds=30)  # the lease is over, and another worker does the same
            world.answer(Task.ADOPT, [closed(world).id])
            world.stop("old")

        world.provider.adoption.take = slow
        world.advance(60)
        assert world.row("old").desired is Desired.STOPPED
        assert world.at_cloud("old") is Observed.STOPPED
        assert world.row("old").settled


class _Killed(BaseException):
    """No error of a cloud: it tears through everything, as a killed worker would."""


class _KillOnce:
    """Armed failpoints that tear through the process's work instead of ending the process."""

    def __init__(self, point: Point) -> None:
        self._point: Point | None = point

    def at(self, point: Point, of: str) -> None:
        if point is self._point and of in (Step.ADOPT, Task.ADOPT):
            self._point = None
            raise _Killed


class TestWhoMayBeTakenIn:
    def refused(self, world: World, machine: str, **settings: object) -> Instance:
        world.ctx = world.another_worker(**settings)
        take_in(world, machine)
        world.advance(10)
        assert "im:deployment" not in tags(world, machine)
        assert world.calls("adopt") == []
        row = closed(world)
        assert row.closed_at is not None
        assert row.provider_id is None
        return row

    def test_nothing_that_im_did_not_make_unless_the_workers_are_told_so(self, world: World) -> None:
        assert Settings().adopt is Adopt.NO
        row = self.refused(world, world.cloud.foreign("fake-1a"), adopt=Adopt.NO)
        assert row.error_code == "adoption_off"
        assert "set IM_ADOPT=tagged where the workers run" in (row.error or "")

    def test_where_a_tag_is_the_rule_only_what_carries_it(self, world: World) -> None:
        row = self.refused(world, world.cloud.foreign("fake-1a", Name="bobs"), adopt=Adopt.TAGGED)
        assert "does not carry the tag im:adopt=yes" in (row.error or "")
        tagged = world.cloud.foreign("fake-1a", **{"im:adopt": "yes"})
        take_in(world, tagged, name="new")
        world.advance(10)
        assert world.row("new").settled

    def test_a_machine_of_ours_needs_no_leave(self, world: World) -> None:
        world.ctx = world.another_worker(adopt=Adopt.NO)
        machine = world.cloud.foreign("fake-1a", **{"im:deployment": world.deployment})
        take_in(world, machine)
        world.advance(10)
        assert world.row("old").settled

    def test_a_row_that_was_written_past_the_command_is_refused_too(self, world: World) -> None:
        world.worker = False
        machine = world.cloud.foreign("fake-1a")
        take_in(world, machine)
        world.tamper("old", desired="terminated")
        world.ctx, world.worker = world.another_worker(adopt=Adopt.NO), True
        world.advance(60)
        assert world.cloud.state(world.cloud.visible(machine)) is Observed.RUNNING
        assert world.calls("terminate") == []

    def test_one_that_somebody_else_controls_is_refused_by_name(self, world: World) -> None:
        row = self.refused(world, machine := world.cloud.foreign("fake-1a", **{"fake:controller": "web"}))
        assert row.error_code == "controlled"
        told = f"{machine} belongs to the group web, which replaces what is stopped. Set its size; im adopt {machine} -d 4h --force"
        assert (row.error or "").startswith(told)

    def test_who_knows_says_force(self, world: World) -> None:
        machine = world.cloud.foreign("fake-1a", **{"fake:controller": "web"})
        deadline = Deadline(by=timedelta(hours=1))
        adopt.adopt(
            world.ctx,
            adopt.AdoptRequest("fake", "default", "fake-1", (machine,), "old", deadline, person("ada"), force=True),
        )
        world.advance(10)
        assert world.row("old").settled

    def test_an_orphan_that_a_group_replaces_is_not_ended_in_vain(self, world: World) -> None:
        marks = {"im:deployment": world.deployment, "fake:controller": "web"}
        with world.ctx.begin() as connection:
            scopes.ensure(connection, Scope("fake", "default", "fake-1"))
        machine = world.cloud.foreign("fake-1a", **marks)
        world.advance(125)
        adopt.terminate_orphans(world.ctx, [machine], actor=person("ada"))
        world.advance(10)
        assert world.calls("terminate") == []
        world.advance(250)
        adopt.terminate_orphans(world.ctx, [machine], actor=person("ada"), force=True)
        world.advance(10)
        assert world.calls("terminate") == [(machine,)]
