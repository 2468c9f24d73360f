"""What machines are launched with, by every cloud: networks, disks, user data, and what is left of them."""

from __future__ import annotations

import pytest

from im.db.instances.spec import from_spec
from im.domain.errors import Refused
from im.domain.spec.disk import Disk
from im.domain.spec.firewall import parse_open
from im.domain.state import Observed
from im.providers.errors import WrongState
from tests.machines import machines
from tests.providers.clouds import STRANGER, Room

pytestmark = pytest.mark.sampled(every=3)
WALLED = ["fake", "standin", "azure", "digitalocean", "gcp", "hetzner", "nebius"]
"""Where a machine has an address of its own, and something of ours before it, that is found again when it is gone."""
walled = pytest.mark.parametrize("room", WALLED, indirect=True)


@walled
def test_what_was_opened_is_open_and_nothing_else(room: Room) -> None:
    assert room.provider.capabilities.can_firewall
    room.wish(ssh_from=("203.0.113.7/32", "198.51.100.0/24"), open_ports=parse_open("443/tcp,8000-8010/udp@10.0.0.0/8"))
    (one,) = room.launch()
    wanted = {"22/tcp@203.0.113.7/32", "22/tcp@198.51.100.0/24", "8000-8010/udp@10.0.0.0/8", "443/tcp@0.0.0.0/0"}
    assert room.ways_in(one.provider_id) == wanted | ({"443/tcp@::/0"} if room.has_ipv6 else set())


@walled
def test_what_one_machine_opens_is_closed_on_the_others(room: Room) -> None:
    room.wish(ssh_from=("203.0.113.7/32",))
    first = room.launch()[0].provider_id
    room.wish(ssh_from=("203.0.113.7/32",), open_ports=parse_open("443/tcp@10.0.0.0/8"))
    open_one = room.launch()[0].provider_id
    room.wish(ssh_from=("198.51.100.9/32",))
    elsewhere = room.launch()[0].provider_id
    assert room.ways_in(first) == {"22/tcp@203.0.113.7/32"}
    assert room.ways_in(open_one) == {"22/tcp@203.0.113.7/32", "443/tcp@10.0.0.0/8"}
    assert room.ways_in(elsewhere) == {"22/tcp@198.51.100.9/32"}


@walled
def test_nobody_may_be_let_in(room: Room) -> None:
    room.wish(ssh_from=())
    assert room.ways_in(room.launch()[0].provider_id) == set()


@walled
def test_a_network_nothing_was_said_of_is_left_as_it_is(room: Room) -> None:
    room.wish()
    assert room.ways_in(room.launch()[0].provider_id) is None


def test_an_option_that_the_cloud_does_not_have_is_refused(room: Room) -> None:
    with pytest.raises(Refused, match="--warp-drive is nothing that"):
        room.wish(options={"warp-drive": "on"})
    room.wish(options={"warp-drive": ""})


@pytest.mark.parametrize(
    "room", ["fake", "standin", "azure", "gcp"], indirect=True
)  # elsewhere the disk comes with the type
def test_a_machine_has_the_disks_that_were_asked_for(room: Room) -> None:
    room.wish(root_disk=Disk(50), volumes=(Disk(100, keep=True), Disk(20)))
    (one,) = room.launch()
    assert room.disks(one.provider_id) == [(50, False), (100, True), (20, False)]


@pytest.mark.parametrize("room", ["fake", "standin", "azure", "gcp"], indirect=True)
def test_a_disk_that_is_to_be_kept_outlives_its_machine_and_no_other_does(room: Room) -> None:
    room.wish(root_disk=Disk(50), volumes=(Disk(100, keep=True), Disk(20)))
    room.provider.terminate(room.scope, machines(room.running(1)))
    room.settle()
    assert room.left() == [100]


@pytest.mark.parametrize("content", [b"#!/bin/sh\necho \xc3\xa9\r\n", b"#!/bin/sh\necho \x00\xff hello\n"])
def test_user_data_reaches_every_machine_to_the_byte(room: Room, content: bytes) -> None:
    if not room.runs_user_data:
        with pytest.raises(Refused, match="user data"):
            room.wish(user_data=content)
        return
    if b"\x00" in content and room.profile.name in ("digitalocean", "hetzner", "lambda"):
        with pytest.raises(Refused, match="UTF-8"):
            room.wish(user_data=content)
        return
    room.wish(user_data=content)
    assert [room.user_data(one.provider_id) for one in room.launch(2)] == [content, content]
    room.wish()
    assert not room.user_data(room.launch()[0].provider_id)


