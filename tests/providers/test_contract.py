"""Every sentence of the contract that every cloud can show, told once and held against each."""

from __future__ import annotations

from datetime import UTC

import pytest

from im.domain.state import ALIVE, Observed
from im.providers.contract import Filter, Slot, merge_pages
from im.providers.errors import NotFound
from im.providers.machine import Machine
from tests.machines import by_machine, machines
from tests.providers.clouds import ABSENT, DEPLOYMENT, LABELLING, STOPPING, STRANGER, Room

pytestmark = pytest.mark.sampled(every=4)
stops, labels = (pytest.mark.parametrize("room", some, indirect=True) for some in (STOPPING, LABELLING))
SEVERAL_ZONES = ["fake", "standin", "azure", "crusoe", "digitalocean", "gcp", "hetzner", "lambda", "nebius", "runpod"]
"""In a cluster the scheduler chooses: any zone is one place."""


def ended(room: Room, ids: list[str], end: Observed) -> bool:
    """Are they all in that state, or, where the end leaves nothing to be seen, gone?"""
    states = room.states(ids)
    return states == ({} if end is Observed.TERMINATED and room.forgets_what_is_gone else dict.fromkeys(ids, end))


def test_launch_makes_as_many_machines_as_slots_in_order(room: Room) -> None:
    made = room.launch(3)
    assert [one.launch_index for one in made] == [0, 1, 2]
    assert len({one.provider_id for one in made}) == 3
    assert {one.state for one in made} <= ALIVE


def test_a_launched_machine_is_seen_in_full(room: Room) -> None:
    (one,) = room.launch()
    seen = room.provider.describe(room.scope, machines([one.provider_id]))[one.provider_id]
    assert seen.state is Observed.RUNNING
    assert seen.zone == room.spec.zone
    assert bool(seen.public_ip) is room.has_public_address
    assert bool(seen.private_ip) is room.has_private_network
    assert (seen.launched_at is not None) is room.dates_starts
    assert seen.launched_at is None or seen.launched_at.tzinfo is UTC


def test_one_machine_carries_deployment_token_owner_name_and_id(room: Room) -> None:
    (slot,) = slots = room.slots()
    (one,) = room.provider.launch(room.scope, room.spec, token="tok", slots=slots)
    assert room.provider.describe(room.scope, machines([one.provider_id]))[one.provider_id].tags == {
        "im:deployment": DEPLOYMENT,
        "im:launch": "tok",
        "im:owner": room.spec.owner,
        "im:instance": slot.instance_id,
        "Name": slot.name,
    }


@pytest.mark.parametrize("room", SEVERAL_ZONES, indirect=True)
def test_the_zones_that_offer_a_type_are_told_in_order(room: Room) -> None:
    kind = room.spec.instance_type
    zones = list(room.provider.zones.offering(room.scope, room.spec, [kind])[kind])
    assert room.spec.zone in zones
    assert zones == sorted(zones)
    assert len(zones) > 1


@pytest.mark.parametrize("room", [one for one in LABELLING if one != "vast"], indirect=True)
def test_machines_of_one_call_are_told_apart_by_label(room: Room) -> None:
    slots = room.slots(2)
    made = room.provider.launch(room.scope, room.spec, token="tok", slots=slots)
    assert all(("Name" in one.tags) is room.names_at_launch for one in made)
    room.provider.label(room.scope, by_machine({one.provider_id: slot for one, slot in zip(made, slots, strict=True)}))
    seen = room.provider.describe(room.scope, machines([one.provider_id for one in made]))
    named = [(seen[one.provider_id].tags["im:instance"], seen[one.provider_id].tags["Name"]) for one in made]
    assert named == [(slot.instance_id, slot.name) for slot in slots]


@labels
def test_a_mark_is_found_again_on_the_machine_that_carries_it_and_not_by_strangers(room: Room) -> None:
    one, other = (machine.provider_id for machine in room.launch(2, token="tok"))
    room.settle()
    marks, strangers = room.provider.marks, room.of_deployment(STRANGER).marks
    assert marks is not None
    assert strangers is not None
    assert marks.read(room.scope) == {}
    marks.put(room.scope, Machine(one), "000001-first")
    marks.put(room.scope, Machine(one), "000001-second")
    assert marks.read(room.scope) == {one: "000001-second"}
    marks.put(room.scope, Machine(other), "000002-third")
    assert marks.read(room.scope) == {one: "000001-second", other: "000002-third"}
    assert strangers.read(room.scope) == {}
    (listed,) = (seen for seen in merge_pages(room.provider.list(room.scope)).sightings if seen.provider_id == other)
    assert listed.tags["im:mark"] == "000002-third"


