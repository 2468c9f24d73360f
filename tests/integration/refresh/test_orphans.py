"""Machines that carry our tag and have no row: matched to their slot, listed, adopted or ended by people; never in silence."""

from __future__ import annotations

from datetime import timedelta

import pytest

from im.domain.errors import NoSuchInstance
from im.domain.state import Desired, Observed
from im.providers.contract import Snapshot
from im.providers.errors import Ambiguous, Forbidden, Throttled, Unavailable
from im.services import queries
from im.services.requests import adopt
from tests.integration.refresh.lost import SWEEP, a_scope, adopted, forget_rows, listed, ours
from tests.people import person
from tests.world import World


class TestListed:
    def test_it_is_listed_within_five_minutes_and_never_touched(self, world: World) -> None:
        a_scope(world)
        machine = ours(world, Name="lost", team="ml")
        world.advance(300)
        (orphan,) = listed(world)
        assert orphan.provider_id == machine
        assert orphan.because == "it carries our tag, and no launch of ours made it"
        assert (orphan.seen.state, orphan.seen.instance_type) == (Observed.RUNNING, "small")
        assert orphan.seen.tags["team"] == "ml"
        world.advance(3600, tick=300)
        assert all(machine not in call.ids for call in world.cloud.calls)
        assert world.cloud.state(world.cloud.visible(machine)) is Observed.RUNNING

    def test_a_scope_with_nothing_alive_in_it_is_looked_through_too(self, world: World) -> None:
        a_scope(world)
        assert queries.listing(world.ctx).rows == ()
        machine = ours(world)
        world.advance(SWEEP)
        assert [one.provider_id for one in listed(world)] == [machine]

    def test_since_when_and_until_when_it_was_seen(self, world: World) -> None:
        a_scope(world)
        ours(world)
        world.advance(SWEEP)
        first = listed(world)[0]
        world.advance(600)
        later = listed(world)[0]
        assert later.first_seen_at == first.first_seen_at
        assert world.now - later.last_seen_at <= timedelta(seconds=SWEEP)

    def test_one_that_is_gone_is_closed(self, world: World) -> None:
        a_scope(world)
        ended, vanished = ours(world), ours(world)
        world.advance(SWEEP)
        assert len(listed(world)) == 2
        world.cloud.outside("terminate", ended)
        world.cloud.vanish(vanished)
        world.advance(SWEEP)
        assert listed(world) == []

    def test_half_a_listing_closes_nothing(self, world: World) -> None:
        a_scope(world)
        machine = ours(world)
        world.advance(SWEEP)
        world.provider.list = lambda *_: iter([Snapshot(False, (), None)])
        world.advance(SWEEP)
        assert [one.provider_id for one in listed(world)] == [machine]

    def test_a_scope_that_cannot_be_listed_keeps_what_was_known(self, world: World) -> None:
        a_scope(world)
        ours(world)
        world.advance(SWEEP)
        world.cloud.fail_next("listing", Unavailable("down"), times=2)
        world.advance(2 * SWEEP)
        assert len(listed(world)) == 1

    def test_the_credentials_of_another_account_say_nothing_about_this_one(self, world: World) -> None:
        a_scope(world)
        ours(world)
        world.advance(SWEEP)
        world.provider.identity = lambda *_, **__: "another-account"
        world.provider.list = lambda *_: iter([Snapshot(True, (), None)])
        world.advance(SWEEP)
        assert len(listed(world)) == 1

    def test_rows_are_no_orphans_in_whatever_state(self, world: World) -> None:
        world.create("web", count=3)
        world.advance(10)
        world.stop("web-2")
        world.terminate("web-3")
        world.advance(2 * SWEEP)
        assert listed(world) == []

    def test_a_machine_whose_end_a_listing_does_not_know_yet_is_none(self, world: World) -> None:
        """EC2's listings lag: a row closed a moment ago may still be shown running."""
        world.create("web")
        world.advance(100)
        machine = world.row("web").provider_id
        assert machine is not None
        shown = world.cloud.sight(world.cloud.visible(machine))
        world.terminate("web")
        world.advance(15)
        world.provider.list = lambda *_: iter([Snapshot(True, (shown,), None)])
        world.advance(30)
        assert queries.resolve(world.ctx, ["web"]).rows[0].closed_at is not None
        assert listed(world) == []

    def test_a_closed_machine_that_is_there_again_is_one(self, world: World) -> None:
        world.create("web")
        world.advance(100)
        machine = world.row("web").provider_id
        assert machine is not None
        hidden = world.cloud._machines.pop(machine)
        world.advance(60)
        assert world.word("web") == "vanished"
        world.cloud._machines[machine] = hidden
        world.advance(2 * SWEEP)
        (orphan,) = listed(world)
        assert orphan.because == "web was closed, and its machine is there again"
        adopted(world, machine, name="again", seconds=60)
        world.advance(10)
        assert world.word("again") == "running"
        assert len(queries.listing(world.ctx, everything=True).rows) == 2
        world.advance(80)
        assert world.at_cloud("again") is Observed.STOPPED

    def test_the_database_of_yesterday_lists_what_was_made_since(self, world: World) -> None:
        world.create("web", count=2)
        world.advance(20)
        machines = world.machines()
        a_scope(world)
        forget_rows(world)
        world.advance(SWEEP)
        assert [one.provider_id for one in listed(world)] == machines
        assert {one.because for one in listed(world)} == {"this database remembers no such launch"}
        adopted(world, *machines, seconds=60)
        assert {row.name for row in queries.listing(world.ctx).rows} == {"web-1", "web-2"}  # as their tags say
        world.advance(80)
        assert [world.at_cloud(f"web-{n}") for n in (1, 2)] == [Observed.STOPPED, Observed.STOPPED]


