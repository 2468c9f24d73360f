"""What is Google Cloud's own: launches by name and request, zones that cannot be seen, labels under a fingerprint, rates."""

from __future__ import annotations

import uuid
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal

import pytest

from im.domain.money.bill import IPV4, Item
from im.domain.spec.disk import Disk
from im.domain.spec.firewall import parse_open
from im.domain.spec.spot import SPOT
from im.domain.state import Observed
from im.providers import errors
from im.providers.contract import Filter, Slot, merge_pages
from im.providers.gcp.profile import PROFILE
from im.providers.machine import Machine
from im.standins.books import Fault
from tests.machines import machines
from tests.providers.gcp.room import LOST, REGION, A, GcpRoom, launch

# ---- looking ---------------------------------------------------------------------------------------------------------


def test_a_zone_that_cannot_be_seen_makes_a_listing_incomplete_and_one_of_another_region_does_not(gcp: GcpRoom) -> None:
    gcp.running()
    gcp.project.unreachable.add("europe-west1-b")
    assert merge_pages(gcp.provider.list(gcp.scope)).complete
    gcp.project.unreachable.add(A)
    seen = merge_pages(gcp.provider.list(gcp.scope))
    assert (seen.complete, seen.sightings, seen.unseen) == (False, (), {A})
    assert not all(page.complete for page in gcp.provider.states.list(gcp.scope))
    with pytest.raises(errors.Unavailable, match="does not show every zone"):
        gcp.provider.marks.read(gcp.scope)


def test_whose_place_nobody_knows_is_not_said_to_be_gone_while_a_zone_cannot_be_seen(gcp: GcpRoom) -> None:
    (one,) = gcp.running()
    gcp.project.unreachable.add(A)
    with pytest.raises(errors.Unavailable):
        gcp.gcp().describe(gcp.scope, machines([one]))
    assert gcp.states([one]) == {one: Observed.RUNNING}, "whose place is known is asked for there"


