"""The faults that the cloud in memory can be told to have; what it does when all is well is in the contract."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from im.domain.errors import Refused
from im.domain.scope import Scope
from im.domain.state import Observed
from im.providers import registry
from im.providers.contract import Filter, merge_pages
from im.providers.errors import Ambiguous, NoCapacity, NotFound, Rejected, Throttled, Unsupported, WrongState
from im.providers.fake.provider import PROFILE, FakeCloud, FakeProvider
from im.providers.request import Ask
from im.settings import Settings
from tests.machines import machines
from tests.providers.clouds import DEPLOYMENT, REGION, FakeRoom, public_key


def test_transitions_take_their_time(fake: FakeRoom) -> None:
    (one,) = fake.provider.launch(fake.scope, fake.spec, token="t", slots=fake.slots())
    assert one.state is Observed.PENDING
    fake.clock.step(seconds=19)
    assert fake.states([one.provider_id]) == {one.provider_id: Observed.PENDING}
    fake.clock.step(seconds=1)
    assert fake.states([one.provider_id]) == {one.provider_id: Observed.RUNNING}


def test_a_machine_in_transition_refuses_the_opposite(fake: FakeRoom) -> None:
    (one,) = fake.running()
    fake.provider.stop(fake.scope, machines([one]))
    assert isinstance(fake.provider.start(fake.scope, machines([one])).failed[one], WrongState)
    fake.settle()
    assert one in fake.provider.start(fake.scope, machines([one])).done
    assert isinstance(fake.provider.stop(fake.scope, machines([one])).failed[one], WrongState)


def test_what_is_terminated_stays_so_and_is_forgotten_after_an_hour(fake: FakeRoom) -> None:
    (one,) = fake.running()
    fake.outside("terminate", one)
    assert isinstance(fake.provider.start(fake.scope, machines([one])).failed[one], WrongState)
    fake.clock.step(hours=1, seconds=1)
    assert fake.states([one]) == {}
    assert isinstance(fake.provider.terminate(fake.scope, machines([one])).failed[one], NotFound)


def test_the_same_token_makes_no_second_machine_in_its_zone(fake: FakeRoom) -> None:
    (first,) = fake.launch(token="tok")
    (again,) = fake.launch(token="tok")
    assert again.provider_id == first.provider_id
    fake.spec = replace(fake.spec, zone=f"{REGION}b")
    (other,) = fake.launch(token="tok")
    assert other.provider_id != first.provider_id, "tokens are zonal, as at EC2"


def test_a_token_whose_machines_are_gone_makes_no_new_ones(fake: FakeRoom) -> None:
    (one,) = fake.launch(token="tok")
    fake.cloud.vanish(one.provider_id)
    with pytest.raises(Rejected, match="gone"):
        fake.launch(token="tok")


def test_without_idempotency_it_makes_two(fake: FakeRoom) -> None:
    fake.cloud.idempotent = False
    assert fake.launch(token="tok")[0].provider_id != fake.launch(token="tok")[0].provider_id


def test_a_fault_before_the_effect_and_one_after(fake: FakeRoom) -> None:
    fake.cloud.fail_next("launch", Throttled("slow down"))
    fake.cloud.fail_next("launch", Ambiguous("reply lost"), after=True)
    with pytest.raises(Throttled):
        fake.launch(token="tok")
    assert merge_pages(fake.provider.list(fake.scope, Filter(token="tok"))).sightings == ()
    with pytest.raises(Ambiguous):
        fake.launch(token="tok")
    assert len(merge_pages(fake.provider.list(fake.scope, Filter(token="tok"))).sightings) == 1
    assert [call.verb for call in fake.cloud.calls] == ["launch"]


def test_a_lost_reply_of_a_stop_fails_every_id_though_all_stop(fake: FakeRoom) -> None:
    ids = fake.running(2)
    fake.cloud.fail_next("stop", Ambiguous("reply lost"), after=True)
    result = fake.provider.stop(fake.scope, machines(ids))
    assert {type(error) for error in result.failed.values()} == {Ambiguous}
    fake.settle()
    assert set(fake.states(ids).values()) == {Observed.STOPPED}


def test_a_cursed_machine_fails_alone(fake: FakeRoom) -> None:
    good, bad = fake.running(2)
    fake.cloud.cursed[bad] = Unsupported("one-time spot cannot stop")
    result = fake.provider.stop(fake.scope, machines([good, bad]))
    assert set(result.done) == {good}
    assert isinstance(result.failed[bad], Unsupported)


def test_a_full_zone_gives_nothing_until_something_leaves(fake: FakeRoom) -> None:
    fake.cloud.capacity[fake.spec.zone] = 1
    (one,) = fake.running()
    with pytest.raises(NoCapacity):
        fake.launch()
    fake.outside("terminate", one)
    assert fake.launch()


def test_a_newborn_is_unknown_for_a_while(fake: FakeRoom) -> None:
    fake.cloud.visible_after = timedelta(seconds=30)
    (one,) = fake.provider.launch(fake.scope, fake.spec, token="tok", slots=fake.slots())
    assert merge_pages(fake.provider.list(fake.scope, Filter(token="tok"))).sightings == ()
    assert isinstance(fake.provider.stop(fake.scope, machines([one.provider_id])).failed[one.provider_id], NotFound)
    fake.clock.step(seconds=30)
    assert len(merge_pages(fake.provider.list(fake.scope, Filter(token="tok"))).sightings) == 1


def test_half_a_listing_says_so_once(fake: FakeRoom) -> None:
    fake.running(3)
    fake.cloud.cut_next_listing(keep=1)
    half = merge_pages(fake.provider.list(fake.scope))
    assert (half.complete, len(half.sightings)) == (False, 1)
    full = merge_pages(fake.provider.list(fake.scope))
    assert (full.complete, len(full.sightings)) == (True, 3)


def test_a_machine_may_vanish(fake: FakeRoom) -> None:
    gone, here = fake.running(2)
    fake.cloud.vanish(gone)
    assert set(fake.states([gone, here])) == {here}


def test_every_mutating_call_is_logged_with_its_time(fake: FakeRoom) -> None:
    ids = fake.running(2)
    merge_pages(fake.provider.list(fake.scope))
    at = fake.clock()
    fake.provider.stop(fake.scope, machines(ids))
    assert [call.verb for call in fake.cloud.calls] == ["launch", "stop"]
    assert (fake.cloud.calls[1].at, fake.cloud.calls[1].ids) == (at, tuple(ids))


def test_regions_do_not_see_each_other(fake: FakeRoom) -> None:
    (one,) = fake.running()
    elsewhere = Scope("fake", "default", "eu-west-1")
    assert merge_pages(fake.provider.list(elsewhere)).sightings == ()
    assert fake.provider.describe(elsewhere, machines([one])) == {}


def test_the_profile_fills_in_and_refuses() -> None:
    scope, spec = PROFILE.plan(Ask(public_key=public_key()), account="default", default_region=None)
    assert (scope, spec.zone) == (Scope("fake", "default", "fake-1"), "fake-1a")
    with pytest.raises(Refused, match="'nowhere' is not a zone"):
        PROFILE.plan(Ask(zone="nowhere"), account="default", default_region=None)


def test_providers_of_one_process_share_a_cloud() -> None:
    scope, spec = PROFILE.plan(Ask(zone="shared-9a"), account="default", default_region=None)
    one, other = (registry.connect("fake", Settings(), DEPLOYMENT) for _ in range(2))
    assert isinstance(one, FakeProvider)
    (made,) = one.launch(scope, spec, token="t", slots=FakeRoom().slots())
    assert set(other.describe(scope, machines([made.provider_id]))) == {made.provider_id}
    assert FakeProvider(FakeCloud(), DEPLOYMENT).describe(scope, machines([made.provider_id])) == {}