class TestMatched:
    """A launch's machine that shows itself after all goes to the slot that waited for it."""

    def _late(self, world: World, count: int = 1) -> list[str]:
        """Launched, unanswered, not to be seen for so long that the launch was judged to have made nothing."""
        world.cloud.visible_after = timedelta(seconds=400)
        world.cloud.fail_next("launch", Ambiguous("no answer"), after=True)
        world.cloud.fail_next("find", Throttled("slow down"), times=2)
        world.create("web", seconds=3, count=count)
        world.advance(390)
        assert {(row.provider_id, row.settled) for row in queries.listing(world.ctx).rows} == {(None, True)}
        return list(world.cloud._machines)

    def test_it_is_found_and_stopped_past_its_deadline(self, world: World) -> None:
        (machine,) = self._late(world)
        world.advance(SWEEP + 60)
        assert world.row("web").provider_id == machine
        assert world.at_cloud("web") is Observed.STOPPED
        assert "found" in world.kinds("web")
        assert {call.verb for call in world.cloud.calls} == {"launch", "stop"}  # looking changes nothing
        assert listed(world) == []

    def test_each_slot_gets_one_machine_and_no_more(self, world: World) -> None:
        machines = self._late(world, count=3)
        extra = ours(world, **{"im:launch": world.cloud._machines[machines[0]].tags["im:launch"]})
        world.cloud._machines[extra].launch_index = 3
        world.cloud.visible_after = timedelta(0)
        world.advance(SWEEP + 60)
        assert [world.row(f"web-{n}").provider_id for n in (1, 2, 3)] == machines
        (orphan,) = listed(world)
        assert orphan.provider_id == extra
        assert orphan.because == "its launch has all its machines, or nobody waits for this one any more"

    def test_a_slot_that_waits_for_a_newer_launch_is_left_to_that(self, world: World) -> None:
        (machine,) = self._late(world)
        world.cloud.visible_after = timedelta(seconds=800)
        world.cloud.capacity["fake-1a"] = 9
        world.cloud.fail_next("launch", Throttled("slow down"), times=30)
        world.start("web", seconds=3000)
        world.cloud.visible_after = timedelta(0)
        world.advance(SWEEP)
        assert [one.provider_id for one in listed(world)] == [machine]
        world.advance(1500, tick=30)
        assert world.row("web").provider_id not in (None, machine)
        assert [one.provider_id for one in listed(world)] == [machine]

    def test_one_that_nobody_waits_for_any_more_is_listed_not_ended(self, world: World) -> None:
        (machine,) = self._late(world)
        world.terminate("web")
        world.advance(SWEEP + 60)
        assert [one.provider_id for one in listed(world)] == [machine]
        assert world.calls("terminate") == []

    def test_a_launch_under_way_finds_its_own(self, world: World) -> None:
        world.cloud.fail_next("launch", Ambiguous("no answer"), after=True)
        world.cloud.fail_next("find", Throttled("slow down"), times=4)
        world.create("web", seconds=600)
        world.advance(20)
        for _ in range(3):
            world.advance(10)
            assert listed(world) == []
        world.advance(120)
        assert world.word("web") == "running"
        assert "found" not in world.kinds("web")
        assert listed(world) == []