def test_find_shows_what_the_token_made_and_nothing_else(room: Room) -> None:
    made = {one.provider_id for one in room.launch(2, token="wanted")}
    room.launch(1, token="other")
    found = merge_pages(room.provider.list(room.scope, Filter(token="wanted")))
    assert found.complete
    assert {one.provider_id for one in found.sightings} == made
    assert merge_pages(room.provider.list(room.scope, Filter(token="never-used"))).sightings == ()


def test_find_does_not_see_the_launches_of_another_deployment(room: Room) -> None:
    room.of_deployment(STRANGER).launch(room.scope, room.spec, token="shared", slots=room.slots())
    assert merge_pages(room.provider.list(room.scope, Filter(token="shared"))).sightings == ()


@labels
def test_an_adopted_machine_is_ours_from_then_on_and_keeps_its_own_name(room: Room) -> None:
    machine = room.foreign()
    room.settle()
    before = dict(room.provider.describe(room.scope, machines([machine]))[machine].tags)
    assert "im:deployment" not in before
    room.provider.adoption.take(room.scope, Machine(machine), Slot("im-7", "seven"), "eve")
    after = {**before, "im:deployment": DEPLOYMENT, "im:instance": "im-7", "im:owner": "eve"}
    assert room.provider.describe(room.scope, machines([machine]))[machine].tags == after
    assert after["Name"] == "not-ours"
    assert [one.provider_id for one in merge_pages(room.provider.list(room.scope)).sightings] == [machine]
    assert set(room.provider.stop(room.scope, machines([machine])).done) == {machine}


@labels
def test_adopting_again_says_the_latest_and_a_stranger_stays_out(room: Room) -> None:
    machine, other = room.foreign(), room.foreign()
    room.settle()
    for slot in (Slot("im-7", "seven"), Slot("im-8", "eight")):
        room.provider.adoption.take(room.scope, Machine(machine), slot, "eve")
    room.of_deployment(STRANGER).adoption.take(room.scope, Machine(other), Slot("im-9", "nine"), "bob")
    seen = room.provider.describe(room.scope, machines([machine, other]))
    assert (seen[machine].tags["im:instance"], seen[machine].tags["im:deployment"]) == ("im-8", DEPLOYMENT)
    theirs = seen[other].tags  # of which a label may hold the beginning alone
    assert (theirs["im:instance"], STRANGER.startswith(theirs["im:deployment"])) == ("im-9", True)
    assert [one.provider_id for one in merge_pages(room.provider.list(room.scope)).sightings] == [machine]


@pytest.mark.parametrize(
    "room", ["fake", "standin", "azure", "gcp", "kubernetes"], indirect=True
)  # moto tags whatever it is told to
def test_adopting_what_does_not_exist_is_not_found(room: Room) -> None:
    with pytest.raises(NotFound):
        room.provider.adoption.take(room.scope, Machine(ABSENT), Slot("im-7", "seven"), "eve")


def test_describe_tells_what_kind_of_machine_it_is(room: Room) -> None:
    machine = room.foreign()
    (made,) = room.running()
    seen = room.provider.describe(room.scope, machines([machine, made]))
    assert seen[made].instance_type == room.spec.instance_type
    assert seen[machine].instance_type
    assert bool(seen[machine].image) is room.names_images
    assert seen[machine].zone


def test_describe_leaves_out_what_the_cloud_does_not_know(room: Room) -> None:
    (one,) = room.running()
    assert set(room.provider.describe(room.scope, machines([one, ABSENT, one]))) == {one}
    assert room.provider.describe(room.scope, machines([])) == {}
    assert room.provider.describe(room.scope, machines([ABSENT])) == {}


def test_listings_show_our_deployment_and_only_ours(room: Room) -> None:
    mine = set(room.running(2))
    room.foreign()
    room.of_deployment(STRANGER).launch(room.scope, room.spec, token="theirs", slots=room.slots())
    room.settle()
    shown = merge_pages(room.provider.list(room.scope))
    assert shown.complete
    assert {one.provider_id for one in shown.sightings} == mine
    assert all(one.state is Observed.RUNNING for one in shown.sightings)


@pytest.mark.parametrize("room", ["fake", "standin", "azure", "gcp", "kubernetes"], indirect=True)
def test_states_show_ours_and_may_show_others(room: Room) -> None:
    first, second = room.running(2)
    foreign = room.foreign()
    room.provider.stop(room.scope, machines([second]))
    room.settle()
    pages = list(room.provider.states.list(room.scope))
    seen = {one: state for page in pages for one, state in page.seen.items() if one != foreign}
    assert seen == {first: Observed.RUNNING, second: Observed.STOPPED}
    assert all(page.complete and page.date for page in pages)


