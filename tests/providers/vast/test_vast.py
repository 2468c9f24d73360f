"""What is Vast's own: offers that vanish, refusals that make a machine, starts that do not come back, labels, ports, prices."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from hashlib import sha256

import pytest

from im.domain.errors import Refused
from im.domain.money.bill import Item
from im.domain.spec.disk import Disk
from im.domain.spec.terms import terms_in
from im.domain.state import Observed
from im.providers import errors
from im.providers.contract import Filter, Slot, Snapshot, merge_pages
from im.providers.kit.http import Answer
from im.providers.machine import Machine
from im.providers.vast import tags
from im.providers.vast.api import translate
from im.providers.vast.gpus import type_of
from im.standins.books import Fault
from im.views.words.money import offered
from tests.machines import machines
from tests.providers.clouds import DEPLOYMENT, STRANGER
from tests.providers.vast.room import VastRoom

TOKEN = "0f0e0d0c-1111-4222-8333-444444444444"
SLOT = Slot("im-0123456789", "web")
BEST_US, NEXT_US, LAST_US = 7_000_004, 7_000_005, 7_000_001
"""Of the hosts in the United States with one RTX 4090, by what an hour that is likely to be a good one costs."""


def launch(room: VastRoom, slot: Slot = SLOT, token: str = TOKEN) -> str:
    room.clock.step(seconds=5)
    (made,) = room.provider.launch(room.scope, room.spec, token=token, slots=[slot])
    room.settle()
    return made.provider_id


def look(room: VastRoom, token: str = "") -> Snapshot:
    return merge_pages(room.provider.list(room.scope, Filter(token=token)))


def taken(room: VastRoom) -> list[int]:
    return [one.host.ask for one in room.renter.instances.values()]


class TestTheMarket:
    def test_the_best_is_taken_by_price_and_reliability_within_what_was_asked(self, vast: VastRoom) -> None:
        launch(vast)
        assert taken(vast) == [BEST_US]
        vast.wish(zone="world")
        launch(vast)
        assert taken(vast)[-1] == 7_000_002, "Norway's: Sweden's is cheaper, and too unreliable"
        vast.wish(zone="world", options={"reliability": "0.9"})
        launch(vast)
        assert taken(vast)[-1] == 7_000_003

    def test_what_has_vanished_is_passed_over(self, vast: VastRoom) -> None:
        vast.renter.vanishing = {BEST_US, NEXT_US}
        launch(vast)
        assert taken(vast) == [LAST_US]

    def test_where_all_have_vanished_or_nobody_offers_it_there_is_no_room(self, vast: VastRoom) -> None:
        vast.renter.vanishing = set(vast.renter.hosts)
        with pytest.raises(errors.Unavailable):  # there are more, and a new search says which
            launch(vast)
        vast.wish(max_price=Decimal("0.38"))
        with pytest.raises(errors.NoCapacity, match="3 offers of RTX_4090x1 went to others before"):
            launch(vast)
        vast.wish(instance_type="H100_SXMx8")
        with pytest.raises(errors.NoCapacity, match="nobody at Vast offers H100_SXMx8 in US now"):
            launch(vast)
        assert vast.renter.ever == []

    def test_nobody_takes_what_costs_more_than_was_allowed_or_is_lent_for_less(self, vast: VastRoom) -> None:
        vast.wish(zone="world", max_price=Decimal("0.33"))
        assert vast.instance(launch(vast)).host.place == "Norway, NO"
        with pytest.raises(errors.NoCapacity, match=r"in world for \$0.33 an hour"):
            launch(vast)
        for ask, host in vast.renter.hosts.items():
            vast.renter.hosts[ask] = replace(host, days=2 if ask == LAST_US else 1)
        vast.wish(lasts=timedelta(days=1, hours=1))
        launch(vast)
        assert taken(vast)[-1] == LAST_US

    def test_the_rehearsal_s_offers_are_those_that_a_launch_tries(self, vast: VastRoom) -> None:
        best = vast.provider.prices.best(vast.scope, vast.spec, 3)  # type: ignore[union-attr]
        assert [one.usd_per_hour.quantize(Decimal("0.001")) for one in best] == [  # type: ignore[union-attr]
            *(Decimal("0.347"), Decimal("0.367"), Decimal("0.377")),
        ]
        assert {one.zones for one in best} == {("US",)}
        traffic = "traffic not in it: $0.002 a GB sent, $0.002 a GB received"
        assert (best[0].price_source, best[0].apart) == ("reliability 0.984", traffic)
        assert traffic in offered(best[0])

    def test_one_look_a_minute_serves_zones_and_prices(self, vast: VastRoom) -> None:
        for _ in range(3):
            zones = vast.provider.zones.offering(vast.scope, replace(vast.spec, zone="any"), ["RTX_4090x1"])  # type: ignore[union-attr]
        assert zones == {"RTX_4090x1": ["NO", "US", "PL"]}, "the best first"
        assert len(vast.cloud.books.changes("/bundles/")) == 1
        items = [Item("vast", "market", "RTX_4090x1"), Item("vast", "market", "disk:host"), Item("vast", "market", "x")]
        told = vast.provider.prices.fetch(vast.scope, items)  # type: ignore[union-attr]
        assert {item.name: prices[0].usd for item, prices in told.items()} == {
            "RTX_4090x1": Decimal("0.32"),
            "disk:host": Decimal("0.2"),
        }


class TestALaunch:
    def test_a_refusal_that_made_a_machine_is_undone_and_the_next_offer_taken(self, vast: VastRoom) -> None:
        vast.renter.made_in_vain = {BEST_US}
        launch(vast)
        assert (taken(vast), len(vast.renter.ever)) == ([NEXT_US], 2)
        assert vast.renter.ended == vast.renter.ever[:1]

    def test_what_cannot_be_undone_is_a_machine_and_never_lost(self, vast: VastRoom) -> None:
        vast.renter.made_in_vain = {BEST_US}
        vast.cloud.books.plan(Fault("DELETE", "/20000001/", 500, {"msg": "sorry"}))
        one = launch(vast)
        assert vast.states([one]) == {one: Observed.STOPPED}
        assert (taken(vast), look(vast, TOKEN).sightings[0].provider_id) == ([BEST_US], one)

    def test_one_whose_reply_was_lost_is_found_by_its_token(self, vast: VastRoom) -> None:
        vast.cloud.books.plan(Fault("PUT", f"/asks/{BEST_US}/", 504, {}, after=True))
        with pytest.raises(errors.Ambiguous):
            launch(vast)
        (found,) = look(vast, TOKEN).sightings
        assert [int(found.provider_id)] == vast.renter.ever
        assert (found.tags["Name"], found.tags["im:instance"]) == ("web", SLOT.instance_id)

    def test_no_under_200_is_no(self, vast: VastRoom) -> None:
        one = launch(vast)
        vast.renter.credit = 0
        assert vast.states([one]) == {one: Observed.STOPPED}
        failed = vast.provider.start(vast.scope, machines([one])).failed[one]
        assert (type(failed), failed.message) == (errors.QuotaExceeded, "Vast: Your account has no credit")

    def test_what_runs_in_it_lets_the_key_in_and_knows_no_more(self, vast: VastRoom) -> None:
        vast.wish(user_data=b"#!/bin/sh\n", root_disk=Disk(64))
        one = vast.instance(launch(vast))
        assert (one.disk, vast.spec.public_key in one.onstart, one.env) == (64, True, {})
        with pytest.raises(Refused, match="4048 characters"):
            vast.wish(user_data=b"".join(sha256(bytes([n])).digest() for n in range(100)))


class TestAMachine:
    def test_its_door_its_price_and_its_end_are_told(self, vast: VastRoom) -> None:
        one = launch(vast)
        seen = vast.provider.describe(vast.scope, machines([one]))[one]
        terms = terms_in(seen.notes or {})
        assert (terms.ssh_host, terms.ssh_port) == (seen.public_ip, 40_002)
        assert terms.prices == {"RTX_4090x1": Decimal("0.34"), "disk:host": Decimal("0.15")}
        assert terms.lent_until == vast.instance(one).ends
        vast.renter.away = {vast.instance(one).host.machine}
        away = vast.provider.describe(vast.scope, machines([one]))[one]
        assert (away.state, away.reason) == (Observed.RUNNING, "its host does not answer Vast")
        assert terms_in(away.notes or {}).ssh_host.endswith(".vast.ai"), "through the proxy, where no port is open"
        assert "a-secret" not in repr(seen)

    def test_a_start_whose_host_has_let_the_gpu_does_not_come_back_until_there_is_room(self, vast: VastRoom) -> None:
        one = launch(vast)
        vast.provider.stop(vast.scope, machines([one]))
        vast.settle()
        vast.renter.let = {BEST_US}
        assert vast.provider.start(vast.scope, machines([one])).done[one].state is Observed.PENDING
        assert vast.states([one]) == {one: Observed.PENDING}
        vast.clock.step(seconds=31)
        seen = vast.provider.describe(vast.scope, machines([one]))[one]
        assert (seen.state, seen.cause.code) == (Observed.STOPPED, "no_capacity")
        assert "Its disk is kept, and costs" in seen.cause.says
        vast.renter.let = set()
        vast.provider.start(vast.scope, machines([one]))
        vast.settle()
        assert vast.states([one]) == {one: Observed.RUNNING}

    def test_one_that_waits_for_room_can_be_stopped_and_ended(self, vast: VastRoom) -> None:
        one = launch(vast)
        vast.provider.stop(vast.scope, machines([one]))
        vast.renter.let = {BEST_US}
        vast.settle()
        vast.provider.start(vast.scope, machines([one]))
        assert vast.provider.stop(vast.scope, machines([one])).done[one].state is Observed.STOPPING
        vast.renter.let = set()
        vast.settle()
        assert vast.states([one]) == {one: Observed.STOPPED}, "it does not come back by itself"
        assert set(vast.provider.terminate(vast.scope, machines([one])).done) == {one}

    def test_an_edited_label_leaves_a_machine_that_is_nobodys_and_that_we_leave_alone(self, vast: VastRoom) -> None:
        one = launch(vast)
        vast.instance(one).label = "precious"
        assert look(vast).sightings == ()
        for verb in ("stop", "start", "terminate"):
            refused = getattr(vast.provider, verb)(vast.scope, machines([one])).failed[one]
            assert isinstance(refused, errors.LabelChanged)
            assert "was changed at Vast, so that it is none of ours any more" in refused.message
        known = Machine(one, {"prices": {}})
        assert vast.provider.describe(vast.scope, [known])[one].tags["im:deployment"] == ""
        assert vast.instance(one).actual == "running"

    def test_one_of_another_deployment_is_not_ended_either(self, vast: VastRoom) -> None:
        (theirs,) = vast.of_deployment(STRANGER).launch(vast.scope, vast.spec, token=TOKEN, slots=[SLOT])
        refused = vast.provider.terminate(vast.scope, machines([theirs.provider_id])).failed
        assert set(refused) == {theirs.provider_id}
        assert vast.renter.ended == []


class TestItsApi:
    def test_more_than_a_page_is_read_whole_or_not_at_all(self, vast: VastRoom) -> None:
        mine = launch(vast)
        for _ in range(60):
            vast.foreign()
        assert [one.provider_id for one in look(vast).sightings] == [mine]
        pages = [one for one in vast.cloud.books.entries if one.path == "/api/v1/instances/"]
        assert len(pages) == 3
        vast.cloud.books.plan(Fault("GET", "/api/v1/instances/", 200, {"instances": [], "next_token": "e30="}))
        assert not look(vast).complete

    def test_what_another_process_has_asked_a_moment_ago_is_waited_for(self, vast: VastRoom) -> None:
        one = launch(vast)
        vast.renter.called["destroy"] = vast.clock.now
        assert set(vast.provider.terminate(vast.scope, machines([one])).done) == {one}
        assert [entry.status for entry in vast.cloud.books.changes(f"/{one}/")] == [429, 200]

    def test_our_own_calls_are_apart_without_being_told(self, vast: VastRoom) -> None:
        ones = [launch(vast, slot) for slot in vast.slots(3)]
        vast.provider.terminate(vast.scope, machines(ones))
        assert {entry.status for entry in vast.cloud.books.entries} == {200}

    @pytest.mark.parametrize(
        ("status", "body", "mutating", "kind"),
        [
            (401, {"error": "auth_error", "msg": "Invalid user key"}, False, errors.Unauthenticated),
            (404, {"msg": "Invalid user key"}, True, errors.Unauthenticated),
            (404, {"error": "invalid_args", "msg": "error 404/3603: no_such_ask …"}, True, errors.NoCapacity),
            (410, {"error": "no_such_ask", "msg": ""}, True, errors.NoCapacity),
            (400, {"error": "invalid_price", "msg": "too low"}, True, errors.NoCapacity),
            (400, {"error": "insufficient_credit", "msg": "insufficient credit"}, True, errors.QuotaExceeded),
            (403, {"error": "invalid_args", "msg": "Offer 1 is not your own."}, True, errors.InvalidSpec),
            (404, {"error": "no_such_instance", "msg": ""}, True, errors.NotFound),
            (429, {"detail": "too frequent endpoint threshold=4.5"}, True, errors.Throttled),
            (504, None, True, errors.Ambiguous),
            (504, None, False, errors.Unavailable),
        ],
    )
    def test_every_word_has_one_of_ours(
        self, status: int, body: object, mutating: bool, kind: type[errors.ProviderError]
    ) -> None:
        told = translate(Answer(status, body, {}), mutating)
        assert type(told) is kind
        if status == 429:
            assert told.retry_after == timedelta(seconds=4.5)


def test_a_label_keeps_what_a_person_called_a_machine_as_far_as_it_can() -> None:
    said = {"im:deployment": DEPLOYMENT, "im:launch": "", "im:owner": "ada", "im:instance": "im-7", "Name": "My ML job"}
    written = tags.label(said)
    assert (len(written) <= tags.LONGEST, tags.read(written, DEPLOYMENT)["Name"]) == (True, "my-ml-job")
    assert "im:launch" not in tags.read(written, DEPLOYMENT)
    assert tags.read(tags.marked(tags.marked(written, "1"), "000002-b"), DEPLOYMENT)["im:mark"] == "000002-b"


@pytest.mark.parametrize(
    ("gpu", "memory", "count", "kind"),
    [
        ("A100 SXM4", 40536, 2, "A100_SXM4_40GBx2"),
        ("A100 SXM4", 81920, 1, "A100_SXM4_80GBx1"),
        ("RTX 4090", 24564, 1, "RTX_4090x1"),
        ("Something New", 100, 3, "Something_Newx3"),
    ],
)
def test_a_type_is_told_by_the_gpu_and_where_it_matters_by_its_memory(
    gpu: str, memory: float, count: int, kind: str
) -> None:
    assert type_of(gpu, memory, count) == kind
