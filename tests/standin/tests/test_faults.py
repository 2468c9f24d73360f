"""What goes wrong when it is told to: each half of a fault, seen through unmodified boto3 and in the ledger."""

from __future__ import annotations

import time
from collections.abc import Callable
from email.utils import parsedate_to_datetime
from typing import Any

import boto3
import pytest
from botocore.config import Config
from botocore.exceptions import ConnectionClosedError, ReadTimeoutError
from botocore.parsers import ResponseParserError

from tests.standin.client import Control, Wrong
from tests.standin.tests.conftest import START, client, refused, shown, states

Run = Callable[..., list[str]]


def test_a_scripted_refusal_strikes_so_many_calls_and_does_nothing(running: Run, ec2: Any, control: Control) -> None:
    ids = running()
    control.refuse("StopInstances", "RequestLimitExceeded", times=2)
    for _ in range(2):
        assert refused(ec2.stop_instances, InstanceIds=ids)[:2] == ("RequestLimitExceeded", 503)
    assert states(ec2, ids) == ["running"]
    ec2.stop_instances(InstanceIds=ids)
    assert states(ec2, ids) == ["stopping"]
    outcomes = [call["outcome"] for call in control.calls("StopInstances")]
    assert outcomes == ["not done: RequestLimitExceeded", "not done: RequestLimitExceeded", "done"]


def test_a_fault_may_wait_for_the_second_page(ec2: Any, control: Control) -> None:
    control.create(12)
    control.refuse("DescribeInstances", "InternalError", skip=1)
    first = ec2.describe_instances(MaxResults=5)
    asked = {"MaxResults": 5, "NextToken": first["NextToken"]}
    assert refused(ec2.describe_instances, **asked)[0] == "InternalError"
    assert ec2.describe_instances(**asked)["Reservations"]


def test_a_lost_reply_hides_an_effect(running: Run, ec2: Any, control: Control) -> None:
    ids = running()
    control.lose_reply("StopInstances")
    with pytest.raises(ConnectionClosedError):
        ec2.stop_instances(InstanceIds=ids)
    assert states(ec2, ids) == ["stopping"]
    (call,) = control.calls("StopInstances")
    assert (call["outcome"], call["reply"]) == ("done", "lost")


def test_a_lost_request_has_no_effect(running: Run, ec2: Any, control: Control) -> None:
    ids = running()
    control.lose_request("StopInstances")
    with pytest.raises(ConnectionClosedError):
        ec2.stop_instances(InstanceIds=ids)
    assert states(ec2, ids) == ["running"]
    assert control.calls("StopInstances")[0]["effects"] == {}


def test_a_launch_whose_reply_was_lost_is_found_by_its_token(run: Run, ec2: Any, control: Control) -> None:
    control.lose_reply("RunInstances")
    with pytest.raises(ConnectionClosedError):
        run(ClientToken="once")
    made = run(ClientToken="once")
    assert set(shown(ec2)) == set(made)


def test_botocores_own_retry_after_a_lost_reply_makes_one_machine(
    ec2: Any, ami: str, control: Control, stepped: Any
) -> None:
    """moto makes two."""
    patient = boto3.client(
        "ec2", "us-east-1", endpoint_url=stepped.url, aws_access_key_id="t", aws_secret_access_key="t"
    )
    control.lose_reply("RunInstances")
    patient.run_instances(ImageId=ami, InstanceType="t3.nano", MinCount=1, MaxCount=1)
    assert len(shown(ec2)) == 1
    assert control.counts()["calls"]["RunInstances"] == 2


def test_a_late_effect_lands_after_the_reply_was_lost(running: Run, ec2: Any, control: Control) -> None:
    ids = running()
    control.act_late("StopInstances", 7)
    with pytest.raises(ConnectionClosedError):
        ec2.stop_instances(InstanceIds=ids)
    assert states(ec2, ids) == ["running"]
    assert control.calls("StopInstances") == []
    control.step(6)
    assert states(ec2, ids) == ["running"]
    control.step(10)
    assert states(ec2, ids) == ["stopped"]
    (call,) = control.calls("StopInstances")
    assert call["at"] - call["arrived"] == 7
    stopping = next(change for change in control.changes(*ids) if change.after == "stopping")
    assert stopping.at == call["at"]


def test_a_late_launch_appears_later(run: Run, ec2: Any, control: Control) -> None:
    control.act_late("RunInstances", 60, reply="error", code="InternalError")
    assert refused(run, ClientToken="once")[:2] == ("InternalError", 500)
    assert shown(ec2) == {}
    control.step(60)
    assert len(shown(ec2)) == 1


