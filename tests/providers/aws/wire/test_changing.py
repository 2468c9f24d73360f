"""What the wire may bring to a start, a stop or an end: who is refused, who is not, and who was never tried."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from im.domain.state import Observed
from im.providers.aws.provider import AwsProvider
from im.providers.errors import (
    Ambiguous,
    Forbidden,
    NotFound,
    ProviderError,
    Throttled,
    Unauthenticated,
    Unavailable,
    Unsupported,
    WrongState,
)
from tests.machines import machines
from tests.providers.aws.canned import CannedCloud, Reply, refusal, stopping
from tests.providers.aws.wire.calls import SCOPE, A, B, C, D


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
