"""What the wire may bring to a look: torn listings, half XML, clocks; and to labels."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from im.domain.state import Observed
from im.providers.aws.provider import AwsProvider
from im.providers.contract import Slot, merge_pages
from im.providers.errors import (
    NotFound,
    Unavailable,
)
from tests.machines import by_machine, machines
from tests.providers.aws.canned import CannedCloud, Reply, described, machine, refusal
from tests.providers.aws.wire.calls import SCOPE, A, B


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
