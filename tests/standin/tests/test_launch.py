"""RunInstances: tokens, limits, room, youth, and machines that end instead of running."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from tests.standin.client import Control
from tests.standin.tests.conftest import refused, shown, states

Run = Callable[..., list[str]]


# ---- tokens ----------------------------------------------------------------------------------------------------------


def test_the_same_token_and_request_make_no_second_machine(run: Run, ec2: Any, control: Control) -> None:
    first = run(2, ClientToken="once")
    control.step(10)
    assert run(2, ClientToken="once") == first
    assert set(shown(ec2)) == set(first)
    assert [bool(call["effects"].get(first[0])) for call in control.calls("RunInstances")] == [True, False]


def test_a_token_is_zonal(run: Run, ec2: Any) -> None:
    here, there = run(zone="us-east-1a", ClientToken="once"), run(zone="us-east-1b", ClientToken="once")
    assert set(shown(ec2)) == {*here, *there}
    assert here != there


def test_the_same_token_for_another_request_is_a_mismatch(run: Run, ec2: Any, ami: str) -> None:
    run(ClientToken="once")
    asked = {"ImageId": ami, "InstanceType": "t3.nano", "MinCount": 1, "MaxCount": 1, "ClientToken": "once"}
    code, status, _ = refused(ec2.run_instances, Placement={"AvailabilityZone": "us-east-1a"}, **asked)
    assert (code, status) == ("IdempotentParameterMismatch", 400)
    assert len(shown(ec2)) == 1


def test_the_token_of_a_terminated_machine_says_so_for_a_day(run: Run, ec2: Any, control: Control) -> None:
    (one,) = run(ClientToken="once")
    ec2.terminate_instances(InstanceIds=[one])
    control.step(3)
    assert refused(run, ClientToken="once")[0] == "IdempotentInstanceTerminated"
    control.step(24 * 3600 - 1)
    assert refused(run, ClientToken="once")[0] == "IdempotentInstanceTerminated"
    control.step(2)
    assert run(ClientToken="once") != [one]


def test_a_refused_launch_leaves_its_token_unused(run: Run, control: Control) -> None:
    control.capacity("us-east-1a", 0)
    assert refused(run, ClientToken="once")[0] == "InsufficientInstanceCapacity"
    control.capacity("us-east-1a", None)
    assert len(run(ClientToken="once")) == 1


@pytest.mark.parametrize("token", ["x" * 65, "tökén"])
def test_a_token_is_at_most_64_ascii_characters(run: Run, token: str) -> None:
    assert refused(run, ClientToken=token)[0] == "InvalidParameterValue"


# ---- how many --------------------------------------------------------------------------------------------------------


def test_machines_of_one_call_are_numbered_and_share_a_reservation(run: Run, ec2: Any) -> None:
    ids = run(3)
    (group,) = ec2.describe_instances()["Reservations"]
    assert [(one["InstanceId"], one["AmiLaunchIndex"]) for one in group["Instances"]] == list(
        zip(ids, range(3), strict=True)
    )


def test_as_many_as_there_is_room_for_between_min_and_max(run: Run, ec2: Any, control: Control) -> None:
    control.capacity("us-east-1a", 4)
    assert len(run(MinCount=2, MaxCount=10)) == 4
    code, status, message = refused(run)
    assert (code, status) == ("InsufficientInstanceCapacity", 500)
    assert "us-east-1a" in message
    assert "us-east-1b" in message
    assert len(run(zone="us-east-1b")) == 1


def test_room_is_counted_by_zone_and_type_and_given_back(running: Run, run: Run, ec2: Any, control: Control) -> None:
    control.capacity("us-east-1a", 1, instance_type="t3.micro")
    (one,) = running()
    assert refused(run)[0] == "InsufficientInstanceCapacity"
    assert run(InstanceType="t3.nano")
    ec2.stop_instances(InstanceIds=[one])
    control.step(3)
    (other,) = run()
    assert refused(ec2.start_instances, InstanceIds=[one])[:2] == ("InsufficientInstanceCapacity", 500)
    control.step(3)
    ec2.terminate_instances(InstanceIds=[other])
    ec2.start_instances(InstanceIds=[one])
    assert states(ec2, [one]) == ["pending"]


def test_without_a_zone_the_first_with_room_is_taken(ec2: Any, ami: str, control: Control) -> None:
    control.capacity("us-east-1a", 0)
    made = ec2.run_instances(ImageId=ami, InstanceType="t3.nano", MinCount=1, MaxCount=1)
    assert made["Instances"][0]["Placement"]["AvailabilityZone"] == "us-east-1b"


def test_quotas_are_by_machines_and_by_vcpus(run: Run, control: Control) -> None:
    control.limits(vcpus=5)
    run(2)
    assert refused(run)[:2] == ("VcpuLimitExceeded", 400)
    control.limits(instances=3)
    assert refused(run, count=2)[:2] == ("InstanceLimitExceeded", 400)
    assert run()


# ---- youth and ends --------------------------------------------------------------------------------------------------


def test_a_new_machine_is_unknown_for_a_while(run: Run, ec2: Any, control: Control) -> None:
    control.configure(delays={"visible": 5})
    (one,) = run(tags={"a": "b"})
    assert shown(ec2) == {}
    assert shown(ec2, Filters=[{"Name": "tag:a", "Values": ["b"]}]) == {}
    assert ec2.describe_instance_status(IncludeAllInstances=True)["InstanceStatuses"] == []
    for call in (ec2.describe_instances, ec2.start_instances, ec2.stop_instances, ec2.terminate_instances):
        code, _, message = refused(call, InstanceIds=[one])
        assert code == "InvalidInstanceID.NotFound"
        assert one in message
    assert (
        refused(ec2.create_tags, Resources=[one], Tags=[{"Key": "k", "Value": "v"}])[0] == "InvalidInstanceID.NotFound"
    )
    control.step(5)
    assert states(ec2, [one]) == ["running"]


def test_addresses_come_with_running(run: Run, ec2: Any, control: Control) -> None:
    (one,) = run()
    assert "PublicIpAddress" not in shown(ec2)[one]
    assert shown(ec2)[one]["PrivateIpAddress"]
    control.step(3)
    assert shown(ec2)[one]["PublicIpAddress"]


def test_a_doomed_machine_is_accepted_and_ends_with_its_reason(run: Run, ec2: Any, control: Control) -> None:
    control.doom("Server.InsufficientInstanceCapacity", "Server.InsufficientInstanceCapacity: none left")
    one, other = run(2)
    control.step(6)
    assert states(ec2, [one, other]) == ["terminated", "running"]
    assert shown(ec2)[one]["StateReason"]["Code"] == "Server.InsufficientInstanceCapacity"
    assert [change.after for change in control.changes(one)] == ["pending", "shutting-down", "terminated"]


# ---- what cannot be launched -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("wrong", "code", "says"),
    [
        ({"zone": "us-east-1x"}, "InvalidParameterValue", "Invalid availability zone: [us-east-1x]"),
        ({"InstanceType": "t9.nano"}, "InvalidParameterValue", "t9.nano"),
        ({"ImageId": "ami-0123456789abcdef0"}, "InvalidAMIID.NotFound", "ami-0123456789abcdef0"),
        ({"KeyName": "nobody's"}, "InvalidKeyPair.NotFound", "nobody's"),
        ({"InstanceType": "t4g.nano"}, "InvalidParameterValue", "arm64"),
        ({"SubnetId": "subnet-0123"}, "InvalidSubnetID.NotFound", "subnet-0123"),
        ({"SecurityGroupIds": ["sg-0123"]}, "InvalidGroup.NotFound", "sg-0123"),
        ({"MinCount": 2, "MaxCount": 1}, "InvalidParameterValue", "MaxCount"),
        ({"tags": {"aws:mine": "x"}}, "InvalidParameterValue", "reserved"),
        ({"tags": {f"k{n}": "" for n in range(51)}}, "TagLimitExceeded", "50"),
        (
            {"InstanceType": "t2.nano", "HibernationOptions": {"Configured": True}},
            "UnsupportedHibernationConfiguration",
            "t2",
        ),
    ],
)
def test_what_is_wrong_is_named_and_nothing_is_made(
    run: Run, ec2: Any, control: Control, wrong: dict[str, Any], code: str, says: str
) -> None:
    found, _, message = refused(run, **wrong)
    assert found == code
    assert says in message
    assert control.machines() == []


def test_a_dry_run_changes_nothing(run: Run, ec2: Any, control: Control) -> None:
    assert refused(run, DryRun=True)[:2] == ("DryRunOperation", 412)
    assert control.machines() == []
