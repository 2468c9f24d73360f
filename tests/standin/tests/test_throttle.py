"""Token buckets at the documented rates, by action, account and region, moved by the stand-in's clock."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.standin.client import Control
from tests.standin.tests.conftest import client, refused

Run = Callable[..., list[str]]


def granted(call: Callable[..., Any], most: int, **asked: Any) -> int:
    """How many calls in a row are let through."""
    for number in range(most):
        try:
            call(**asked)
        except ClientError as exc:
            if exc.response["Error"]["Code"] != "RequestLimitExceeded":
                raise
            return number
    return most


@pytest.fixture
def strict(control: Control) -> Control:
    control.configure(throttle=True)
    return control


def test_nothing_is_throttled_unless_asked_for(ec2: Any) -> None:
    assert granted(ec2.describe_instances, 60) == 60


@pytest.mark.parametrize(("verb", "burst", "per_second"), [("start", 5, 2), ("stop", 50, 5), ("terminate", 100, 5)])
def test_changes_have_their_own_burst_and_refill(
    strict: Control, ec2: Any, verb: str, burst: int, per_second: int
) -> None:
    ids = strict.create(1, state="stopped" if verb == "start" else "running")
    call = getattr(ec2, f"{verb}_instances")
    assert granted(call, burst + 5, InstanceIds=ids) == burst
    assert refused(call, InstanceIds=ids)[:2] == ("RequestLimitExceeded", 503)
    strict.step(2)
    assert granted(call, burst, InstanceIds=ids) == 2 * per_second


def test_launches_come_five_at_once_and_two_a_second(strict: Control, run: Run) -> None:
    assert granted(run, 10) == 5
    strict.step(1)
    assert granted(run, 10) == 2


def test_a_bare_describe_has_the_smaller_bucket(strict: Control, ec2: Any) -> None:
    assert granted(ec2.describe_instances, 120) == 50
    assert granted(ec2.describe_instances, 120, MaxResults=5) == 100
    strict.step(1)
    assert granted(ec2.describe_instances, 120) == 10
    assert granted(ec2.describe_instances, 120, MaxResults=5) == 20


def test_machines_are_counted_as_well_as_calls(strict: Control, ec2: Any) -> None:
    ids = strict.create(1100, state="stopped")
    ec2.start_instances(InstanceIds=ids[:700])
    assert refused(ec2.start_instances, InstanceIds=ids[700:])[0] == "RequestLimitExceeded"
    ec2.start_instances(InstanceIds=ids[700:1000])
    assert refused(ec2.start_instances, InstanceIds=[ids[1000]])[0] == "RequestLimitExceeded"
    strict.step(5)
    ec2.start_instances(InstanceIds=ids[1000:1010])


def test_buckets_belong_to_one_account_and_region(strict: Control, ec2: Any, stepped: Any) -> None:
    assert granted(ec2.describe_instances, 60) == 50
    assert granted(client(stepped.url, region="eu-west-1").describe_instances, 60) == 50
    strict.configure(accounts={"AKIAOTHER": "222222222222"})
    assert granted(client(stepped.url, key="AKIAOTHER").describe_instances, 60) == 50


def test_what_is_throttled_was_not_done_and_says_so_in_the_ledger(strict: Control, run: Run) -> None:
    granted(run, 6)
    assert len(strict.machines()) == 5
    assert strict.calls("RunInstances")[-1]["outcome"] == "RequestLimitExceeded"
