"""`im adopt`: a machine that somebody else made and forgot is taken in, stopped in time, and never ended unasked."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import text

from im.domain.config.account import Account
from im.domain.errors import Refused
from im.domain.explain.phase import phase
from im.domain.instance import Instance
from im.domain.intent import Deadline
from im.domain.lifecycle import Ending, ending
from im.domain.state import Observed, OnExpiry
from im.providers.errors import Ambiguous, Forbidden, Throttled
from im.services import queries
from im.services.requests import adopt
from tests.people import person
from tests.world import World

ABSENT = "fake-999999"


def take_in(world: World, *machines: str, name: str | None = "old", seconds: float = 3600) -> list[Instance]:
    deadline = Deadline(by=timedelta(seconds=seconds))
    wish = adopt.AdoptRequest("fake", "default", "fake-1", machines, name, deadline, person("ada"))
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
        other = adopt.AdoptRequest(
            "fake", "prod", "fake-1", (machine,), "two", Deadline(by=timedelta(hours=1)), person("eve")
        )
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
