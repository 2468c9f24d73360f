"""What the wire may bring to a launch: refusals, half answers, silence. Each ends as one word of ours."""

from __future__ import annotations

from dataclasses import replace

import pytest
from botocore.config import Config

from im.providers.aws import provider as aws_provider
from im.providers.aws.profile import PROFILE
from im.providers.aws.provider import AwsProvider
from im.providers.contract import Slot
from im.providers.errors import (
    Ambiguous,
    InvalidSpec,
    NoCapacity,
    Rejected,
    Unavailable,
)
from im.providers.request import Ask
from im.settings import Settings
from tests.machines import machines
from tests.providers.aws.canned import CannedCloud, Reply, described, machine, ran, refusal
from tests.providers.aws.wire.calls import AMI, SCOPE, SPEC, A, B, launch, launch_error
from tests.providers.clouds import DEPLOYMENT, public_key


def test_a_repeated_launch_says_the_same_to_the_letter(aws: AwsProvider, cloud: CannedCloud) -> None:
    cloud.will("RunInstances", Reply(cut=0), ran(machine(A)))
    with pytest.raises(Ambiguous):
        launch(aws)
    assert launch(AwsProvider(Settings(sandbox_url=cloud.url), DEPLOYMENT)) == [A]
    first, second = cloud.asked("RunInstances")
    assert first == second
    assert first["ClientToken"] == "tok"
    assert first["Placement.AvailabilityZone"] == "us-east-1a"
    assert (first["MinCount"], first["MaxCount"]) == ("1", "1")
    assert first["MetadataOptions.HttpTokens"] == "required"
    assert first["BlockDeviceMapping.1.Ebs.Encrypted"] == "true"


def test_no_capacity_comes_with_status_500_and_is_a_definite_answer(aws: AwsProvider, cloud: CannedCloud) -> None:
    cloud.will("RunInstances", refusal("InsufficientInstanceCapacity", status=500))
    error = launch_error(aws)
    assert isinstance(error, NoCapacity)
    assert "InsufficientInstanceCapacity: as AWS would say it" in error.message
    assert cloud.actions().count("RunInstances") == 1


@pytest.mark.parametrize(
    "reply",
    [
        pytest.param(Reply(cut=0), id="connection closed without an answer"),
        pytest.param(replace(ran(machine(A)), cut=120), id="answer torn in the middle"),
        pytest.param(Reply(body=ran(machine(A)).body[:150]), id="whole answer of half XML"),
        pytest.param(Reply(body=""), id="empty success"),
        pytest.param(Reply(body="<html>hello</html>"), id="a proxy's page"),
        pytest.param(ran(), id="success that names no machine"),
        pytest.param(ran(machine(A, state="hibernating")), id="a state new to us"),
        pytest.param(refusal("InternalError", status=500), id="internal error"),
        pytest.param(refusal("NeverHeardOfIt", status=500), id="unmapped 500"),
        pytest.param(Reply(status=502, body="<html>bad gateway</html>"), id="bad gateway"),
        pytest.param(Reply(status=503, body=""), id="empty 503"),
    ],
)
def test_a_launch_without_a_whole_answer_is_ambiguous_and_not_repeated(
    aws: AwsProvider, cloud: CannedCloud, reply: Reply
) -> None:
    cloud.will("RunInstances", reply)
    assert isinstance(launch_error(aws), Ambiguous)
    assert cloud.actions().count("RunInstances") == 1, "a launch is repeated from its row alone, after a look"


def test_silence_is_ambiguous(aws: AwsProvider, cloud: CannedCloud, monkeypatch: pytest.MonkeyPatch) -> None:
    hasty = Config(connect_timeout=3, read_timeout=0.2, retries={"mode": "standard", "total_max_attempts": 1})
    monkeypatch.setattr(aws_provider, "LAUNCH", hasty)
    monkeypatch.setattr(aws_provider, "QUICK", hasty)
    cloud.will("RunInstances", Reply(silent=True))
    assert isinstance(launch_error(aws), Ambiguous)
    cloud.will("StopInstances", Reply(silent=True))
    assert isinstance(aws.stop(SCOPE, machines([A])).failed[A], Ambiguous)


