"""Start, stop, terminate: transitions that take time, batches that are all or nothing, protection, and what is remembered."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from tests.standin.client import Control
from tests.standin.tests.conftest import START, refused, shown, states

Run = Callable[..., list[str]]
ABSENT = "i-0123456789abcdef0"


def test_a_life_passes_through_every_state_in_its_time(run: Run, ec2: Any, control: Control) -> None:
    (one,) = run()
    control.step(4)
    ec2.stop_instances(InstanceIds=[one])
    control.step(4)
    ec2.start_instances(InstanceIds=[one])
    control.step(4)
    ec2.terminate_instances(InstanceIds=[one])
    control.step(4)
    assert [(change.at - START, change.after) for change in control.changes(one)] == [
        *((0, "pending"), (3, "running"), (4, "stopping"), (7, "stopped")),
        *((8, "pending"), (11, "running"), (12, "shutting-down"), (15, "terminated")),
    ]


def test_answers_name_the_state_before_and_the_one_that_begins(running: Run, ec2: Any) -> None:
    (one,) = running()
    (change,) = ec2.stop_instances(InstanceIds=[one])["StoppingInstances"]
    assert (change["PreviousState"]["Name"], change["CurrentState"]) == ("running", {"Code": 64, "Name": "stopping"})
    (again,) = ec2.stop_instances(InstanceIds=[one])["StoppingInstances"]
    assert (again["PreviousState"]["Name"], again["CurrentState"]["Name"]) == ("stopping", "stopping")


def test_a_restart_changes_address_and_launch_time_but_not_the_machine(
    running: Run, ec2: Any, control: Control
) -> None:
    (one,) = running()
    before = shown(ec2)[one]
    ec2.stop_instances(InstanceIds=[one])
    control.step(3)
    assert "PublicIpAddress" not in shown(ec2)[one]
    ec2.start_instances(InstanceIds=[one])
    control.step(3)
    after = shown(ec2)[one]
    assert after["PublicIpAddress"] != before["PublicIpAddress"]
    assert after["PrivateIpAddress"] == before["PrivateIpAddress"]
    assert (after["LaunchTime"] - before["LaunchTime"]).total_seconds() == 6


def test_a_stop_leaves_its_reason_and_its_moment(running: Run, ec2: Any, control: Control) -> None:
    (one,) = running()
    assert "StateReason" not in shown(ec2)[one]
    ec2.stop_instances(InstanceIds=[one])
    stopping = shown(ec2)[one]
    assert stopping["StateTransitionReason"] == "User initiated (2030-01-01 00:00:03 GMT)"
    assert stopping["StateReason"]["Code"] == "Client.UserInitiatedShutdown"


@pytest.mark.parametrize(
    ("at", "refuses", "takes"),
    [
        ("pending", {"stop"}, {"start", "terminate"}),
        ("running", set(), {"start", "stop", "terminate"}),
        ("stopping", {"start"}, {"stop", "terminate"}),
        ("stopped", set(), {"start", "stop", "terminate"}),
        ("shutting-down", {"start", "stop"}, {"terminate"}),
        ("terminated", {"start", "stop"}, {"terminate"}),
    ],
)
def test_which_state_takes_which_verb(
    run: Run, ec2: Any, control: Control, at: str, refuses: set[str], takes: set[str]
) -> None:
    for verb in refuses | takes:
        (one,) = run()
        if at != "pending":
            control.step(3)
        if at in ("stopping", "stopped"):
            ec2.stop_instances(InstanceIds=[one])
        if at in ("shutting-down", "terminated"):
            ec2.terminate_instances(InstanceIds=[one])
        if at in ("stopped", "terminated"):
            control.step(3)
        assert states(ec2, [one]) == [at]
        call = getattr(ec2, f"{verb}_instances")
        if verb in refuses:
            code, status, message = refused(call, InstanceIds=[one])
            assert (code, status) == ("IncorrectInstanceState", 400)
            assert one in message
            assert states(ec2, [one]) == [at]
        else:
            call(InstanceIds=[one])


# ---- batches ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("verb", ["start", "stop", "terminate"])
def test_one_unknown_id_stops_the_whole_batch_and_all_unknown_are_named(running: Run, ec2: Any, verb: str) -> None:
    ids = running(3)
    other = "i-0123456789abcdef1"
    code, _, message = refused(getattr(ec2, f"{verb}_instances"), InstanceIds=[ids[0], ABSENT, *ids[1:], other])
    assert code == "InvalidInstanceID.NotFound"
    assert message == f"The instance IDs '{ABSENT}, {other}' do not exist"
    assert states(ec2, ids) == ["running"] * 3


def test_a_malformed_id_is_named(running: Run, ec2: Any) -> None:
    ids = running(2)
    code, _, message = refused(ec2.stop_instances, InstanceIds=[*ids, "no-id-at-all"])
    assert (code, message) == ("InvalidInstanceID.Malformed", 'Invalid id: "no-id-at-all"')
    assert states(ec2, ids) == ["running"] * 2


def test_one_machine_in_a_wrong_state_stops_the_whole_batch(running: Run, run: Run, ec2: Any) -> None:
    ids = running(2)
    (young,) = run()
    code, _, message = refused(ec2.stop_instances, InstanceIds=[*ids, young])
    assert code == "IncorrectInstanceState"
    assert young in message
    assert states(ec2, ids) == ["running"] * 2


def test_a_protected_machine_saves_its_zone_and_the_call_fails(running: Run, ec2: Any, control: Control) -> None:
    mine, protected = running(2)
    (elsewhere,) = running(zone="us-east-1b")
    ec2.modify_instance_attribute(InstanceId=protected, DisableApiTermination={"Value": True})
    code, status, message = refused(ec2.terminate_instances, InstanceIds=[mine, protected, elsewhere])
    assert (code, status) == ("OperationNotPermitted", 400)
    assert protected in message
    assert states(ec2, [mine, protected, elsewhere]) == ["running", "running", "shutting-down"]
    assert control.calls("TerminateInstances")[0]["effects"] == {elsewhere: "running → shutting-down"}


def test_stop_protection_stops_the_whole_batch(running: Run, ec2: Any, control: Control) -> None:
    ids = running(2)
    control.protect(ids[1], stop=True)
    code, _, message = refused(ec2.stop_instances, InstanceIds=ids)
    assert code == "OperationNotPermitted"
    assert ids[1] in message
    assert states(ec2, ids) == ["running"] * 2


def test_one_time_spot_cannot_stop_and_persistent_can(running: Run, ec2: Any) -> None:
    once = running(InstanceMarketOptions={"MarketType": "spot"})
    assert refused(ec2.stop_instances, InstanceIds=once)[0] == "UnsupportedOperation"
    options = {"SpotInstanceType": "persistent", "InstanceInterruptionBehavior": "stop"}
    again = running(InstanceMarketOptions={"MarketType": "spot", "SpotOptions": options})
    ec2.stop_instances(InstanceIds=again)
    assert states(ec2, again) == ["stopping"]


def test_hibernation_is_for_machines_that_were_made_for_it(running: Run, ec2: Any) -> None:
    (plain,) = running()
    assert refused(ec2.stop_instances, InstanceIds=[plain], Hibernate=True)[0] == "UnsupportedHibernationConfiguration"
    disk = [{"DeviceName": "/dev/xvda", "Ebs": {"Encrypted": True}}]
    (made_for_it,) = running(InstanceType="m5.large", HibernationOptions={"Configured": True}, BlockDeviceMappings=disk)
    ec2.stop_instances(InstanceIds=[made_for_it], Hibernate=True)
    assert shown(ec2)[made_for_it]["StateReason"]["Code"] == "Client.UserInitiatedHibernate"


# ---- the end ---------------------------------------------------------------------------------------------------------


def test_a_terminated_machine_is_shown_for_an_hour_and_then_was_never_there(
    running: Run, ec2: Any, control: Control
) -> None:
    (one,) = running()
    ec2.terminate_instances(InstanceIds=[one])
    control.step(3)
    gone = shown(ec2)[one]
    assert gone["State"]["Name"] == "terminated"
    assert "PrivateIpAddress" not in gone
    assert ec2.describe_volumes()["Volumes"] == []
    control.step(3599)
    assert one in shown(ec2)
    control.step(1)
    assert shown(ec2) == {}
    assert refused(ec2.terminate_instances, InstanceIds=[one])[0] == "InvalidInstanceID.NotFound"


def test_a_start_cannot_be_overtaken_by_the_end_of_an_earlier_stop(running: Run, ec2: Any, control: Control) -> None:
    (one,) = running()
    ec2.stop_instances(InstanceIds=[one])
    control.step(1)
    ec2.terminate_instances(InstanceIds=[one])
    control.step(10)
    assert [change.after for change in control.changes(one)][2:] == ["stopping", "shutting-down", "terminated"]


# ---- outside hands ---------------------------------------------------------------------------------------------------


def test_outside_hands_leave_changes_and_no_calls(running: Run, ec2: Any, control: Control) -> None:
    one, other = running(2)
    control.outside("stop", one)
    control.step(3)
    control.outside("start", one)
    control.outside("vanish", other)
    control.step(3)
    assert states(ec2, [one]) == ["running"]
    assert refused(ec2.describe_instances, InstanceIds=[other])[0] == "InvalidInstanceID.NotFound"
    assert [change.cause for change in control.changes(one)][2:] == ["outside", "clock", "outside", "clock"]
    assert control.changes(other)[-1].after == "none"
    assert [call["action"] for call in control.calls()] == ["RunInstances"]


def test_orphans_and_strangers_can_be_put_there(ec2: Any, control: Control) -> None:
    ids = control.create(2, tags={"im:deployment": "d", "Name": "web-{n}"}, state="stopped", zones=["us-east-1b"])
    found = shown(ec2, Filters=[{"Name": "tag:Name", "Values": ["web-1"]}])
    assert set(found) == {ids[1]}
    assert found[ids[1]]["State"]["Name"] == "stopped"
    assert found[ids[1]]["Placement"]["AvailabilityZone"] == "us-east-1b"
    assert "PublicIpAddress" not in found[ids[1]]
