"""A public address, or none, as wished and as subnets do by themselves, on the stand-in."""

from __future__ import annotations

from typing import Any

import pytest

from im.domain.spec.firewall import gathered
from im.providers.aws.launch.expected import expects
from im.providers.aws.profile import PROFILE
from im.providers.errors import InvalidSpec
from im.providers.request import Ask
from tests.machines import machines
from tests.providers.clouds import public_key
from tests.providers.standin_room import StandInRoom

ZONE = "us-east-1a"


def address(room: StandInRoom, **asked: Any) -> str | None:
    """Of a machine that was just launched and runs."""
    room.wish(**asked)
    (one,) = room.running()
    return room.provider.describe(room.scope, machines([one]))[one].public_ip


def wish(word: str) -> dict[str, Any]:
    return {"options": {"public-ip": word}}


def subnet(room: StandInRoom) -> str:
    return next(
        str(one["SubnetId"]) for one in room.raw.describe_subnets()["Subnets"] if one["AvailabilityZone"] == ZONE
    )


def test_nothing_said_the_subnet_decides(standin: StandInRoom) -> None:
    assert address(standin) is not None
    standin.control.private_subnet(ZONE)
    assert address(standin) is None


def test_none_in_a_subnet_that_gives_them_out(standin: StandInRoom) -> None:
    assert address(standin, **wish("no")) is None
    assert address(standin, **wish("no"), subnet=subnet(standin)) is None


def test_one_in_a_subnet_that_does_not(standin: StandInRoom) -> None:
    standin.control.private_subnet(ZONE)
    assert address(standin, **wish("yes")) is not None
    assert address(standin, **wish("yes"), subnet=subnet(standin)) is not None


def test_the_wish_outlives_a_stop(standin: StandInRoom) -> None:
    standin.wish(**wish("no"))
    (one,) = standin.running()
    for change in (standin.provider.stop, standin.provider.start):
        change(standin.scope, machines([one]))
        standin.settle()
    assert standin.provider.describe(standin.scope, machines([one]))[one].public_ip is None


def test_the_firewall_goes_with_the_interface(standin: StandInRoom) -> None:
    standin.wish(**wish("no"), ssh_from=("10.0.0.0/8",))
    (one,) = standin.running()
    assert standin.ways_in(one) == {str(rule) for rule in gathered(("10.0.0.0/8",), ()) or ()}


def test_in_a_vpc_the_subnet_that_already_does_as_wished_is_taken(standin: StandInRoom) -> None:
    vpc = standin.raw.describe_vpcs()["Vpcs"][0]["VpcId"]
    standin.control.private_subnet(ZONE)
    assert address(standin, **wish("yes"), network=vpc) is not None


def test_a_zone_without_a_default_subnet_is_named(standin: StandInRoom) -> None:
    standin.wish(**wish("no"), zone="us-east-1z")
    with pytest.raises(InvalidSpec, match=r"us-east-1z has no default subnet in this account; name one with --subnet"):
        standin.launch()


def test_the_price_follows_the_wish() -> None:
    def expected(**asked: Any) -> bool:
        ask = Ask(public_key=public_key(), **asked)
        return expects(PROFILE.plan(ask, account="a", default_region=None)[1]).address

    assert expected()
    assert expected(**wish("yes"))
    assert not expected(**wish("no"))
