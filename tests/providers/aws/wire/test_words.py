"""Every code of the cloud reads as one word of ours, and no message carries a secret."""

from __future__ import annotations

from im.providers.aws.api.errors import CODES
from im.providers.aws.provider import AwsProvider
from im.providers.errors import (
    Forbidden,
    Unknown,
)
from tests.machines import machines
from tests.providers.aws.canned import CannedCloud, refusal
from tests.providers.aws.wire.calls import SCOPE, A, launch_error


def test_every_code_of_the_table_reads_the_same_on_the_wire(aws: AwsProvider, cloud: CannedCloud) -> None:
    for code, meaning in CODES.items():
        cloud.will("TerminateInstances", refusal(code))
        error = aws.terminate(SCOPE, machines([A])).failed[A]
        assert (code, type(error)) == (code, meaning.kind)
        assert error.message == f"{meaning.says} ({code}: as AWS would say it)"


def test_a_code_without_a_word_is_unknown(aws: AwsProvider, cloud: CannedCloud) -> None:
    cloud.will("TerminateInstances", refusal("SomethingQuiteNew"))
    error = aws.terminate(SCOPE, machines([A])).failed[A]
    assert type(error) is Unknown
    assert "SomethingQuiteNew" in error.message


def test_no_message_carries_a_key_id_or_an_encoded_authorization(aws: AwsProvider, cloud: CannedCloud) -> None:
    blob = "Ab3-_" * 60
    words = f"You are not authorized, AKIAIOSFODNN7EXAMPLE. Encoded authorization failure message: {blob}"
    cloud.will("RunInstances", refusal("UnauthorizedOperation", words, status=403))
    error = launch_error(aws)
    assert isinstance(error, Forbidden)
    assert "You are not authorized" in error.message
    assert "AKIA" not in error.message + repr(error)
    assert "Ab3-_Ab3" not in error.message + repr(error)


def test_checks_name_the_actions_that_are_missing(aws: AwsProvider, cloud: CannedCloud) -> None:
    denied = refusal("UnauthorizedOperation", status=403)
    for action in ("DescribeAvailabilityZones", "GetCallerIdentity", "RunInstances"):
        cloud.will(action, denied)
    mends = {one.name: one.fix for one in aws.checks(SCOPE)}
    assert "ec2:DescribeInstances" in mends["endpoint"]
    assert "sts:GetCallerIdentity" in mends["identity"]
    assert mends["image"] == ""
    assert "ec2:RunInstances, ec2:CreateTags" in mends["launch"]
    assert cloud.asked("RunInstances")[0]["DryRun"] == "true"


def test_a_dry_run_that_would_succeed_is_permission(aws: AwsProvider, cloud: CannedCloud) -> None:
    cloud.will("RunInstances", refusal("DryRunOperation", status=412))
    assert {one.name: one.ok for one in aws.checks(SCOPE)}["launch"]
    cloud.will("RunInstances", refusal("AuthFailure", status=401))
    launch_check = next(one for one in aws.checks(SCOPE) if one.name == "launch")
    assert "AWS_ACCESS_KEY_ID" in launch_check.fix
