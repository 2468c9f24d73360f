"""Quotas: what of a request is held against each limit, and in which words."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal

import pytest

from im.domain.errors import OverLimit
from im.domain.people.quota import Quota, QuotaFor, Taken, check_rows, check_together, is_live
from im.domain.state import Desired, Observed
from tests.unit.rows import NOW, RUNNING

H = timedelta(hours=1)
BOB = Quota(QuotaFor.USER, "bob")


def _until(hours: float, **changed: object):  # type: ignore[no-untyped-def]
    return replace(RUNNING, expires_at=NOW + hours * H, created_at=NOW - 3 * H, **changed)


def test_the_longest_ttl_counts_from_now_and_names_the_longest_moment_allowed() -> None:
    quota = replace(BOB, longest_ttl=4 * H)
    check_rows(quota, [None], [_until(4)], NOW)
    with pytest.raises(OverLimit, match="would last longer than the quota of user bob allows: 4h from now") as caught:
        check_rows(quota, [_until(2)], [_until(4.01)], NOW)
    assert f"--until '{NOW + 4 * H:%Y-%m-%dT%H:%M:%SZ}'" in caught.value.hint


def test_the_longest_life_counts_from_the_creation() -> None:
    quota = replace(BOB, longest_life=5 * H)
    check_rows(quota, [_until(1)], [_until(2)], NOW)
    with pytest.raises(OverLimit, match="5h from its creation"):
        check_rows(quota, [_until(1)], [_until(2.5)], NOW)
    with pytest.raises(OverLimit, match="has had its time"):
        check_rows(replace(BOB, longest_life=2 * H), [_until(1)], [_until(2)], NOW)


def test_of_two_limits_the_nearer_one_is_named() -> None:
    both = replace(BOB, longest_ttl=4 * H, longest_life=5 * H)
    with pytest.raises(OverLimit, match="5h from its creation"):
        check_rows(both, [None], [_until(3)], NOW)


def test_a_deadline_that_comes_no_later_passes_however_late_it_is() -> None:
    quota = replace(BOB, longest_ttl=H)
    check_rows(quota, [_until(10)], [_until(10)], NOW)
    check_rows(quota, [_until(10)], [_until(9)], NOW)


def test_types_hold_what_is_new_and_no_machine_that_there_is() -> None:
    quota = replace(BOB, types=("t3.*", "m7i.large"))
    kind = RUNNING.spec.instance_type
    refused = replace(BOB, types=("p5.*",))
    with pytest.raises(OverLimit, match=f"does not allow {kind}"):
        check_rows(refused, [None], [_until(1)], NOW)
    check_rows(refused, [_until(1)], [_until(2)], NOW)
    check_rows(replace(quota, types=(kind,)), [None], [_until(1)], NOW)
    check_rows(refused, [None], [_until(1, spec=replace(RUNNING.spec, instance_type=""))], NOW)


def test_what_is_taken_together() -> None:
    quota = replace(BOB, live=2, usd_per_hour=Decimal("1.50"))
    check_together(quota, Taken(2, Decimal("1.50")))
    with pytest.raises(OverLimit, match="allows 2 machines at a time, and this would make 3"):
        check_together(quota, Taken(3, Decimal(1)))
    with pytest.raises(OverLimit, match=r"allows \$1.50 an hour, and this would make \$1.51"):
        check_together(quota, Taken(2, Decimal("1.51")))
    with pytest.raises(OverLimit, match="nobody knows the price"):
        check_together(quota, Taken(2, None))
    check_together(replace(quota, usd_per_hour=None), Taken(2, None))


@pytest.mark.parametrize(
    ("desired", "observed", "live"),
    [
        (Desired.RUNNING, Observed.NONE, True),
        (Desired.RUNNING, Observed.STOPPED, True),
        (Desired.STOPPED, Observed.RUNNING, True),
        (Desired.STOPPED, Observed.STOPPING, True),
        (Desired.STOPPED, Observed.STOPPED, False),
        (Desired.TERMINATED, Observed.RUNNING, True),
        (Desired.TERMINATED, Observed.STOPPED, False),
    ],
)
def test_a_machine_counts_until_the_cloud_has_said_that_it_stopped(
    desired: Desired, observed: Observed, live: bool
) -> None:
    row = replace(RUNNING, desired=desired, observed=observed, launch_token=None)
    assert is_live(row) is live
    assert not is_live(replace(row, closed_at=NOW))