def test_a_truncated_answer_is_no_answer(running: Run, ec2: Any, control: Control) -> None:
    ids = running()
    control.truncate("DescribeInstances", keep=0.3)
    with pytest.raises(ResponseParserError):
        ec2.describe_instances()
    assert set(shown(ec2)) == set(ids)


def test_a_burst_lasts_as_long_as_it_was_told_to(ec2: Any, control: Control) -> None:
    control.refuse("Describe*", "Unavailable", times=None, duration=30)
    for _ in range(3):
        assert refused(ec2.describe_instances)[:2] == ("Unavailable", 503)
    control.step(30)
    assert shown(ec2) == {}
    assert control.faults() == []


def test_a_storm_strikes_with_its_probability_and_the_same_each_time(ec2: Any, control: Control) -> None:
    def storm() -> list[bool]:
        control.reset()
        control.refuse("DescribeInstances", "RequestLimitExceeded", times=None, p=0.7)
        struck = []
        for _ in range(60):
            try:
                ec2.describe_instances()
                struck.append(False)
            except ec2.exceptions.ClientError:
                struck.append(True)
        return struck

    first = storm()
    assert 30 < sum(first) < 55
    assert storm() == first


def test_denied_credentials_are_denied_until_they_are_not(running: Run, ec2: Any, control: Control) -> None:
    ids = running()
    number = control.deny("StopInstances")
    control.deny("DescribeImages", "AuthFailure")
    for _ in range(2):
        assert refused(ec2.stop_instances, InstanceIds=ids)[:2] == ("UnauthorizedOperation", 403)
    assert refused(ec2.describe_images)[:2] == ("AuthFailure", 401)
    control.clear_faults(number)
    ec2.stop_instances(InstanceIds=ids)


def test_a_fault_may_be_meant_for_one_machine_one_zone_or_one_region(running: Run, ec2: Any, control: Control) -> None:
    one, other = running(2)
    control.refuse("StopInstances", "InternalError", ids=[other])
    control.refuse("RunInstances", "InternalError", zone="us-east-1b")
    control.refuse("DescribeInstances", "InternalError", region="eu-west-1")
    ec2.stop_instances(InstanceIds=[one])
    assert refused(ec2.stop_instances, InstanceIds=[one, other])[0] == "InternalError"
    assert refused(running, zone="us-east-1b")[0] == "InternalError"
    assert running(zone="us-east-1c")
    assert len(shown(ec2)) == 3


def test_a_slow_answer_leaves_late_though_the_effect_was_at_once(
    running: Run, ec2: Any, control: Control, stepped: Any
) -> None:
    import boto3

    ids = running()
    control.slow("StopInstances", 5)
    hasty = boto3.client(
        *("ec2", "us-east-1"),
        endpoint_url=stepped.url,
        aws_access_key_id="t",
        aws_secret_access_key="t",
        config=Config(read_timeout=0.2, retries={"total_max_attempts": 1}),
    )
    began = time.monotonic()
    with pytest.raises(ReadTimeoutError):
        hasty.stop_instances(InstanceIds=ids)
    assert time.monotonic() - began < 4
    assert states(ec2, ids) == ["stopping"]  # the server answers others meanwhile


def test_the_clouds_clock_is_in_every_answer(ec2: Any, control: Control) -> None:
    def date() -> float:
        written = ec2.describe_instances()["ResponseMetadata"]["HTTPHeaders"]["date"]
        return parsedate_to_datetime(written).timestamp()

    assert date() == START
    control.step(90)
    assert date() == START + 90
    control.configure(skew=3600)
    assert date() == START + 90 + 3600


def test_a_fault_that_makes_no_sense_is_told(control: Control) -> None:
    with pytest.raises(Wrong, match="effect is one of"):
        control.fault(action="x", effect="maybe")
    with pytest.raises(Wrong, match="nothing to answer normal with"):
        control.fault(action="x", effect="none")
    with pytest.raises(Wrong, match="reply of error"):
        control.fault(action="x", reply="error")


def test_every_service_can_be_struck(control: Control, stepped: Any) -> None:
    control.refuse("GetCallerIdentity", "ExpiredToken", status=403)
    assert refused(client(stepped.url, "sts").get_caller_identity)[:2] == ("ExpiredToken", 403)
    control.refuse("GetParameter", "ThrottlingException")
    assert refused(client(stepped.url, "ssm").get_parameter, Name="/x")[0] == "ThrottlingException"