class TestDecided:
    def test_an_adopted_orphan_is_an_ordinary_row(self, world: World) -> None:
        a_scope(world)
        machine = ours(world, "fake-1b", Name="Lost Box", team="ml")
        world.advance(SWEEP)
        (row,) = adopted(world, machine, name="found", seconds=60)
        assert listed(world) == []
        world.advance(5)
        assert world.row("found").settled
        assert world.cloud.visible(machine).tags["im:instance"] == row.id
        assert world.cloud.visible(machine).tags["Name"] == "Lost Box"
        world.advance(70)
        assert world.at_cloud("found") is Observed.STOPPED
        world.extend("found", seconds=60)
        world.advance(10)
        assert world.at_cloud("found") is Observed.RUNNING
        assert listed(world) == []

    def test_without_a_name_it_keeps_its_tag_if_that_is_one_and_free(self, world: World) -> None:
        a_scope(world)
        world.create("taken")
        named, odd, double = ours(world, Name="lost"), ours(world, Name="Lost Box!"), ours(world, Name="taken")
        world.advance(SWEEP)
        rows = adopted(world, named, odd, double)
        assert rows[0].name == "lost"
        assert {row.name for row in rows[1:]}.isdisjoint({"Lost Box!", "taken"})

    def test_a_terminated_orphan_is_taken_in_and_ended(self, world: World) -> None:
        a_scope(world)
        machine, other = ours(world), ours(world)
        world.advance(SWEEP)
        (change,) = adopt.terminate_orphans(world.ctx, [machine], actor=person("ada")).changes
        assert change.after.desired is Desired.TERMINATED
        world.advance(20)
        assert world.calls("terminate")[-1] == (machine,)
        assert queries.by_ids(world.ctx, [change.after.id]).rows[0].observed is Observed.TERMINATED
        assert [one.provider_id for one in listed(world)] == [other]

    def test_what_became_anothers_meanwhile_is_neither_taken_nor_ended(self, world: World) -> None:
        a_scope(world)
        machine = ours(world)
        world.advance(SWEEP)
        world.cloud.visible(machine).tags["im:deployment"] = "another"
        adopt.terminate_orphans(world.ctx, [machine], actor=person("ada"))
        world.advance(SWEEP)
        assert world.cloud.state(world.cloud.visible(machine)) is Observed.RUNNING
        assert all(machine not in call.ids for call in world.cloud.calls)

    def test_only_what_is_listed_can_be_decided(self, world: World) -> None:
        a_scope(world)
        machine = ours(world)
        world.advance(SWEEP)
        adopted(world, machine)
        for decide in (
            lambda: adopted(world, machine),
            lambda: adopt.terminate_orphans(world.ctx, ["fake-999999"], actor=person("ada")),
        ):
            with pytest.raises(NoSuchInstance, match="there is no orphan"):
                decide()

    def test_all_or_nothing(self, world: World) -> None:
        a_scope(world)
        machine = ours(world)
        world.advance(SWEEP)
        with pytest.raises(NoSuchInstance):
            adopted(world, machine, "fake-999999")
        assert [one.provider_id for one in listed(world)] == [machine]
        assert queries.listing(world.ctx).rows == ()

    def test_the_cloud_refuses_and_it_is_listed_again(self, world: World) -> None:
        a_scope(world)
        machine = ours(world)
        world.advance(SWEEP)
        world.cloud.fail_next("adopt", Forbidden("you may not tag"))
        adopted(world, machine, name="lost")
        world.advance(5)
        assert queries.listing(world.ctx).rows == ()
        world.advance(SWEEP)
        assert [one.provider_id for one in listed(world)] == [machine]
