"""Moments as AWS writes them, read without trying a hundred ways, and to the same end as boto3 reads them."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from botocore.utils import parse_timestamp

from im.providers.aws.api.credentials import moment


@pytest.mark.parametrize(
    "written",
    [
        *("2030-01-01T12:00:00.000Z", "2030-01-01T12:00:00Z", "2030-01-01T12:00:00+02:00"),
        *("Tue, 01 Jan 2030 12:00:00 GMT", "2030-01-01T12:00:00", 1893499200, 1893499200.5, "1893499200"),
    ],
)
def test_it_is_the_same_moment_as_boto3_reads(written: object) -> None:
    assert moment(written) == parse_timestamp(written)


def test_what_is_no_moment_is_refused() -> None:
    with pytest.raises(ValueError, match="Invalid timestamp"):
        moment("yesterday")
    assert moment("2030-01-01T12:00:00Z") == datetime(2030, 1, 1, 12, tzinfo=UTC)
