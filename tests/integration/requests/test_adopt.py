"""`im adopt`: a machine that somebody else made and forgot is taken in, stopped in time, and never ended unasked."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import text

from im import failpoints
from im.db import scopes
from im.domain.adoption import Adopt
from im.domain.config.account import Account
from im.domain.errors import Refused
from im.domain.explain.phase import phase
from im.domain.instance import Instance
from im.domain.intent import Deadline
from im.domain.lifecycle import Ending, Step, ending
from im.domain.scope import Scope
from im.domain.state import Desired, Observed, OnExpiry
from im.failpoints import Point
from im.providers.errors import Ambiguous, Forbidden, Throttled
from im.queue.tasks import Task
from im.services import queries
from im.services.requests import adopt
from im.settings import Settings
from tests.people import person
from tests.world import World

ABSENT = "fake-999999"
_ASKING = [Point.REQUEST_WRITTEN, Point.REQUEST_COMMITTED, Point.REQUEST_RUNG]
_ON_THE_WAY = [
    *_ASKING,
    *(Point.CLAIM_WRITTEN, Point.CLAIM_COMMITTED, Point.CALL_BEGUN, Point.CALL_ANSWERED),
    *(Point.APPLY_WRITTEN, Point.APPLY_COMMITTED),
]


def take_in(world: World, *machines: str, name: str | None = "old", seconds: float = 3600) -> list[Instance]:
    deadline = Deadline(by=timedelta(seconds=seconds))
    wish = adopt.Wish("fake", "default", "fake-1", machines, name, deadline, person("ada"))
    return [change.after for change in adopt.adopt(world.ctx, wish).changes]


def closed(world: World, name: str = "old") -> Instance:
    (row,) = (r for r in queries.listing(world.ctx, everything=True).rows if r.name == name)
    return row


def tags(world: World, machine: str) -> dict[str, str]:
    return world.cloud.visible(machine).tags


class TestTakenIn:
    def test_it_is_tagged_watched_and_stopped_at_its_deadline(self, world: World) -> None:
        machine = world.cloud.foreign("fake-1b", Name="bobs-old-box", team="ml")
        world.advance(100)
        (row,) = take_in(world, machine, seconds=60)
        assert world.word("old") == "adopting"
        world.advance(5)
        assert world.row("old").settled
        assert world.word("old") == "running"
        assert tags(world, machine) == {
            "Name": "bobs-old-box",
            "team": "ml",
            "im:deployment": world.deployment,
            "im:instance": row.id,
            "im:owner": "ada",
        }
        world.advance(65)
        assert world.at_cloud("old") is Observed.STOPPED
        assert world.word("old") == "stopped (ttl)"
        assert world.calls("terminate") == []
        assert world.kinds("old")[:3] == ["adopt requested", "adopt sent", "adopted"]

    def test_its_row_says_what_the_cloud_said_and_no_more(self, world: World) -> None:
        machine = world.cloud.foreign("fake-1b")
        take_in(world, machine)
        world.advance(5)
        row = world.row("old")
        assert (row.spec.instance_type, row.spec.zone, row.zone) == ("small", "fake-1b", "fake-1b")
        assert (row.spec.public_key, row.spec.ssh_user) == ("", "")
        assert row.public_ip is not None
        assert row.launched_at == world.cloud.visible(machine).born
        assert (row.on_expiry, row.launch_token) == (OnExpiry.STOP, None)

    def test_one_that_is_stopped_is_taken_in_as_it_is_and_wakes_when_extended(self, world: World) -> None:
        machine = world.cloud.foreign("fake-1a")
        world.advance(5)
        world.cloud.outside("stop", machine)
        world.advance(5)
        (row,) = take_in(world, machine)
        world.advance(30)
        assert world.word("old") == "stopped"
        assert ending(world.row("old"), row.generation) is Ending.SETTLED
        assert world.calls("start") == []
        world.extend("old", seconds=60)
        world.advance(10)
        assert world.at_cloud("old") is Observed.RUNNING

    def test_one_that_is_extended_before_it_was_looked_at_wakes(self, world: World) -> None:
        machine = world.cloud.foreign("fake-1a")
        world.advance(5)
        world.cloud.outside("stop", machine)
        world.worker = False
        take_in(world, machine)
        world.extend("old", seconds=60)
        world.worker = True
        world.advance(15)
        assert world.at_cloud("old") is Observed.RUNNING
        assert world.calls("launch") == []

    def test_a_deadline_that_passed_before_any_worker_came_is_kept_all_the_same(self, world: World) -> None:
        machine = world.cloud.foreign("fake-1a")
        world.worker = False
        take_in(world, machine, seconds=20)
        world.advance(60)
        assert world.cloud.state(world.cloud.visible(machine)) is Observed.RUNNING
        world.worker = True
        world.advance(40)
        assert world.at_cloud("old") is Observed.STOPPED
        assert tags(world, machine)["im:deployment"] == world.deployment

    def test_it_ends_when_somebody_asks_for_that_and_not_before(self, world: World) -> None:
        machine = world.cloud.foreign("fake-1a")
        take_in(world, machine, seconds=20)
        world.advance(200)
        assert world.calls("terminate") == []
        world.terminate("old")
        world.advance(20)
        assert world.calls("terminate") == [(machine,)]

    def test_an_end_asked_for_at_once_comes_after_it_was_looked_at(self, world: World) -> None:
        machine = world.cloud.foreign("fake-1a")
        world.worker = False
        take_in(world, machine)
        world.terminate("old")
        assert closed(world).closed_at is None
        world.worker = True
        world.advance(20)
        assert [call.verb for call in world.cloud.calls if machine in call.ids] == ["adopt", "terminate"]
        assert closed(world).observed is Observed.TERMINATED

    def test_several_at_once_are_numbered(self, world: World) -> None:
        machines = [world.cloud.foreign("fake-1a") for _ in range(3)]
        take_in(world, *machines, name="old")
        world.advance(5)
        assert [world.row(f"old-{n}").provider_id for n in (1, 2, 3)] == machines
        assert all(world.row(f"old-{n}").settled for n in (1, 2, 3))

    def test_an_orphan_of_ours_can_be_named_too(self, world: World) -> None:
        world.create("web")
        world.advance(10)
        machine = world.row("web").provider_id
        assert machine is not None
        with world.ctx.begin() as connection:
            connection.execute(text("TRUNCATE instances, launches CASCADE"))
        take_in(world, machine)
        world.advance(5)
        assert world.row("old").settled
        assert tags(world, machine)["im:instance"] == world.row("old").id


class TestRefused:
    def test_what_the_cloud_does_not_know_is_said_and_its_row_is_closed(self, world: World) -> None:
        (row,) = take_in(world, ABSENT)
        world.advance(5)
        after = closed(world)
        assert ending(after, row.generation) is Ending.FAILED
        assert after.error_code == "not_found"
        assert after.error == f"there is no machine {ABSENT} in fake-1 of account default"
        assert phase(after, world.now).word == "not adopted"
        assert after.closed_at is not None
        assert world.cloud.calls == []
        assert world.kinds("old") == ["adopt requested", "adopt sent", "not adopted"]

    def test_what_has_another_deployments_tag_is_never_touched(self, world: World) -> None:
        theirs = world.cloud.foreign("fake-1a", **{"im:deployment": "somebody-else"})
        before = dict(tags(world, theirs))
        take_in(world, theirs, seconds=20)
        world.terminate("old")
        world.advance(120)
        assert closed(world).error_code == "foreign"
        assert tags(world, theirs) == before
        assert all(theirs not in call.ids for call in world.cloud.calls)
        assert world.cloud.state(world.cloud.visible(theirs)) is Observed.RUNNING

    def test_what_is_already_ended_cannot_be_taken_in(self, world: World) -> None:
        machine = world.cloud.foreign("fake-1a")
        world.cloud.outside("terminate", machine)
        take_in(world, machine)
        world.advance(5)
        assert closed(world).error_code == "not_found"
        assert world.cloud.calls == []

    def test_what_a_row_has_is_refused_at_once_by_its_name(self, world: World) -> None:
        world.create("web")
        world.advance(10)
        machine = world.row("web").provider_id
        assert machine is not None
        with pytest.raises(Refused, match=f"{machine} is already managed as web") as caught:
            take_in(world, machine)
        assert caught.value.hint == "im extend web -d 4h  moves its deadline"
        assert [row.name for row in queries.listing(world.ctx, everything=True).rows] == ["web"]

    def test_the_same_machine_twice_is_taken_in_once(self, world: World) -> None:
        machine = world.cloud.foreign("fake-1a")
        take_in(world, machine, name="one")
        with pytest.raises(Refused, match="already managed as one"):
            take_in(world, machine, name="two")

    def test_one_account_under_two_names_of_ours_is_still_one_account(self, world: World) -> None:
        machine = world.cloud.foreign("fake-1a")
        world.provider.identity = lambda *_, **__: "the-one-account"
        take_in(world, machine)
        world.advance(5)
        other = adopt.Wish("fake", "prod", "fake-1", (machine,), "two", Deadline(by=timedelta(hours=1)), person("eve"))
        ctx = world.another_worker(accounts=(Account("prod", "fake"),))
        adopt.adopt(ctx, other)  # nobody has asked the cloud yet whose credentials `prod` are
        world.advance(5)
        assert closed(world, "two").error_code == "taken"
        assert closed(world, "two").error == f"{machine} is already managed as old"
        assert tags(world, machine)["im:instance"] == world.row("old").id

    def test_a_name_that_is_taken_is_refused_and_nothing_is_written(self, world: World) -> None:
        world.create("old")
        machine = world.cloud.foreign("fake-1a")
        with pytest.raises(Refused, match="the name old is taken"):
            take_in(world, machine)
        assert len(queries.listing(world.ctx, everything=True).rows) == 1

    def test_a_machine_that_is_just_being_launched_stays_with_its_launch(self, world: World) -> None:
        world.cloud.fail_next("launch", Ambiguous("no answer"), after=True)
        world.cloud.fail_next("find", Throttled("slow down"), times=2)
        world.create("web")
        world.advance(1)
        (machine,) = world.machines()
        take_in(world, machine)
        world.advance(1)
        assert closed(world).error_code == "taken"
        world.advance(180)
        assert world.row("web").provider_id == machine
        assert world.word("web") == "running"
        assert len(world.machines()) == 1

    def test_a_refusal_frees_the_machine_and_the_name_for_another_try(self, world: World) -> None:
        machine = world.cloud.foreign("fake-1a")
        world.cloud.fail_next("adopt", Forbidden("you may not tag"))
        take_in(world, machine)
        world.advance(5)
        assert closed(world).error_code == "forbidden"
        take_in(world, machine)
        world.advance(5)
        assert world.word("old") == "running"

    def test_nothing_of_a_refused_one_is_ever_launched_or_started(self, world: World) -> None:
        take_in(world, ABSENT)
        world.advance(5)
        for verb in (lambda: world.start("old", seconds=60), lambda: world.extend("old", seconds=60)):
            with pytest.raises(Refused, match="is gone and cannot be"):
                verb()
        world.advance(30)
        assert world.cloud.calls == []


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
            world.ctx, adopt.Wish("fake", "default", "fake-1", (machine,), "old", deadline, person("ada"), force=True)
        )
        world.advance(10)
        assert world.row("old").settled

    def test_an_orphan_that_a_group_replaces_is_not_ended_in_vain(self, world: World) -> None:
        marks = {"im:deployment": world.deployment, "fake:controller": "web"}
        with world.ctx.begin() as connection:
            scopes.ensure(connection, Scope("fake", "default", "fake-1"))
        machine = world.cloud.foreign("fake-1a", **marks)
        world.advance(125, step=1)
        adopt.terminate_orphans(world.ctx, [machine], actor=person("ada"))
        world.advance(10)
        assert world.calls("terminate") == []
        world.advance(250, step=1)
        adopt.terminate_orphans(world.ctx, [machine], actor=person("ada"), force=True)
        world.advance(10)
        assert world.calls("terminate") == [(machine,)]
