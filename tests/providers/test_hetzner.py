"""What is Hetzner's own: launches by name, one code with several statuses, a project's quota, protection, and its price list."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from functools import partial

import pytest

from im.domain.errors import Refused
from im.domain.money.bill import IPV4, Item
from im.domain.spec.disk import Disk
from im.domain.state import Observed
from im.providers import errors
from im.providers.contract import Filter, Slot, merge_pages
from im.providers.hetzner.api import HetznerApi
from im.providers.hetzner.profile import PROFILE
from im.providers.hetzner.provider import HetznerProvider
from im.providers.request import Ask
from im.standins.books import Fault
from tests.machines import machines
from tests.providers.clouds import DEPLOYMENT, STRANGER, public_key
from tests.providers.hetzner_room import HetznerRoom

LOST = {"error": {"code": "timeout", "message": "the gateway gave up", "details": None}}
SLOT = Slot("im-0123456789", "web")


def launch(room: HetznerRoom, launched_by: str = "tok", slot: Slot = SLOT) -> list[str]:
    return [one.provider_id for one in room.provider.launch(room.scope, room.spec, token=launched_by, slots=[slot])]


def test_a_launch_whose_reply_was_lost_meets_its_own_server_again(hetzner: HetznerRoom) -> None:
    hetzner.cloud.books.plan(Fault("POST", "/servers", 504, LOST, after=True))
    with pytest.raises(errors.Ambiguous):
        launch(hetzner)
    hetzner.settle()
    again = launch(hetzner)
    assert [int(one) for one in again] == hetzner.project.ever, "one server, and the one that was made first"


def test_two_slots_of_one_name_are_two_servers(hetzner: HetznerRoom) -> None:
    made = launch(hetzner) + launch(hetzner, "other", Slot("im-9999999999", "web"))
    assert len(set(made)) == 2


def test_a_name_that_somebody_else_has_is_said_to_be_taken(hetzner: HetznerRoom) -> None:
    theirs = hetzner.of_deployment(STRANGER)
    theirs.launch(hetzner.scope, hetzner.spec, token="tok", slots=[SLOT])
    with pytest.raises(errors.InvalidSpec, match="somebody else's server is called web-0123456789"):
        launch(hetzner)


def test_an_answer_that_was_never_given_made_nothing(hetzner: HetznerRoom) -> None:
    hetzner.cloud.books.plan(Fault("POST", "/servers", 503, {"error": {"code": "maintenance", "message": "later"}}))
    with pytest.raises(errors.Unavailable):
        launch(hetzner)
    assert hetzner.project.ever == []


def test_of_a_launch_that_is_refused_half_way_what_was_made_is_told(hetzner: HetznerRoom) -> None:
    hetzner.project.most_servers = 2
    made = hetzner.provider.launch(hetzner.scope, hetzner.spec, token="tok", slots=hetzner.slots(3))
    assert [int(one.provider_id) for one in made] == hetzner.project.ever
    assert len(made) == 2


def test_no_room_is_no_capacity_and_too_many_servers_a_quota(hetzner: HetznerRoom) -> None:
    hetzner.project.lacking.add(("cx23", "fsn1"))
    with pytest.raises(errors.NoCapacity, match="error during placement"):
        launch(hetzner)
    hetzner.project.lacking.clear()
    hetzner.project.most_servers = 0
    with pytest.raises(errors.QuotaExceeded, match="server limit exceeded"):
        launch(hetzner)


def test_a_type_that_a_location_does_not_sell_is_not_offered_there(hetzner: HetznerRoom) -> None:
    hetzner.wish(zone="sin")
    with pytest.raises(errors.NotOffered):
        launch(hetzner)
    assert "sin" not in hetzner.provider.zones.offering(hetzner.scope, hetzner.spec, ["cx23"])["cx23"]


def test_a_token_that_may_only_read_is_forbidden_to_write(hetzner: HetznerRoom) -> None:
    (one,) = hetzner.running()
    hetzner.project.read_only = True
    assert isinstance(hetzner.provider.stop(hetzner.scope, machines([one])).failed[one], errors.Forbidden)
    assert hetzner.states([one]) == {one: Observed.RUNNING}


def test_without_a_token_and_with_a_wrong_one_nobody_is_known(hetzner: HetznerRoom) -> None:
    for token in ("", "project.wrong"):
        stranger = HetznerProvider(HetznerApi(partial(str, token), f"{hetzner._url}/v1"), DEPLOYMENT)
        with pytest.raises(errors.Unauthenticated):
            merge_pages(stranger.list(hetzner.scope))
        assert {one.ok for one in stranger.checks(hetzner.scope)} == {False}


def test_a_project_that_has_asked_too_often_waits_for_a_second_or_two(hetzner: HetznerRoom) -> None:
    hetzner.project.bucket.left = 0
    with pytest.raises(errors.Throttled) as told:
        merge_pages(hetzner.provider.list(hetzner.scope))
    assert told.value.retry_after is not None
    assert told.value.retry_after.total_seconds() <= 2


def test_a_server_that_is_locked_is_looked_at_again(hetzner: HetznerRoom) -> None:
    (one,) = launch(hetzner)
    failed = hetzner.provider.stop(hetzner.scope, machines([one])).failed
    assert isinstance(failed[one], errors.WrongState), "its creation is still under way"


def test_more_servers_than_a_page_holds_are_all_listed(hetzner: HetznerRoom) -> None:
    made = {one.provider_id for one in hetzner.launch(53)}
    pages = list(hetzner.provider.list(hetzner.scope))
    assert len(pages) == 2
    assert {one.provider_id for one in merge_pages(pages).sightings} == made


def test_a_page_that_cannot_be_had_makes_the_listing_incomplete(hetzner: HetznerRoom) -> None:
    hetzner.launch(53)
    pages = hetzner.provider.list(hetzner.scope)
    first = next(pages)
    hetzner.cloud.books.plan(Fault("GET", "/servers", 500, LOST))
    assert not merge_pages([first, *pages]).complete


def test_ours_is_found_by_deployment_and_token_whatever_letters_an_owner_has(hetzner: HetznerRoom) -> None:
    hetzner.wish(owner="Åsa O'Neil <a@b.c>")
    hetzner.spec = replace(hetzner.spec, tags={"team": "blue & green"})
    launch(hetzner, "first")
    (seen,) = merge_pages(hetzner.provider.list(hetzner.scope, Filter(token="first"))).sightings
    assert seen.tags["im:owner"] == "Åsa O'Neil <a@b.c>"
    assert seen.tags["team"] == "blue & green"


def test_its_prices_are_told_in_dollars_with_the_rate_that_was_taken(hetzner: HetznerRoom) -> None:
    items = [Item("hetzner", "all", "cx23"), Item("hetzner", "all", IPV4), Item("hetzner", "all", "cx99")]
    found = hetzner.provider.prices.fetch(hetzner.scope, items)
    assert set(found) == set(items[:2])
    (price,) = found[items[0]]
    assert price.usd == Decimal("0.0056") * Decimal("1.16")
    assert "EUR 0.0056" in price.source


@pytest.mark.parametrize(
    ("asked", "told"),
    [
        ({"instance_type": "CX23"}, "did you mean cx23"),
        ({"instance_type": "t3.nano"}, "types look like cx23"),
        ({"zone": "fsn"}, "did you mean fsn1"),
        ({"zone": "us-east-1a"}, "choose fsn1"),
        ({"hibernate": True}, "leave --hibernate out"),
        ({"root_disk": Disk(size_gb=100)}, "choose a larger type"),
        ({"volumes": (Disk(size_gb=10),)}, "choose a larger type"),
        ({"user_data": b"x" * 40000}, "at most 32 KiB"),
        ({"subnet": "subnet-1"}, "leave --vpc and --subnet out"),
        ({"options": {"iam-role": "x"}}, "iam-role"),
    ],
)
def test_what_hetzner_does_not_have_is_refused_with_what_it_has(asked: dict[str, object], told: str) -> None:
    with pytest.raises(Refused) as refused:
        PROFILE.plan(Ask(public_key=public_key(), **asked), account="default", default_region=None)
    assert told in f"{refused.value} {refused.value.hint}"


def test_a_stop_is_said_to_save_nothing() -> None:
    assert PROFILE.capabilities.billing.stop_saves_nothing


def test_the_price_list_tells_the_most_that_a_month_costs(hetzner: HetznerRoom) -> None:
    items = [Item("hetzner", "all", name) for name in ("cx23", "month:cx23", "month:ipv4", "month:cx99")]
    prices = hetzner.provider.prices
    assert prices is not None
    found = {item.name: price.usd for item, (price,) in prices.fetch(hetzner.scope, items).items()}
    euro = Decimal("1.16")
    assert found == {
        "cx23": Decimal("0.0056") * euro,
        "month:cx23": Decimal("3.49") * euro,
        "month:ipv4": Decimal("0.50") * euro,
    }
