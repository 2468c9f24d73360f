"""Security groups at EC2: made once, mended when others meddle, never one for two wishes; subnets, VPCs and their zones."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from im.domain.errors import Refused
from im.domain.spec.firewall import parse_open
from im.providers.errors import InvalidSpec, Unavailable
from tests.providers.clouds import DEPLOYMENT, STRANGER, AwsRoom
from tests.providers.standin_room import StandInRoom

ME = "203.0.113.7/32"


def our_groups(room: AwsRoom, deployment: str = DEPLOYMENT) -> list[dict[str, Any]]:
    mine: Any = [{"Name": "tag:im:deployment", "Values": [deployment]}]
    found: list[dict[str, Any]] = room.raw.describe_security_groups(Filters=mine)["SecurityGroups"]
    return found


def default_subnet(room: AwsRoom, zone: str) -> dict[str, Any]:
    found = room.raw.describe_subnets(Filters=[{"Name": "availability-zone", "Values": [zone]}])["Subnets"]
    return dict(found[0])


@pytest.fixture(params=["aws", "standin"])
def ec2(request: pytest.FixtureRequest) -> AwsRoom:
    found: AwsRoom = request.getfixturevalue(request.param)
    return found


def test_one_person_at_one_address_has_one_group_however_many_machines(ec2: AwsRoom) -> None:
    ec2.wish(ssh_from=(ME,))
    for _ in range(3):
        ec2.launch()
    ec2.provider = ec2.of_deployment(DEPLOYMENT)  # another worker
    ec2.launch()
    (group,) = our_groups(ec2)
    assert group["GroupName"].startswith(f"im-{DEPLOYMENT[:8]}-")
    assert group["Description"] == f"im: 22/tcp from {ME}"
    assert len(group["IpPermissions"]) == 1


def test_rules_are_mended_and_never_piled_up(ec2: AwsRoom) -> None:
    ec2.wish(ssh_from=(ME,), open_ports=parse_open("443"))
    (one,) = ec2.launch()
    (group,) = our_groups(ec2)
    wanted = ec2.ways_in(one.provider_id)
    by_hand: Any = [
        {"IpProtocol": "tcp", "FromPort": 3306, "ToPort": 3306, "IpRanges": [{"CidrIp": "0.0.0.0/0"}]},
        {"IpProtocol": "tcp", "FromPort": 22, "ToPort": 22, "UserIdGroupPairs": [{"GroupId": group["GroupId"]}]},
        {"IpProtocol": "-1", "IpRanges": [{"CidrIp": "192.0.2.0/24"}]},
    ]
    ec2.raw.authorize_security_group_ingress(GroupId=group["GroupId"], IpPermissions=by_hand)
    ssh: Any = [{"IpProtocol": "tcp", "FromPort": 22, "ToPort": 22, "IpRanges": [{"CidrIp": ME}]}]
    ec2.raw.revoke_security_group_ingress(GroupId=group["GroupId"], IpPermissions=ssh)
    ec2.provider = ec2.of_deployment(DEPLOYMENT)  # what one worker has seen to, it believes for some minutes
    ec2.launch()
    assert ec2.ways_in(one.provider_id) == wanted
    (mended,) = our_groups(ec2)
    assert mended["GroupId"] == group["GroupId"]
    assert not any(one.get("UserIdGroupPairs") or one["IpProtocol"] == "-1" for one in mended["IpPermissions"])


def test_another_deployment_has_groups_of_its_own(ec2: AwsRoom) -> None:
    ec2.wish(ssh_from=(ME,))
    ec2.launch()
    ec2.provider = ec2.of_deployment(STRANGER)
    ec2.launch()
    (ours,), (theirs,) = our_groups(ec2), our_groups(ec2, STRANGER)
    assert ours["GroupId"] != theirs["GroupId"]


def test_a_group_that_somebody_deleted_is_made_again(ec2: AwsRoom) -> None:
    ec2.wish(ssh_from=(ME,))
    (one,) = ec2.launch()
    ec2.raw.terminate_instances(InstanceIds=[one.provider_id])
    ec2.settle()
    ec2.raw.delete_security_group(GroupId=our_groups(ec2)[0]["GroupId"])
    (again,) = ec2.launch()
    assert ec2.ways_in(again.provider_id) == {f"22/tcp@{ME}"}


def test_a_newborn_group_that_is_not_known_everywhere_yet_is_waited_for(standin: StandInRoom) -> None:
    standin.wish(ssh_from=(ME,))
    standin.control.refuse("RunInstances", "InvalidGroup.NotFound", times=2)
    with pytest.raises(Unavailable, match="not known everywhere yet"):
        standin.launch(token="tok")
    (one,) = standin.launch(token="tok")
    assert standin.ways_in(one.provider_id) == {f"22/tcp@{ME}"}


def test_a_group_of_our_name_that_is_not_ours_is_left_alone(ec2: AwsRoom) -> None:
    ec2.wish(ssh_from=(ME,))
    ec2.launch()
    (group,) = our_groups(ec2)
    ec2.raw.delete_tags(Resources=[group["GroupId"]], Tags=[{"Key": "im:deployment"}])
    ec2.provider = ec2.of_deployment(DEPLOYMENT)
    with pytest.raises(InvalidSpec, match="is there and not ours"):
        ec2.launch()


def test_many_workers_at_once_make_one_group(standin: StandInRoom) -> None:
    standin.wish(ssh_from=(ME,), open_ports=parse_open("80,443,8000-8010"))
    workers = [standin.of_deployment(DEPLOYMENT) for _ in range(6)]

    def launch(at: int) -> str:
        made = workers[at].launch(standin.scope, standin.spec, token=f"at-once-{at}", slots=standin.slots())
        return made[0].provider_id

    with ThreadPoolExecutor(6) as pool:
        ids = list(pool.map(launch, range(6)))
    assert len(our_groups(standin)) == 1
    assert len({frozenset(standin.ways_in(one) or ()) for one in ids}) == 1


# ---- one's own -------------------------------------------------------------------------------------------------------


def test_groups_of_ones_own_are_taken_as_they_are(ec2: AwsRoom) -> None:
    made = [ec2.raw.create_security_group(GroupName=f"own-{n}", Description="mine")["GroupId"] for n in "ab"]
    ec2.wish(options={"security-group": tuple(made)})
    (one,) = ec2.launch()
    shown = ec2.raw.describe_instances(InstanceIds=[one.provider_id])["Reservations"][0]["Instances"][0]
    assert {group["GroupId"] for group in shown["SecurityGroups"]} == set(made)
    assert our_groups(ec2) == []


def test_a_group_of_ones_own_that_is_not_there(standin: StandInRoom) -> None:
    standin.wish(options={"security-group": ("sg-0123456789abcdef0",)})
    with pytest.raises(InvalidSpec, match="no such security group"):
        standin.launch()


@pytest.mark.parametrize(
    ("asked", "message", "hint"),
    [
        (
            {"ssh_from": (ME,), "options": {"security-group": ("sg-01234567",)}},
            "its own rules",
            "--ssh-from and --open",
        ),
        ({"options": {"security-group": ("subnet-01234567",)}}, "is a subnet, not a", "it goes with --subnet"),
        ({"options": {"security-group": ("default",)}}, "not the id of a security group", "sg-0123456789abcdef0"),
        ({"subnet": "vpc-01234567"}, "is a VPC, not a subnet", "it goes with --vpc"),
        ({"subnet": "subnet-1"}, "not the id of a subnet", "subnet-0123456789abcdef0"),
        ({"network": "main"}, "not the id of a VPC", "vpc-0123456789abcdef0"),
        (
            {"subnet": "subnet-01234567", "zone": "eu-west-1a"},
            "the zone follows the subnet",
            "leave --availability-zone out, and say AWS_REGION=eu-west-1",
        ),
        ({"subnet": "subnet-01234567", "zone": "us-east-1b"}, "the zone follows", "leave --availability-zone out"),
        ({"subnet": "subnet-01234567", "zone": "us-east-1ab"}, "not an availability zone", "us-east-1a or us-east-1b"),
    ],
)
def test_what_cannot_be_is_refused_at_the_prompt(aws: AwsRoom, asked: dict[str, Any], message: str, hint: str) -> None:
    with pytest.raises(Refused) as caught:
        aws.wish(**asked)
    assert message in caught.value.message
    assert hint in caught.value.hint


def test_six_groups_are_too_many(aws: AwsRoom) -> None:
    with pytest.raises(Refused, match="6 security groups"):
        aws.wish(options={"security-group": tuple(f"sg-0123456{n}" for n in range(6))})


# ---- where in the network --------------------------------------------------------------------------------------------


def test_the_zone_follows_the_subnet(ec2: AwsRoom) -> None:
    subnet = default_subnet(ec2, "us-east-1c")
    ec2.wish(subnet=subnet["SubnetId"], ssh_from=(ME,))
    assert ec2.spec.zone == ""
    (one,) = ec2.launch()
    assert one.zone == "us-east-1c"
    assert ec2.ways_in(one.provider_id) == {f"22/tcp@{ME}"}


def test_a_vpc_gives_its_subnet_of_the_zone(ec2: AwsRoom) -> None:
    subnet = default_subnet(ec2, "us-east-1b")
    ec2.wish(network=subnet["VpcId"], zone="us-east-1b")
    (one,) = ec2.launch()
    shown = ec2.raw.describe_instances(InstanceIds=[one.provider_id])["Reservations"][0]["Instances"][0]
    assert (shown["SubnetId"], one.zone) == (subnet["SubnetId"], "us-east-1b")


def test_a_vpc_without_a_subnet_there_names_the_zones_it_has(aws: AwsRoom) -> None:
    vpc = aws.raw.create_vpc(CidrBlock="10.9.0.0/16")["Vpc"]["VpcId"]
    aws.raw.create_subnet(VpcId=vpc, CidrBlock="10.9.1.0/24", AvailabilityZone="us-east-1d")
    aws.wish(network=vpc)
    with pytest.raises(InvalidSpec, match=rf"{vpc} has no subnet in us-east-1a; it has some in us-east-1d"):
        aws.launch()
    aws.wish(network=vpc, zone="us-east-1d", ssh_from=(ME,))
    (one,) = aws.launch()
    (group,) = our_groups(aws)
    assert (one.zone, group["VpcId"]) == ("us-east-1d", vpc)


def test_a_subnet_that_is_not_there(ec2: AwsRoom) -> None:
    ec2.wish(subnet="subnet-0123456789abcdef0")
    with pytest.raises(InvalidSpec, match="us-east-1 has no subnet subnet-0123456789abcdef0 in this account"):
        ec2.launch()


def test_a_subnet_of_another_vpc(ec2: AwsRoom) -> None:
    subnet = default_subnet(ec2, "us-east-1a")["SubnetId"]
    ec2.wish(subnet=subnet, network="vpc-0123456789abcdef0")
    with pytest.raises(InvalidSpec, match="not in vpc-0123456789abcdef0; leave --vpc out"):
        ec2.launch()