@pytest.mark.parametrize(
    "room", ["fake", "standin", "gcp", "kubernetes"], indirect=True
)  # to moto a status has no zone
@pytest.mark.parametrize("verb", ["listing", "states"])
def test_looking_at_one_zone_shows_what_is_in_it(room: Room, verb: str) -> None:
    (machine,) = room.running()
    zone = room.provider.describe(room.scope, machines([machine]))[machine].zone

    def shown(where: str) -> set[str]:
        if verb == "states":
            return {one for page in room.provider.states.list(room.scope, zone=where) for one in page.seen}
        pages = room.provider.list(room.scope, Filter(zone=where))
        return {one.provider_id for page in pages for one in page.sightings}

    assert shown(zone) == {machine}
    assert shown(f"{zone[:-1]}b" if not zone.endswith("b") else f"{zone[:-1]}c") == set()


def test_ours_is_full_and_tells_the_clouds_clock(room: Room) -> None:
    room.running()
    shown = merge_pages(room.provider.list(room.scope))
    assert shown.sightings[0].tags["im:deployment"] == DEPLOYMENT
    assert (shown.date is not None) is room.tells_time
    assert shown.date is None or shown.date.tzinfo is UTC


def test_an_empty_cloud_is_a_complete_listing(room: Room) -> None:
    shown = merge_pages(room.provider.list(room.scope))
    assert shown.complete
    assert shown.sightings == ()


@stops
def test_stop_then_start_then_terminate(room: Room) -> None:
    ids = room.running(2)
    for verb, passing, end in [
        ("stop", {Observed.STOPPING, Observed.STOPPED}, Observed.STOPPED),
        ("start", {Observed.PENDING, Observed.RUNNING}, Observed.RUNNING),
        ("terminate", {Observed.TERMINATING, Observed.TERMINATED}, Observed.TERMINATED),
    ]:
        result = getattr(room.provider, verb)(room.scope, machines(ids))
        assert result.failed == {}
        assert set(result.done) == set(ids)
        assert {one.state for one in result.done.values()} <= passing
        room.settle()
        assert ended(room, ids, end)


@pytest.mark.parametrize(("reach", "verb"), [("start", "start"), ("stop", "stop"), ("terminate", "terminate")])
@stops
def test_a_goal_already_reached_is_done(room: Room, reach: str, verb: str) -> None:
    ids = room.running()
    getattr(room.provider, reach)(room.scope, machines(ids))
    room.settle()
    again = getattr(room.provider, verb)(room.scope, machines(ids))
    if verb == "terminate" and room.forgets_what_is_gone:
        assert all(isinstance(again.failed[one], NotFound) for one in ids)
    else:
        assert set(again.done) == set(ids)
        assert again.failed == {}


@pytest.mark.parametrize("verb", ["start", "stop", "terminate"])
@stops
def test_one_absent_id_sinks_nobody_else(room: Room, verb: str) -> None:
    ids = room.running(3)
    if verb == "start":
        for one in ids:
            room.outside("stop", one)
    result = getattr(room.provider, verb)(room.scope, machines([ids[0], ABSENT, *ids[1:]]))
    assert set(result.done) == set(ids)
    assert set(result.failed) == {ABSENT}
    assert isinstance(result.failed[ABSENT], NotFound)
    room.settle()
    end = {"start": Observed.RUNNING, "stop": Observed.STOPPED, "terminate": Observed.TERMINATED}[verb]
    assert ended(room, ids, end)


@pytest.mark.parametrize("verb", ["start", "stop", "terminate"])
@stops
def test_every_id_asked_for_is_in_exactly_one_half_of_the_result(room: Room, verb: str) -> None:
    (one,) = room.running()
    result = getattr(room.provider, verb)(room.scope, machines([one, one, ABSENT]))
    assert set(result.done) | set(result.failed) == {one, ABSENT}
    assert not set(result.done) & set(result.failed)
    nothing = getattr(room.provider, verb)(room.scope, machines([]))
    assert (dict(nothing.done), dict(nothing.failed)) == ({}, {})


@stops
def test_what_hands_outside_do_is_seen(room: Room) -> None:
    (one,) = room.running()
    room.outside("stop", one)
    assert room.states([one]) == {one: Observed.STOPPED}
    assert room.provider.describe(room.scope, machines([one]))[one].public_ip is None or room.keeps_address
    room.outside("start", one)
    assert room.states([one]) == {one: Observed.RUNNING}
    room.outside("terminate", one)
    assert ended(room, [one], Observed.TERMINATED)


def test_identity_names_an_account(room: Room) -> None:
    assert room.provider.identity(room.scope)
    assert room.provider.identity(room.scope) == room.provider.identity(room.scope)


def test_checks_of_a_healthy_cloud_are_all_well(room: Room) -> None:
    checks = room.provider.checks(room.scope)
    assert checks
    assert [one for one in checks if not (one.ok and one.detail)] == []


def test_capabilities_are_told(room: Room) -> None:
    assert room.provider.capabilities.can_stop is (room.profile.name != "lambda")
    assert room.provider.capabilities.launch_visible_within.total_seconds() > 0
