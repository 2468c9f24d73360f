"""What is DigitalOcean's own: launches without a fence, tags that lag, status that lags, and words that all are 422."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from functools import partial

import pytest

from im.domain.spec.firewall import parse_open
from im.domain.state import Observed
from im.providers import errors
from im.providers.contract import Filter, Slot, Snapshot, merge_pages
from im.providers.digitalocean.api import DigitalOceanApi
from im.providers.digitalocean.provider import DigitalOceanProvider
from im.providers.machine import Machine
from im.standins.books import Fault
from tests.machines import machines
from tests.providers.clouds import DEPLOYMENT
from tests.providers.digitalocean_room import DigitalOceanRoom

LOST = {"id": "server_error", "message": "the gateway gave up"}
SLOT = Slot("im-0123456789", "web")


def launch(room: DigitalOceanRoom, slot: Slot = SLOT) -> list[str]:
    return [one.provider_id for one in room.provider.launch(room.scope, room.spec, token="tok", slots=[slot])]


def look(room: DigitalOceanRoom, launched_by: str = "tok") -> Snapshot:
    return merge_pages(room.provider.list(room.scope, Filter(token=launched_by)))


def test_a_launch_whose_reply_was_lost_is_found_by_its_token(digitalocean: DigitalOceanRoom) -> None:
    digitalocean.cloud.books.plan(Fault("POST", "/droplets", 503, LOST, after=True))
    with pytest.raises(errors.Ambiguous):
        launch(digitalocean)
    (found,) = look(digitalocean).sightings
    assert [int(found.provider_id)] == digitalocean.team.ever
    assert (found.tags["Name"], found.tags["im:instance"]) == ("web", "im-0123456789")


def test_while_its_tags_do_not_show_a_droplet_like_ours_leaves_the_look_incomplete(
    digitalocean: DigitalOceanRoom,
) -> None:
    digitalocean.team.tags_after = timedelta(minutes=5)
    digitalocean.cloud.books.plan(Fault("POST", "/droplets", 502, LOST, after=True))
    with pytest.raises(errors.Ambiguous):
        launch(digitalocean)
    digitalocean.clock.step(minutes=4)
    assert (look(digitalocean).complete, look(digitalocean).sightings) == (False, ())
    digitalocean.clock.step(minutes=2)
    assert (look(digitalocean).complete, len(look(digitalocean).sightings)) == (True, 1)


def test_a_droplet_of_somebody_else_is_in_nobodys_way(digitalocean: DigitalOceanRoom) -> None:
    digitalocean.foreign()
    assert look(digitalocean).complete
    digitalocean.team.tags_after = timedelta(days=1)
    launch(digitalocean, slot=Slot("im-1", "short"))  # none of our ids
    assert look(digitalocean).complete


def test_an_answer_for_fewer_than_were_asked_for_is_looked_into(digitalocean: DigitalOceanRoom) -> None:
    told = {"droplets": [], "links": {}}
    digitalocean.cloud.books.plan(Fault("POST", "/droplets", 202, told, after=True))
    with pytest.raises(errors.Ambiguous, match="answered for 0 droplets of 1"):
        launch(digitalocean)


def test_one_call_makes_ten_droplets_or_none(digitalocean: DigitalOceanRoom) -> None:
    digitalocean.team.droplet_limit = 15
    made = digitalocean.launch(12)
    assert [one.launch_index for one in made] == list(range(10))
    assert [int(one.provider_id) for one in made] == digitalocean.team.ever
    with pytest.raises(errors.QuotaExceeded):
        digitalocean.launch(12)
    assert len(digitalocean.team.ever) == 10
    digitalocean.launch(5)
    with pytest.raises(errors.QuotaExceeded, match="exceed your droplet limit"):
        launch(digitalocean)


def test_no_room_is_told_from_a_size_that_is_not_sold_there(digitalocean: DigitalOceanRoom) -> None:
    digitalocean.team.lacking.add(("s-1vcpu-1gb", "nyc3"))
    with pytest.raises(errors.NoCapacity, match="not available in this region"):
        launch(digitalocean)
    digitalocean.wish(instance_type="c-2", zone="ams3")
    with pytest.raises(errors.NotOffered):
        launch(digitalocean)


def test_what_the_api_calls_invalid_is_and_a_key_that_is_gone_may_come(digitalocean: DigitalOceanRoom) -> None:
    digitalocean.wish(image="plan9")
    with pytest.raises(errors.InvalidSpec, match="invalid image"):
        launch(digitalocean)
    told = {"id": "unprocessable_entity", "message": "7 are invalid key identifiers for Droplet creation."}
    digitalocean.cloud.books.plan(Fault("POST", "/droplets", 422, told))
    digitalocean.wish()
    with pytest.raises(errors.NotThereYet):
        launch(digitalocean)


def test_what_is_under_way_shows_though_the_status_lags(digitalocean: DigitalOceanRoom) -> None:
    digitalocean.team.status_lag = timedelta(seconds=4)
    (one,) = digitalocean.running()
    seen = partial(digitalocean.states, [one])
    digitalocean.provider.stop(digitalocean.scope, machines([one]))
    assert seen() == {one: Observed.STOPPING}
    digitalocean.clock.step(seconds=6)  # completed, and still shown as active
    assert seen() == {one: Observed.STOPPING}
    digitalocean.settle()
    digitalocean.provider.start(digitalocean.scope, machines([one]))
    assert seen() == {one: Observed.PENDING}
    digitalocean.settle()
    digitalocean.provider.terminate(digitalocean.scope, machines([one]))
    (listed,) = merge_pages(digitalocean.provider.list(digitalocean.scope)).sightings
    assert listed.state is Observed.TERMINATING
    digitalocean.settle()
    assert seen() == {}


def test_what_is_under_way_is_found_in_whichever_order_actions_are_listed(digitalocean: DigitalOceanRoom) -> None:
    digitalocean.team.oldest_first = True
    ids = [one for _ in range(21) for one in digitalocean.running(10)]
    digitalocean.provider.stop(digitalocean.scope, machines(ids[-1:]))
    assert digitalocean.states(ids[-1:]) == {ids[-1]: Observed.STOPPING}


def test_an_action_that_ends_in_error_leaves_the_droplet_what_it_was(digitalocean: DigitalOceanRoom) -> None:
    (one,) = digitalocean.running()
    digitalocean.team.failing.append("power_off")
    digitalocean.provider.stop(digitalocean.scope, machines([one]))
    digitalocean.clock.step(seconds=6)
    assert digitalocean.states([one]) == {one: Observed.RUNNING}


def test_a_droplet_with_an_action_under_way_refuses_the_next_one(digitalocean: DigitalOceanRoom) -> None:
    (one,) = digitalocean.running()
    digitalocean.provider.stop(digitalocean.scope, machines([one]))
    for verb in (digitalocean.provider.start, digitalocean.provider.terminate):
        assert isinstance(verb(digitalocean.scope, machines([one])).failed[one], errors.WrongState)


def test_a_delete_that_came_to_nothing_is_seen_to_have(digitalocean: DigitalOceanRoom) -> None:
    digitalocean.team.swallows = True
    (one,) = launch(digitalocean)
    assert digitalocean.provider.terminate(digitalocean.scope, machines([one])).failed == {}
    assert digitalocean.states([one]) == {one: Observed.PENDING}


def test_a_droplet_with_a_gpu_is_listed_though_no_tag_shows_it(digitalocean: DigitalOceanRoom) -> None:
    digitalocean.wish(instance_type="gpu-h100x1-80gb")
    (one,) = digitalocean.running()
    assert [seen.provider_id for seen in merge_pages(digitalocean.provider.list(digitalocean.scope)).sightings] == [one]
    assert len(look(digitalocean, "never").sightings) == 0
    marks = digitalocean.provider.marks
    assert marks is not None
    marks.put(digitalocean.scope, Machine(one), "000001-first")
    assert marks.read(digitalocean.scope) == {one: "000001-first"}


def test_more_than_a_page_holds_are_all_listed_and_a_page_that_fails_makes_it_incomplete(
    digitalocean: DigitalOceanRoom,
) -> None:
    made = {one.provider_id for _ in range(21) for one in digitalocean.launch(10)}
    pages = list(digitalocean.provider.list(digitalocean.scope))
    assert [len(page.sightings) for page in pages] == [200, 10, 0]
    assert {one.provider_id for one in merge_pages(pages).sightings} == made
    asked = digitalocean.provider.list(digitalocean.scope)
    first = next(asked)
    digitalocean.cloud.books.plan(Fault("GET", "/droplets", 500, LOST))
    assert not merge_pages([first, *asked]).complete


def test_the_two_limits_say_when_to_come_again(digitalocean: DigitalOceanRoom) -> None:
    for bucket, wait in ((digitalocean.team.minute, 2), (digitalocean.team.hour, 60)):
        bucket.left = 0
        with pytest.raises(errors.Throttled) as told:
            look(digitalocean)
        assert told.value.retry_after == timedelta(seconds=wait)
        bucket.left = bucket.size


def test_without_a_token_and_with_a_wrong_one_nobody_is_known(digitalocean: DigitalOceanRoom) -> None:
    for token in ("", "team.wrong"):
        stranger = DigitalOceanProvider(DigitalOceanApi(partial(str, token), f"{digitalocean.url}/v2"), DEPLOYMENT)
        with pytest.raises(errors.Unauthenticated):
            merge_pages(stranger.list(digitalocean.scope))
        assert {one.ok for one in stranger.checks(digitalocean.scope)} == {False}


def test_whatever_letters_an_owner_and_a_tag_have_are_read_back(digitalocean: DigitalOceanRoom) -> None:
    digitalocean.wish(owner="Åsa O'Neil <a@b.c>")
    tags = {"team": "blue & green", "Cost:Centre": "A_b", "empty": "", "long": "x" * 256}
    digitalocean.spec = replace(digitalocean.spec, tags=tags)
    launch(digitalocean)
    (seen,) = look(digitalocean).sightings
    assert {key: seen.tags[key] for key in ("team", "Cost:Centre", "empty")} == {
        key: tags[key] for key in ("team", "Cost:Centre", "empty")
    }
    assert seen.tags["im:owner"] == "Åsa O'Neil <a@b.c>"
    assert seen.tags["long"].startswith("x" * 200)


def test_a_firewall_stands_before_its_droplet_and_lets_everything_out(digitalocean: DigitalOceanRoom) -> None:
    digitalocean.wish(ssh_from=("203.0.113.7/32",), open_ports=parse_open("80-81/tcp"))
    launch(digitalocean)
    paths = [one.path for one in digitalocean.cloud.books.changes()]
    assert paths.index("/v2/firewalls") < paths.index("/v2/droplets")
    (wall,) = digitalocean.team.firewalls.values()
    assert [(rule["ports"], len(rule["sources"]["addresses"])) for rule in wall["inbound_rules"]] == [
        ("22", 1),
        ("80-81", 2),
    ]
    assert [rule["protocol"] for rule in wall["outbound_rules"]] == ["icmp", "tcp", "udp"]


def test_what_cannot_be_read_proves_nothing(digitalocean: DigitalOceanRoom) -> None:
    digitalocean.running()
    books, odd = (
        digitalocean.cloud.books,
        {"droplets": [{"id": 1, "name": "web-0123456789", "created_at": "2030-01-01"}]},
    )
    books.plan(Fault("GET", "/droplets", 200, odd))
    with pytest.raises(errors.Unavailable, match="cannot be read"):
        look(digitalocean)
    books.plan(Fault("GET", "/actions", 200, {"actions": [{"id": 7, "resource_type": "droplet", "resource_id": 8}]}))
    with pytest.raises(errors.Unavailable, match="an action that cannot be read"):
        look(digitalocean)


def test_checks_tell_of_a_locked_account_and_of_tags_that_may_not_be_seen(digitalocean: DigitalOceanRoom) -> None:
    digitalocean.running()
    digitalocean.team.status = "locked"
    everything = "account:read regions:read sizes:read droplet:read actions:read image:read".split()
    digitalocean.team.scopes = frozenset(everything)
    failed = {one.name: one for one in digitalocean.provider.checks(digitalocean.scope) if not one.ok}
    assert set(failed) == {"identity", "droplets"}
    assert "set the account to locked: Please contact support." in failed["identity"].detail
    assert "scopes" in failed["droplets"].fix
