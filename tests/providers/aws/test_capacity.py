"""Room at EC2, on the stand-in: what a zone has none of, what it has too few of, and what it does not sell."""

from __future__ import annotations

import pytest

from im.providers.aws.profile import PROFILE
from im.providers.errors import NoCapacity, NotOffered, NotThereYet
from im.providers.request import Ask
from tests.machines import by_machine, machines
from tests.providers.clouds import public_key
from tests.providers.standin_room import StandInRoom


@pytest.fixture
def real(standin: StandInRoom) -> StandInRoom:
    """As it stands before EC2 itself, whose launch tokens count; the sandbox's do not."""
    standin.provider.capabilities = PROFILE.capabilities
    return standin


def test_where_there_is_room_for_fewer_there_are_fewer_and_the_same_ones_when_asked_again(real: StandInRoom) -> None:
    real.control.capacity("us-east-1a", 3)
    slots = real.slots(5)
    made = [
        [one.provider_id for one in real.provider.launch(real.scope, real.spec, token="t", slots=slots)]
        for _ in range(2)
    ]
    assert len(made[0]) == 3
    assert made[0] == made[1]
    with pytest.raises(NoCapacity):
        real.provider.launch(real.scope, real.spec, token="another", slots=slots[3:])


def test_the_sandbox_makes_all_or_none(standin: StandInRoom) -> None:
    standin.control.capacity("us-east-1a", 3)
    with pytest.raises(NoCapacity):
        standin.launch(5)
    assert len(standin.launch(3)) == 3


def test_a_type_that_the_zone_does_not_sell_is_no_lack_of_room(standin: StandInRoom) -> None:
    standin.control.refuse("RunInstances", "Unsupported")
    with pytest.raises(NotOffered):
        standin.launch()


def test_only_zones_of_the_region_that_are_open_and_have_the_type(standin: StandInRoom) -> None:
    found = standin.provider.zones.offering(standin.scope, standin.spec, ["t3.nano", "x9.nano"])
    assert list(found["t3.nano"])[:2] == ["us-east-1a", "us-east-1b"]
    assert list(found["x9.nano"]) == []


def test_with_a_vpc_only_zones_that_it_has_subnets_in(standin: StandInRoom) -> None:
    vpc = standin.raw.describe_vpcs()["Vpcs"][0]["VpcId"]
    standin.wish(network=vpc)
    has = {one["AvailabilityZone"] for one in standin.raw.describe_subnets()["Subnets"] if one["VpcId"] == vpc}
    assert set(standin.provider.zones.offering(standin.scope, standin.spec, ["t3.nano"])["t3.nano"]) == has


def test_many_machines_are_named_by_several_hands(standin: StandInRoom) -> None:
    slots = standin.slots(20)
    made = standin.provider.launch(standin.scope, standin.spec, token="many", slots=slots)
    standin.settle()
    standin.provider.label(
        standin.scope, by_machine({one.provider_id: slot for one, slot in zip(made, slots, strict=True)})
    )
    seen = standin.provider.describe(standin.scope, machines([one.provider_id for one in made]))
    assert [seen[one.provider_id].tags["Name"] for one in made] == [slot.name for slot in slots]


@pytest.mark.parametrize("role", ["web", "arn:aws:iam::123456789012:instance-profile/team/web"])
def test_an_instance_profile_is_known_some_seconds_after_it_was_made(standin: StandInRoom, role: str) -> None:
    standin.control.profiles({"web": 12})
    standin.wish(options={"iam-role": role})
    for _ in range(2):  # the same token: nothing was launched by asking
        with pytest.raises(NotThereYet, match=r"EC2 knows no instance profile .*web in this account"):
            standin.provider.launch(standin.scope, standin.spec, token="t", slots=standin.slots(1))
        standin.control.step(5)
    standin.control.step(5)
    (made,) = standin.provider.launch(standin.scope, standin.spec, token="t", slots=standin.slots(1))
    (shown,) = standin.raw.describe_instances(InstanceIds=[made.provider_id])["Reservations"][0]["Instances"]
    assert shown["IamInstanceProfile"]["Arn"].endswith("/web")


def test_all_defaults_launch_in_a_region_that_came_after_t2(standin: StandInRoom) -> None:
    ask = Ask(public_key=public_key(), owner="me")
    standin.scope, standin.spec = PROFILE.plan(ask, account="default", default_region="eu-north-1")
    (made,) = standin.launch()
    assert (made.instance_type, made.zone) == ("t3.nano", "eu-north-1a")
    assert [one.name for one in standin.provider.checks(standin.scope) if not one.ok] == []


def test_a_type_that_is_not_sold_here_names_the_near_ones_that_are(standin: StandInRoom) -> None:
    standin.control.unsell("us-east-1a", "t3.nano")
    standin.wish(instance_type="t3.nano")
    with pytest.raises(NotOffered, match=r"us-east-1a sells no t3.nano; it has t3a.nano or t2.nano or "):
        standin.launch()
    ask = Ask(public_key=public_key(), instance_type="t2.micro")
    standin.scope, standin.spec = PROFILE.plan(ask, account="default", default_region="eu-north-1")
    with pytest.raises(NotOffered, match=r"eu-north-1a sells no t2.micro; it has t3.micro or "):
        standin.launch()


def test_where_nobody_may_ask_what_is_sold_ec2s_own_words_stand(standin: StandInRoom) -> None:
    standin.control.deny("DescribeInstanceTypeOfferings")
    standin.control.unsell("us-east-1a", "t3.nano")
    standin.wish(instance_type="t3.nano")
    with pytest.raises(NotOffered, match=r"Please retry your request by .* choosing us-east-1b"):
        standin.launch()