def test_user_data_shows_in_no_spec(room: Room) -> None:
    if not room.runs_user_data:
        assert room.spec.user_data is None
        return
    room.wish(user_data=b"secret-of-mine")
    assert "secret-of-mine" not in repr(room.spec)
    assert "secret-of-mine" not in str(from_spec(room.spec))


@pytest.mark.parametrize("room", ["fake", "standin", "gcp"], indirect=True)
def test_a_machine_that_can_hibernate_stops_like_any_other_when_that_is_not_asked(room: Room) -> None:
    assert room.provider.capabilities.can_hibernate
    room.wish(hibernate=True, instance_type="t3.micro")
    plain, asleep = room.running(2)
    result = room.provider.stop(room.scope, machines([plain, asleep]), hibernate=[asleep])
    assert (set(result.done), dict(result.failed)) == ({plain, asleep}, {})
    room.settle()
    assert room.states([plain, asleep]) == {plain: Observed.STOPPED, asleep: Observed.STOPPED}
    assert set(room.provider.start(room.scope, machines([plain, asleep])).done) == {plain, asleep}
    room.settle()
    assert room.states([plain, asleep]) == {plain: Observed.RUNNING, asleep: Observed.RUNNING}


@walled
def test_what_a_machine_was_launched_with_is_in_use_until_it_is_gone(room: Room) -> None:
    room.wish(ssh_from=("203.0.113.7/32",))
    (one,) = room.running()
    things = room.provider.leftovers.found(room.scope)
    assert {thing.name for thing in things} == room.provider.leftovers.needed_by(room.spec)
    used = [thing for thing in things if "key" not in thing.kind or room.holds_keys]
    assert [thing for thing in things if thing.used] == used
    failed = room.provider.leftovers.discard(room.scope, used)
    assert set(failed) == {thing.id for thing in used}
    assert all(isinstance(exc, WrongState) for exc in failed.values())
    if room.provider.capabilities.can_stop:
        room.provider.stop(room.scope, machines([one]))
        room.settle()
    left = [thing.id for thing in room.provider.leftovers.found(room.scope) if thing.used]
    assert left == [thing.id for thing in used], "it may be started again"
    room.provider.terminate(room.scope, machines([one]))
    room.settle()
    assert [thing.used for thing in room.provider.leftovers.found(room.scope)] == [False] * len(things)


@walled
def test_what_is_discarded_is_gone_and_discarding_again_is_done(room: Room) -> None:
    room.wish(ssh_from=())
    room.provider.terminate(room.scope, machines(room.running()))
    room.settle()
    things = room.provider.leftovers.found(room.scope)
    assert {thing.name for thing in things} == room.provider.leftovers.needed_by(room.spec) != set()
    for _ in range(2):
        assert room.provider.leftovers.discard(room.scope, things) == {}
    assert room.provider.leftovers.found(room.scope) == []


@walled
def test_the_belongings_of_another_deployment_are_left_alone(room: Room) -> None:
    room.wish(ssh_from=())
    theirs = room.of_deployment(STRANGER)
    (made,) = theirs.launch(room.scope, room.spec, token="theirs", slots=room.slots())
    room.settle()
    theirs.terminate(room.scope, machines([made.provider_id]))
    room.settle()
    things = theirs.leftovers.found(room.scope)
    assert things
    assert room.provider.leftovers.found(room.scope) == []
    assert room.provider.leftovers.discard(room.scope, things) == {}
    assert theirs.leftovers.found(room.scope) == things


@walled
def test_what_was_discarded_is_made_again_when_it_is_needed(room: Room) -> None:
    room.wish(ssh_from=("203.0.113.7/32",))
    room.provider.terminate(room.scope, machines(room.running()))
    room.settle()
    room.provider.leftovers.discard(room.scope, room.provider.leftovers.found(room.scope))
    (one,) = room.launch()
    assert room.ways_in(one.provider_id) == {"22/tcp@203.0.113.7/32"}
    assert len(room.provider.leftovers.found(room.scope)) == len(room.provider.leftovers.needed_by(room.spec))