def test_more_machines_than_a_page_holds_are_all_listed(gcp: GcpRoom, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("im.providers.gcp.api.PAGE", 3)
    made = {one.provider_id for one in gcp.launch(7)}
    pages = list(gcp.provider.list(gcp.scope))
    assert len(pages) == 3
    assert {one.provider_id for one in merge_pages(pages).sightings} == made


def test_a_page_that_cannot_be_had_makes_the_listing_incomplete(gcp: GcpRoom, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("im.providers.gcp.api.PAGE", 3)
    gcp.launch(7)
    pages = gcp.provider.list(gcp.scope)
    first = next(pages)
    gcp.cloud.books.plan(Fault("GET", "/aggregated/instances", 500, LOST))
    assert not merge_pages([first, *pages]).complete


def test_a_parameter_that_google_no_longer_knows_is_left_out(gcp: GcpRoom) -> None:
    (one,) = gcp.running()
    gcp.project.refuses_partial = True
    assert [seen.provider_id for seen in merge_pages(gcp.provider.list(gcp.scope)).sightings] == [one]


def test_ours_is_found_by_deployment_and_token_whatever_letters_an_owner_has(gcp: GcpRoom) -> None:
    gcp.wish(owner="Åsa O'Neil <a@b.c>")
    gcp.spec = replace(gcp.spec, tags={"team": "Blue & green", "CostCentre": "42"})
    launch(gcp, "first")
    (seen,) = merge_pages(gcp.provider.list(gcp.scope, Filter(token="first"))).sightings
    assert seen.tags["im:owner"] == "Åsa O'Neil <a@b.c>"
    assert seen.tags["team"] == "Blue & green"
    assert "CostCentre" not in seen.tags, "no label has such a key; the row has the tag"


def test_each_region_lists_its_own(gcp: GcpRoom) -> None:
    (here,) = gcp.running()
    gcp.wish(zone="europe-west1-b")
    assert gcp.scope.region == "europe-west1"
    (there,) = gcp.running()
    assert [one.provider_id for one in merge_pages(gcp.provider.list(gcp.scope)).sightings] == [there]
    gcp.wish()
    assert [one.provider_id for one in merge_pages(gcp.provider.list(gcp.scope)).sightings] == [here]


def test_many_machines_are_described_by_a_list_and_few_calls(gcp: GcpRoom) -> None:
    ids = gcp.running(25)
    before = len(gcp.cloud.books.entries)
    assert set(gcp.states(ids)) == set(ids)
    assert len(gcp.cloud.books.entries) - before == 1


# ---- changing --------------------------------------------------------------------------------------------------------


def test_a_name_that_was_given_to_another_is_not_ended_in_its_place(gcp: GcpRoom) -> None:
    (one,) = gcp.running()
    name = gcp.machine(one).name
    gcp.outside("terminate", one)
    (other,) = gcp.running()
    gcp.machine(other).name = name
    assert set(gcp.provider.terminate(gcp.scope, machines([one])).failed) == {one}
    assert gcp.states([other]) == {other: Observed.RUNNING}


def test_a_machine_with_disks_on_its_host_is_stopped_all_the_same(gcp: GcpRoom) -> None:
    (one,) = gcp.running()
    gcp.machine(one).body["disks"].append({"type": "SCRATCH"})
    assert set(gcp.provider.stop(gcp.scope, machines([one])).done) == {one}


def test_a_machine_that_is_stopping_is_looked_at_again_by_who_would_start_it(gcp: GcpRoom) -> None:
    (one,) = gcp.running()
    gcp.provider.stop(gcp.scope, machines([one]))
    failed = gcp.provider.start(gcp.scope, machines([one])).failed
    assert isinstance(failed[one], errors.WrongState)


def test_labels_that_somebody_else_changed_meanwhile_are_kept(gcp: GcpRoom) -> None:
    machine = gcp.foreign()
    refused = {"error": {"code": 412, "message": "Labels fingerprint", "errors": [{"reason": "conditionNotMet"}]}}
    gcp.cloud.books.plan(Fault("POST", "/setLabels", 412, refused))
    gcp.provider.adoption.take(gcp.scope, Machine(machine), Slot("im-7", "seven"), "eve")
    assert gcp.machine(machine).labels["team"] == "web"
    assert gcp.machine(machine).labels["im-instance"] == "im-7"


def test_a_machine_of_an_instance_group_says_who_else_is_at_work(gcp: GcpRoom) -> None:
    machine = gcp.foreign()
    path = "projects/7/zones/us-central1-a/instanceGroupManagers/pool"
    gcp.machine(machine).body["metadata"] = {"items": [{"key": "created-by", "value": path}]}
    seen = gcp.provider.describe(gcp.scope, machines([machine]))[machine]
    who = gcp.provider.adoption.controller(seen)
    assert who is not None
    assert "the instance group pool" in str(who)


# ---- what is left ----------------------------------------------------------------------------------------------------


def test_a_disk_that_was_left_is_found_by_its_label_and_one_that_was_to_be_kept_is_not(gcp: GcpRoom) -> None:
    gcp.wish(volumes=(Disk(100, keep=True),))
    (one,) = gcp.running()
    root, kept = gcp._disks(one)
    root.auto_delete = False
    gcp.outside("terminate", one)
    assert gcp.left() == [10, 100]
    assert gcp.provider.leftovers.found(gcp.scope) == [], "so young a disk may wait for its machine"
    gcp.clock.step(hours=2)
    (left,) = gcp.provider.leftovers.found(gcp.scope)
    assert (left.kind, left.name, left.used) == ("disk", root.name, False)
    assert gcp.provider.leftovers.discard(gcp.scope, [left]) == {}
    assert gcp.left() == [kept.gb]


def test_rules_are_few_each_for_sources_of_one_family(gcp: GcpRoom) -> None:
    gcp.wish(ssh_from=("203.0.113.7/32",), open_ports=parse_open("443/tcp"))
    launch(gcp)
    made = gcp.project.firewalls
    assert len(made) == len(gcp.provider.leftovers.needed_by(gcp.spec)) == 5
    assert {one["priority"] for one in made.values() if "denied" in one} == {901}
    assert {one["priority"] for one in made.values() if "allowed" in one} == {900}
    launch(gcp, str(uuid.uuid4()))
    assert len(made) == 5


def test_a_machine_costs_its_vcpus_and_its_memory(gcp: GcpRoom) -> None:
    names = ("e2-small", "n2-standard-4", "e2-custom-2-4096", "disk:pd-balanced", IPV4, "a2-highgpu-1g", "mars-1")
    items = [Item("gcp", REGION, name) for name in names]
    prices = gcp.provider.prices
    spot, belgium = Item("gcp", REGION, "e2-small", SPOT), Item("gcp", "europe-west1", "e2-small")
    found = {item: price.usd for item, (price,) in prices.fetch(gcp.scope, [*items, spot, belgium]).items()}
    core, ram = Decimal("0.02181159"), Decimal("0.00292353")
    assert found[items[0]] == core / 2 + ram * 2
    assert found[items[1]] == Decimal("0.031611") * 4 + Decimal("0.004237") * 16 == Decimal("0.194236")
    assert found[items[2]] == core * 2 + ram * 4
    assert (found[items[3]], found[items[4]]) == (Decimal("0.1"), Decimal("0.005"))
    assert found[spot] < found[items[0]] < found[belgium]
    assert set(found) == {*items[:5], spot, belgium}, "what is not made of known units has no price"


def test_a_stop_is_said_to_leave_the_disk_to_be_paid_for() -> None:
    billing = PROFILE.capabilities.billing
    assert not billing.stop_saves_nothing
    assert billing.of_a_stop == "costs its disk, and nothing for computing"
    assert (billing.least, billing.step) == (timedelta(seconds=60), timedelta(0))
