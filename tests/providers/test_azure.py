"""What is Azure's own: launches by name and their late verdicts, codes that mean several things, lists that are old."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal

import pytest

from im.domain.cause import Hand
from im.domain.spec.disk import Disk
from im.domain.spec.spot import Spot
from im.domain.state import Observed
from im.providers import errors
from im.providers.azure.request import machine_name
from im.providers.contract import Filter, Slot, merge_pages
from im.providers.machine import Machine
from im.standins.azure.machines import take_back
from im.standins.azure.shapes import ADDRESS, DISK, NIC
from im.standins.books import Fault
from tests.machines import machines
from tests.providers.azure_room import LOCATION, AzureRoom
from tests.providers.clouds import DEPLOYMENT, STRANGER

SLOT = Slot("im-0123456789", "web")
NAME = machine_name(SLOT, "tok")


def launch(room: AzureRoom, launched_by: str = "tok", slot: Slot = SLOT) -> list[Machine]:
    made = room.provider.launch(room.scope, room.spec, token=launched_by, slots=[slot])
    return [Machine(one.provider_id, one.notes or {}) for one in made]


def refuse_late(room: AzureRoom, place: str = LOCATION) -> None:
    room.subscription.lacking.add((room.spec.instance_type, place))


# ---- launches --------------------------------------------------------------------------------------------------------


def test_a_launch_whose_reply_was_lost_meets_its_own_machine_again(azure: AzureRoom) -> None:
    azure.cloud.books.plan(Fault("PUT", f"/{NAME}", 504, {}, after=True))
    with pytest.raises(errors.Ambiguous):
        launch(azure)
    azure.settle()
    (again,) = launch(azure)
    assert azure.subscription.ever == [NAME], "one machine, and the one that was made first"
    assert again.id.endswith(f"/{NAME}")


def test_a_launch_is_met_again_while_no_list_shows_it(azure: AzureRoom) -> None:
    azure.subscription.lag = timedelta(minutes=9)
    (made,) = launch(azure)
    azure.settle()
    assert merge_pages(azure.provider.list(azure.scope, Filter(token="tok"))).sightings == ()
    assert launch(azure) == [made]
    assert azure.states([made.id]) == {made.id: Observed.RUNNING}, "its name is known"
    azure.clock.step(minutes=9)
    (shown,) = merge_pages(azure.provider.list(azure.scope, Filter(token="tok"))).sightings
    assert shown.provider_id == made.id


def test_a_name_that_somebody_else_has_is_said_to_be_taken(azure: AzureRoom) -> None:
    (made,) = launch(azure)
    azure.machine(made.id).body["tags"]["IM:Deployment"] = azure.machine(made.id).body["tags"].pop("im:deployment")
    assert launch(azure) == [made], "names of tags are the same in any case"
    azure.machine(made.id).body["tags"]["IM:Deployment"] = STRANGER
    with pytest.raises(errors.InvalidSpec, match=f"somebody else's machine is called im-11111111/{NAME}"):
        launch(azure)


def test_all_that_a_machine_is_made_of_says_whose_it_is_and_goes_with_it(azure: AzureRoom) -> None:
    azure.wish(volumes=(Disk(100),))
    (made,) = launch(azure)
    (nic,), (address,) = azure.parts(NIC), azure.parts(ADDRESS)
    assert nic.body["tags"]["im:deployment"] == address.body["tags"]["im:deployment"] == DEPLOYMENT
    assert nic.body["tags"]["im:instance"] == SLOT.instance_id
    assert [one.name for one in azure.parts(DISK)] == [f"im-11111111-{NAME}-os", f"im-11111111-{NAME}-data1"]
    azure.settle()
    azure.provider.label(azure.scope, {made: SLOT})
    azure.provider.label(azure.scope, {made: SLOT})
    assert {one.body["tags"]["im:instance"] for one in azure.parts(DISK)} == {SLOT.instance_id}, (
        "disks come without tags"
    )
    assert len(azure.cloud.books.changes(f"-{NAME}-os")) == 1
    azure.provider.terminate(azure.scope, [made])
    azure.settle()
    assert [azure.parts(kind) for kind in (NIC, ADDRESS, DISK)] == [[], [], []]
    with pytest.raises(errors.NotThereYet):
        azure.provider.label(azure.scope, {made: SLOT})


def test_no_room_that_shows_only_later_is_told_of_the_machine_that_stands_there(azure: AzureRoom) -> None:
    refuse_late(azure)
    (made,) = launch(azure)
    assert azure.provider.describe(azure.scope, [made])[made.id].state is Observed.PENDING
    azure.settle()
    seen = azure.provider.describe(azure.scope, [made])[made.id]
    assert (seen.remains, seen.cause.hand, seen.cause.code) == (True, Hand.CLOUD, "no_capacity")
    assert "AllocationFailed" in seen.cause.says
    (listed,) = merge_pages(azure.provider.list(azure.scope)).sightings
    assert (listed.remains, listed.cause) == (True, seen.cause)
    (left,) = [one for one in azure.provider.leftovers.found(azure.scope) if one.kind == "machine that was never made"]
    assert azure.provider.leftovers.discard(azure.scope, [left]) == {}
    azure.settle()
    assert [azure.parts(kind) for kind in (NIC, ADDRESS, DISK)] == [[], [], []]
    again = azure.provider.describe(azure.scope, [made])[made.id]
    told = (again.state, again.remains, again.cause.code)
    assert told == (Observed.TERMINATED, False, "no_capacity"), "Azure remembers what became of the operation"


def test_a_machine_that_ran_is_never_taken_for_one_that_was_refused(azure: AzureRoom) -> None:
    (made,) = azure.running()
    seen = azure.provider.describe(azure.scope, machines([made]))[made]
    one = azure.machine(made)
    one.provisioning, one.power, one.error = "Failed", None, ("AllocationFailed", "no room")
    with pytest.raises(errors.Unavailable, match="does not tell the state"):
        azure.provider.describe(azure.scope, [Machine(made, seen.notes or {})])
    azure.clock.step(hours=2)
    assert merge_pages(azure.provider.list(azure.scope)).sightings == (), "a list does not know that it ran"


def test_what_is_noted_of_a_machine_is_not_taken_away_by_a_list(azure: AzureRoom) -> None:
    (made,) = launch(azure)
    assert made.notes.keys() == {"vm_id", "operation"}
    (listed,) = merge_pages(azure.provider.list(azure.scope)).sightings
    assert listed.notes is None
    azure.settle()
    (listed,) = merge_pages(azure.provider.list(azure.scope)).sightings
    assert listed.notes == {"vm_id": made.notes["vm_id"], "ran": True}
    azure.provider.stop(azure.scope, [made])
    azure.settle()
    (listed,) = merge_pages(azure.provider.list(azure.scope)).sightings
    assert listed.notes is None


def test_a_zone_without_room_is_another_word_for_the_same(azure: AzureRoom) -> None:
    azure.wish(zone=f"{LOCATION}-2")
    refuse_late(azure, "2")
    (made,) = launch(azure)
    assert azure.machine(made.id).body["zones"] == ["2"]
    azure.settle()
    assert "ZonalAllocationFailed" in azure.provider.describe(azure.scope, [made])[made.id].cause.says


def test_a_quota_and_a_size_that_one_may_not_have(azure: AzureRoom) -> None:
    azure.subscription.cores = 2
    made = azure.provider.launch(azure.scope, azure.spec, token="tok", slots=azure.slots(3))
    assert len(made) == len(azure.subscription.ever) == 2, "what was made before the refusal is told"
    with pytest.raises(errors.QuotaExceeded, match="exceeding approved Total Regional Cores quota"):
        launch(azure)
    azure.subscription.restricted.add(("Standard_D2as_v5", LOCATION))
    azure.wish(instance_type="Standard_D2as_v5")
    with pytest.raises(errors.NotOffered):
        launch(azure)
    azure.wish(instance_type="Standard_D2as_v5", spot=Spot())
    with pytest.raises(errors.NoCapacity, match="SkuNotAvailable"):
        launch(azure)
    found = azure.provider.zones.offering(azure.scope, azure.spec, ["Standard_D2as_v5", "Standard_D4s_v5"])
    assert found == {"Standard_D2as_v5": [], "Standard_D4s_v5": [LOCATION, f"{LOCATION}-1", f"{LOCATION}-3"]}


def test_a_network_that_is_not_ready_yet_is_waited_for(azure: AzureRoom) -> None:
    azure.subscription.networks_take = timedelta(seconds=3)
    with pytest.raises(errors.Unavailable, match="ReferencedResourceNotProvisioned"):
        launch(azure)
    assert azure.subscription.ever == []
    azure.settle()
    assert launch(azure)


# ---- looking ---------------------------------------------------------------------------------------------------------


def test_more_machines_than_a_page_holds_are_all_listed(azure: AzureRoom) -> None:
    made = {one.provider_id for one in azure.launch(53)}
    pages = list(azure.provider.list(azure.scope))
    assert len(pages) == 2
    shown = merge_pages(pages).sightings
    assert {one.provider_id for one in shown} == made
    assert all(one.public_ip and one.private_ip for one in shown)
    assert {one for page in azure.provider.states.list(azure.scope) for one in page.seen} == made
    assert set(azure.provider.describe(azure.scope, machines(made))) == made


def test_a_power_state_that_azure_does_not_tell_is_never_made_up(azure: AzureRoom) -> None:
    one, other = azure.running(2)
    azure.subscription.silent.add(one.rpartition("/")[2])
    (page,) = azure.provider.states.list(azure.scope)
    assert (page.complete, dict(page.seen)) == (False, {other: Observed.RUNNING})
    shown = merge_pages(azure.provider.list(azure.scope))
    assert {seen.provider_id: seen.state for seen in shown.sightings} == dict.fromkeys((one, other), Observed.RUNNING)


def test_a_page_on_another_host_is_not_followed(azure: AzureRoom) -> None:
    azure.running(1)
    page = {"value": [], "nextLink": "https://evil.example/subscriptions?api-version=1"}
    azure.cloud.books.plan(Fault("GET", "/virtualmachines", 200, page, after=True))
    with pytest.raises(errors.Unavailable, match="sends us on to another host"):
        merge_pages(azure.provider.list(azure.scope))


def test_a_namesake_of_an_adopted_machine_is_none_of_ours(azure: AzureRoom) -> None:
    theirs = azure.foreign()
    seen = azure.provider.describe(azure.scope, machines([theirs]))[theirs]
    known = Machine(theirs, seen.notes or {})
    azure.machine(theirs).vm_id = "another"
    assert azure.provider.describe(azure.scope, [known]) == {}
    assert isinstance(azure.provider.stop(azure.scope, [known]).failed[theirs], errors.NotFound)
    assert azure.machine(theirs).power == "running"


def test_what_is_asked_of_one_machine_too_often_waits(azure: AzureRoom) -> None:
    one, other = azure.running(2)
    for _ in range(12):
        azure.provider.stop(azure.scope, machines([one]))
        azure.clock.step(seconds=5)
        azure.provider.start(azure.scope, machines([one]))
        azure.clock.step(seconds=5)
    told = [azure.provider.stop(azure.scope, machines([one, other])) for _ in range(12)][-1].failed[one]
    assert isinstance(told, errors.Throttled)
    assert told.retry_after is not None


# ---- changing --------------------------------------------------------------------------------------------------------


def test_a_stop_deallocates_also_what_is_only_powered_off(azure: AzureRoom) -> None:
    (one,) = azure.running()
    azure.machine(one).power = "stopped"
    assert azure.states([one]) == {one: Observed.HALTED}, "it is billed as if it ran"
    assert set(azure.provider.stop(azure.scope, machines([one])).done) == {one}
    azure.settle()
    assert azure.machine(one).power == "deallocated"


def test_a_start_that_finds_no_room_says_so_of_the_machine(azure: AzureRoom) -> None:
    (one,) = azure.running()
    azure.provider.stop(azure.scope, machines([one]))
    azure.settle()
    refuse_late(azure)
    assert azure.provider.start(azure.scope, machines([one])).done[one].state is Observed.PENDING
    azure.settle()
    seen = azure.provider.describe(azure.scope, machines([one]))[one]
    assert (seen.state, seen.cause.code) == (Observed.STOPPED, "no_capacity")


def test_a_spot_machine_that_is_taken_back_is_deallocated_or_gone(azure: AzureRoom) -> None:
    for once, end in ((False, Observed.STOPPED), (True, None)):
        azure.wish(spot=Spot(once=once, max_price=Decimal("0.05")))
        (one,) = azure.running()
        assert azure.machine(one).body["properties"]["billingProfile"] == {"maxPrice": 0.05}
        take_back(azure.subscription, azure.machine(one))
        azure.settle()
        assert azure.states([one]).get(one) is end


def test_what_is_attached_to_no_machine_is_found_and_taken_away(azure: AzureRoom) -> None:
    (made,) = launch(azure)
    azure.settle()
    for part in azure.subscription.parts.values():
        part.goes_along = False
    azure.provider.terminate(azure.scope, [made])
    azure.settle()
    left = [one for one in azure.provider.leftovers.found(azure.scope) if one.kind != "network"]
    assert [one.kind for one in left] == ["network interface", "public address", "disk"]
    (nic,) = azure.parts(NIC)
    nic.reserved = ("another", azure.clock.now + timedelta(seconds=180))
    (failed,) = azure.provider.leftovers.discard(azure.scope, left[:1]).values()
    assert isinstance(failed, errors.WrongState)
    azure.clock.step(seconds=180)
    assert azure.provider.leftovers.discard(azure.scope, left) == {}
    assert [azure.parts(kind) for kind in (NIC, ADDRESS, DISK)] == [[], [], []]


def test_a_disk_that_was_to_be_kept_is_nothing_that_lies_around(azure: AzureRoom) -> None:
    azure.wish(root_disk=Disk(50), volumes=(Disk(100, keep=True), Disk(20)))
    (one,) = azure.running()
    assert azure.disks(one) == [(50, False), (100, True), (20, False)]
    azure.provider.terminate(azure.scope, machines([one]))
    azure.settle()
    assert azure.left() == [100]
    assert [thing.kind for thing in azure.provider.leftovers.found(azure.scope)] == ["network"]