def test_what_fails_before_the_launch_is_never_ambiguous(aws: AwsProvider, cloud: CannedCloud) -> None:
    for action in ("DescribeImages", "ImportKeyPair"):
        before = cloud.replies[action]
        cloud.will(action, Reply(cut=0))
        assert isinstance(launch_error(aws), Unavailable)
        cloud.will(action, *before)
    assert cloud.asked("RunInstances") == []


@pytest.mark.parametrize("code", ["IdempotentParameterMismatch", "IdempotentInstanceTerminated"])
def test_a_token_used_before_leads_to_what_it_made(aws: AwsProvider, cloud: CannedCloud, code: str) -> None:
    cloud.will("RunInstances", refusal(code))
    cloud.will("DescribeInstances", described(machine(A, "terminated", 48)))
    assert launch(aws) == [A]
    asked = cloud.asked("DescribeInstances")[0]
    assert (asked["Filter.2.Name"], asked["Filter.2.Value.1"]) == ("tag:im:launch", "tok")


def test_a_token_used_before_that_made_nothing_we_see(aws: AwsProvider, cloud: CannedCloud) -> None:
    cloud.will("DescribeInstances", described())
    cloud.will("RunInstances", refusal("IdempotentParameterMismatch"))
    assert isinstance(launch_error(aws), Ambiguous)
    cloud.will("RunInstances", refusal("IdempotentInstanceTerminated"))
    error = launch_error(aws)
    assert isinstance(error, Rejected)
    assert not isinstance(error, InvalidSpec)


def test_a_key_deleted_since_we_imported_it_is_imported_again(aws: AwsProvider, cloud: CannedCloud) -> None:
    cloud.will("RunInstances", ran(machine(A)), refusal("InvalidKeyPair.NotFound"), ran(machine(B)))
    assert launch(aws, token="one") == [A]
    assert launch(aws, token="two") == [B]
    assert cloud.actions().count("ImportKeyPair") == 2


def test_a_type_that_is_not_there_gets_its_nearest_names(aws: AwsProvider, cloud: CannedCloud) -> None:
    cloud.will("RunInstances", refusal("InvalidParameterValue", "Invalid value 't9.nano' for InstanceType."))
    with pytest.raises(InvalidSpec, match=r"no instance type t9\.nano; did you mean .*t\d\w?\.nano"):
        aws.launch(SCOPE, replace(SPEC, instance_type="t9.nano"), token="tok", slots=[Slot("im-1", "web-1")])


def test_a_zone_message_stands_even_when_the_zones_cannot_be_listed(aws: AwsProvider, cloud: CannedCloud) -> None:
    cloud.will("RunInstances", refusal("InvalidParameterValue", "Invalid availability zone: [us-east-1a]"))
    cloud.will("DescribeAvailabilityZones", refusal("UnauthorizedOperation", status=403))
    error = launch_error(aws)
    assert isinstance(error, InvalidSpec)
    assert error.message == "there is no zone us-east-1a for this account"


def test_other_refusals_keep_the_clouds_own_words(aws: AwsProvider, cloud: CannedCloud) -> None:
    words = "The architecture 'arm64' of the specified instance type does not match the architecture of the AMI"
    cloud.will("RunInstances", refusal("InvalidParameterValue", words))
    assert words in launch_error(aws).message


def test_a_region_that_nobody_knows() -> None:
    scope, spec = PROFILE.plan(
        Ask(public_key=public_key(), image=AMI, zone="us-east-77a"), account="default", default_region="us-east-77"
    )
    away = AwsProvider(Settings(sandbox_url="http://127.0.0.1:9"), DEPLOYMENT)
    with pytest.raises(InvalidSpec, match="no region by that name"):
        away.launch(scope, spec, token="tok", slots=[Slot("im-1", "web-1")])
