"""What the wire may bring, through the real boto3: refusals, half answers, silence. Each ends as one word of ours."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from botocore.config import Config

from im.domain.state import Observed
from im.providers.aws import provider as aws_provider
from im.providers.aws.api.clients import Clients
from im.providers.aws.api.errors import CODES
from im.providers.aws.profile import PROFILE
from im.providers.aws.provider import AwsProvider
from im.providers.contract import Slot, merge_pages
from im.providers.errors import (
    Ambiguous,
    Forbidden,
    InvalidSpec,
    NoCapacity,
    NotFound,
    ProviderError,
    Rejected,
    Throttled,
    Unauthenticated,
    Unavailable,
    Unknown,
    Unsupported,
    WrongState,
)
from im.providers.request import Ask
from im.settings import Settings
from tests.machines import by_machine, machines
from tests.providers.aws.canned import CannedCloud, Reply, canned_cloud, described, machine, ran, refusal, stopping
from tests.providers.clouds import DEPLOYMENT, public_key

A, B, C, D = (f"i-0000000000000000{n}" for n in "abcd")
AMI = "ami-0123456789abcdef0"
SCOPE, SPEC = PROFILE.plan(Ask(public_key=public_key(), image=AMI), account="default", default_region="us-east-1")


@pytest.fixture(scope="module")
def server() -> Iterator[CannedCloud]:
    with canned_cloud() as canned:
        yield canned


@pytest.fixture(scope="module")
def clients(server: CannedCloud) -> Clients:
    """Shared, because making a client takes longer than anything asked of it."""
    return Clients(Settings(sandbox_url=server.url))


@pytest.fixture
def cloud(server: CannedCloud) -> CannedCloud:
    server.forget()
    return server


@pytest.fixture
def aws(cloud: CannedCloud, clients: Clients, monkeypatch: pytest.MonkeyPatch) -> AwsProvider:
    # botocore pauses between its own attempts; how often it tries is under test, not how long it waits
    monkeypatch.setattr("botocore.retries.standard.ExponentialBackoff.delay_amount", lambda *_: 0)
    return AwsProvider(Settings(sandbox_url=cloud.url), DEPLOYMENT, clients)


def launch(aws: AwsProvider, *, token: str = "tok") -> list[str]:  # noqa: S107  # a launch token, no secret
    return [one.provider_id for one in aws.launch(SCOPE, SPEC, token=token, slots=[Slot("im-1", "web-1")])]


def launch_error(aws: AwsProvider) -> ProviderError:
    with pytest.raises(ProviderError) as caught:
        launch(aws)
    return caught.value


# ---- launching -------------------------------------------------------------------------------------------------------


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


# ---- start, stop, terminate ------------------------------------------------------------------------------------------


def test_throttling_falls_on_every_id_and_is_not_bisected(aws: AwsProvider, cloud: CannedCloud) -> None:
    cloud.will("StopInstances", refusal("RequestLimitExceeded", status=503, Retry_After="7"))
    result = aws.stop(SCOPE, machines([A, B, C]))
    assert {type(error) for error in result.failed.values()} == {Throttled}
    assert {error.retry_after for error in result.failed.values()} == {timedelta(seconds=7)}
    assert cloud.actions() == ["StopInstances"], "one attempt: the row retries"


@pytest.mark.parametrize(
    ("reply", "kind"),
    [
        (Reply(cut=0), Ambiguous),
        (replace(stopping(A, B), cut=90), Ambiguous),
        (refusal("InternalError", status=500), Ambiguous),
        (refusal("AuthFailure", status=401), Unauthenticated),
        (refusal("RequestExpired"), Unauthenticated),
    ],
)
def test_what_speaks_of_the_call_is_not_bisected(
    aws: AwsProvider, cloud: CannedCloud, reply: Reply, kind: type[ProviderError]
) -> None:
    cloud.will("StopInstances", reply)
    assert {type(error) for error in aws.stop(SCOPE, machines([A, B])).failed.values()} == {kind}
    assert len(cloud.seen) == 1


@pytest.mark.parametrize(
    ("code", "message", "kind"),
    [
        ("IncorrectInstanceState", f"The instance '{B}' is not in a state from which it can be stopped.", WrongState),
        ("UnsupportedOperation", f"You can't stop the Spot Instance '{B}' of a one-time request.", Unsupported),
        ("InvalidInstanceID.NotFound", f"The instance ID '{B}' does not exist", NotFound),
        ("OperationNotPermitted", f"The instance '{B}' may not be stopped.", Forbidden),
        ("UnauthorizedOperation", f"not authorized on arn:aws:ec2:us-east-1:123456789012:instance/{B}", Forbidden),
    ],
)
def test_the_named_id_is_dropped_and_the_rest_repeated(
    aws: AwsProvider, cloud: CannedCloud, code: str, message: str, kind: type[ProviderError]
) -> None:
    cloud.will("StopInstances", refusal(code, message), stopping(A, C))
    result = aws.stop(SCOPE, machines([A, B, C]))
    assert set(result.done) == {A, C}
    assert {one.state for one in result.done.values()} == {Observed.STOPPING}
    assert set(result.failed) == {B}
    assert type(result.failed[B]) is kind
    assert len(cloud.seen) == 2


def test_ids_are_found_in_messages_longer_than_any_we_keep(aws: AwsProvider, cloud: CannedCloud) -> None:
    absent = [f"i-{n:017x}" for n in range(1000, 1400)]
    cloud.will(
        "StopInstances", refusal("InvalidInstanceID.NotFound", f"The instance IDs '{', '.join(absent)}' …"), stopping(A)
    )
    result = aws.stop(SCOPE, machines([*absent, A]))
    assert set(result.done) == {A}
    assert set(result.failed) == set(absent)
    assert {type(error) for error in result.failed.values()} == {NotFound}
    assert max(len(error.message) for error in result.failed.values()) < 800


def test_a_refusal_that_names_nobody_is_bisected(aws: AwsProvider, cloud: CannedCloud) -> None:
    no = refusal("UnsupportedOperation", "You can't stop one of these.")
    cloud.will("StopInstances", no, no, stopping(A), no, stopping(C, D))
    result = aws.stop(SCOPE, machines([A, B, C, D]))
    assert set(result.done) == {A, C, D}
    assert set(result.failed) == {B}
    assert isinstance(result.failed[B], Unsupported)
    asked = [[value for key, value in one.items() if key.startswith("InstanceId.")] for one in cloud.seen]
    assert asked == [[A, B, C, D], [A, B], [A], [B], [C, D]]


def test_the_bad_ones_of_five_hundred_are_found_without_their_names(
    aws: AwsProvider, cloud: CannedCloud, monkeypatch: pytest.MonkeyPatch
) -> None:
    ids = [f"i-{n:017x}" for n in range(500)]
    bad = {ids[0], ids[130], ids[131], ids[320], ids[499]}

    def judge(action: str) -> Reply:
        asked = [value for key, value in cloud.seen[-1].items() if key.startswith("InstanceId.")]
        return refusal("UnsupportedOperation", "one of them cannot") if bad & set(asked) else stopping(*asked)

    monkeypatch.setattr(cloud, "next_reply", judge)
    result = aws.stop(SCOPE, machines(ids))
    assert set(result.failed) == bad
    assert {type(error) for error in result.failed.values()} == {Unsupported}
    assert set(result.done) == set(ids) - bad
    assert len(cloud.seen) < 80


def test_when_all_are_refused_it_gives_up_early_and_says_what_was_not_tried(
    aws: AwsProvider, cloud: CannedCloud
) -> None:
    ids = [f"i-{n:017x}" for n in range(100)]
    cloud.will("StopInstances", refusal("UnsupportedOperation", "none of these"))
    result = aws.stop(SCOPE, machines(ids))
    assert set(result.failed) == set(ids)
    assert {type(error) for error in result.failed.values()} == {Unsupported, Unavailable}
    assert len(cloud.seen) < 30


def test_a_storm_in_the_middle_leaves_the_untried_for_later(aws: AwsProvider, cloud: CannedCloud) -> None:
    no = refusal("UnsupportedOperation", "You can't stop one of these.")
    cloud.will("StopInstances", no, stopping(A, B), Reply(cut=0))
    result = aws.stop(SCOPE, machines([A, B, C, D]))
    assert set(result.done) == {A, B}
    assert {type(error) for error in result.failed.values()} == {Ambiguous}
    cloud.will("StopInstances", no, refusal("RequestLimitExceeded", status=503))
    assert {type(error) for error in aws.stop(SCOPE, machines([A, B, C, D])).failed.values()} == {Throttled}
    cloud.will("StopInstances", no, Reply(cut=0))
    kinds = {one: type(error) for one, error in aws.stop(SCOPE, machines([A, B, C, D])).failed.items()}
    assert kinds == {A: Ambiguous, B: Ambiguous, C: Unavailable, D: Unavailable}


def test_an_id_given_twice_is_asked_for_once(aws: AwsProvider, cloud: CannedCloud) -> None:
    cloud.will("StopInstances", stopping(A))
    assert set(aws.stop(SCOPE, machines([A, A])).done) == {A}
    assert "InstanceId.2" not in cloud.seen[0]


def test_an_id_the_answer_does_not_mention_is_ambiguous(aws: AwsProvider, cloud: CannedCloud) -> None:
    cloud.will("StopInstances", stopping(A))
    result = aws.stop(SCOPE, machines([A, B]))
    assert set(result.done) == {A}
    assert isinstance(result.failed[B], Ambiguous)


# ---- looking ---------------------------------------------------------------------------------------------------------


def test_a_listing_torn_after_its_first_page_is_incomplete(aws: AwsProvider, cloud: CannedCloud) -> None:
    cloud.will(
        "DescribeInstances", described(machine(A, "running", 16), token="more"), refusal("Unavailable", status=503)
    )
    shown = merge_pages(aws.list(SCOPE))
    assert not shown.complete
    assert [one.provider_id for one in shown.sightings] == [A]


def test_a_listing_that_never_began_raises(aws: AwsProvider, cloud: CannedCloud) -> None:
    cloud.will("DescribeInstances", refusal("Unavailable", status=503))
    with pytest.raises(Unavailable):
        merge_pages(aws.list(SCOPE))
    assert len(cloud.seen) == 4, "looking may be repeated freely"


def test_a_listing_survives_a_stumble(aws: AwsProvider, cloud: CannedCloud) -> None:
    cloud.will("DescribeInstances", Reply(cut=0), refusal("RequestLimitExceeded", status=503), described(machine(A)))
    assert merge_pages(aws.list(SCOPE)).complete


def test_half_xml_in_a_listing_is_unavailable(aws: AwsProvider, cloud: CannedCloud) -> None:
    cloud.will("DescribeInstances", Reply(body=described(machine(A)).body[:200]))
    with pytest.raises(Unavailable):
        merge_pages(aws.list(SCOPE))
    cloud.will("DescribeInstances", Reply(body=""))
    with pytest.raises(Unavailable):
        merge_pages(aws.list(SCOPE))
    with pytest.raises(Unavailable):
        aws.describe(SCOPE, machines([A]))


def test_the_reason_and_the_clouds_clock_are_read(aws: AwsProvider, cloud: CannedCloud) -> None:
    why = "<stateReason><code>Server.SpotInstanceTermination</code><message>Server.Spot: reclaimed</message></stateReason>"
    cloud.will(
        "DescribeInstances",
        replace(described(machine(A, "shutting-down", 32, why)), headers={"Date": "Tue, 01 Jan 2030 00:00:00 GMT"}),
    )
    shown = merge_pages(aws.list(SCOPE))
    assert (shown.sightings[0].state, shown.sightings[0].reason) == (Observed.TERMINATING, "Server.Spot: reclaimed")
    assert shown.date == datetime(2030, 1, 1, tzinfo=UTC)


def test_a_clock_that_cannot_be_read_is_no_clock(aws: AwsProvider, cloud: CannedCloud) -> None:
    cloud.will("DescribeInstances", replace(described(machine(A)), headers={"Date": "half past nine"}))
    shown = merge_pages(aws.list(SCOPE))
    assert shown.complete
    assert shown.date is None


def test_labels_go_on_past_a_machine_that_is_not_known_yet(aws: AwsProvider, cloud: CannedCloud) -> None:
    cloud.will("CreateTags", refusal("InvalidInstanceID.NotFound"), Reply(body="<CreateTagsResponse/>"))
    with pytest.raises(NotFound):
        aws.label(SCOPE, by_machine({A: Slot("im-1", "web-1"), B: Slot("im-2", "web-2")}))
    assert [one["ResourceId.1"] for one in cloud.asked("CreateTags")] == [A, B]


# ---- whose credentials, which endpoint -------------------------------------------------------------------------------


@pytest.fixture
def bare(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> pytest.MonkeyPatch:
    """An environment in which boto3 finds no credentials of anybody."""
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN", "AWS_PROFILE", "AWS_ENDPOINT_URL"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "config"))
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(tmp_path / "credentials"))
    return monkeypatch


def test_outside_the_sandbox_boto3s_own_environment_counts(cloud: CannedCloud, bare: pytest.MonkeyPatch) -> None:
    bare.setenv("AWS_ENDPOINT_URL", cloud.url)
    bare.setenv("AWS_ACCESS_KEY_ID", "AKIAIOSFODNN7EXAMPLE")
    bare.setenv("AWS_SECRET_ACCESS_KEY", "not-really")
    cloud.will("DescribeInstances", described(machine(A)))
    assert merge_pages(AwsProvider(Settings(), DEPLOYMENT).list(SCOPE)).complete
    assert "Credential=AKIAIOSFODNN7EXAMPLE/" in cloud.signed[0]


def test_without_credentials_nothing_is_asked(cloud: CannedCloud, bare: pytest.MonkeyPatch) -> None:
    bare.setenv("AWS_ENDPOINT_URL", cloud.url)
    alone = AwsProvider(Settings(), DEPLOYMENT)
    assert isinstance(launch_error(alone), Unauthenticated)
    assert isinstance(alone.stop(SCOPE, machines([A])).failed[A], Unauthenticated)
    assert all("AWS_ACCESS_KEY_ID" in one.fix for one in alone.checks(SCOPE))
    assert cloud.seen == []


def test_a_profile_that_does_not_exist_is_said(bare: pytest.MonkeyPatch) -> None:
    bare.setenv("AWS_PROFILE", "nowhere")
    error = launch_error(AwsProvider(Settings(), DEPLOYMENT))
    assert isinstance(error, Unauthenticated)
    assert "nowhere" in error.message


# ---- the words -------------------------------------------------------------------------------------------------------


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
