"""Every state has a reason and a next step; those that people meet most are pinned to the word."""

from __future__ import annotations

from datetime import timedelta

import pytest
from hypothesis import given, settings

from im.domain.explain.phase import phase
from im.domain.explain.why import why
from im.domain.instance import Instance
from im.domain.state import Desired, Observed, Why
from tests.unit.rows import NOW, a_row, rows

RUNNING = a_row(observed=Observed.RUNNING, settled_generation=1, provider_id="m")
STOPPED = a_row(observed=Observed.STOPPED, desired=Desired.STOPPED, settled_generation=1, provider_id="m")


@settings(max_examples=500)
@given(rows())
def test_there_is_a_reason_and_a_next_step_for_every_row_there_can_be(row: Instance) -> None:
    told = why(row, NOW)
    assert told.because
    assert told.next
    assert "None" not in told.because + told.next + told.type
    assert phase(row, NOW).word


@pytest.mark.parametrize(
    ("row", "because", "next_", "type_"),
    [
        (RUNNING, "ada wants it to run", "it is stopped in 1h, at 2030-01-01 13:00:00 UTC", "im extend web -d 1h"),
        (
            a_row(observed=Observed.RUNNING, settled_generation=1, expires_at=NOW - timedelta(seconds=90)),
            "ada wants it to run",
            "it should have been stopped 1m 30s ago: the next tick does it, unless deadlines are held (im doctor)",
            "im extend web -d 1h",
        ),
        (
            a_row(
                observed=Observed.STOPPED,
                desired=Desired.STOPPED,
                settled_generation=1,
                why=Why.TTL,
                expires_at=NOW - timedelta(hours=1),
            ),
            "its deadline passed at 2030-01-01 11:00:00 UTC, so it has to stop",
            "nothing by itself: it stays stopped, and its disk goes on costing",
            "im extend web -d 1h",
        ),
        (
            STOPPED,
            "ada wants it to stop",
            "nothing by itself: it stays stopped, and its disk goes on costing",
            "im start web",
        ),
        (
            a_row(launch_token="t"),
            "ada wants it to run; its launch is on its way to the cloud",
            "it runs as soon as the cloud says so",
            "",
        ),
        (
            a_row(error_code="invalid_spec", error="no such image", failed_generation=1),
            "its launch failed: invalid spec (no such image)",
            "nothing: a failed launch stays failed",
            "im terminate web  frees the name; then create it as it can be",
        ),
        (
            a_row(error_code="no_capacity", error="none left", failed_generation=1),
            "its launch failed: no capacity (none left)",
            "nothing: a failed launch stays failed",
            "im start web -d 1h  tries again",
        ),
        (
            a_row(
                observed=Observed.RUNNING,
                desired=Desired.STOPPED,
                why=Why.TTL,
                error_code="forbidden",
                expires_at=NOW - timedelta(hours=1),
                next_attempt_at=NOW + timedelta(seconds=12),
            ),
            "its deadline passed at 2030-01-01 11:00:00 UTC, so it has to stop; it runs and should be stopped. "
            "The last answer was forbidden",
            "it is stopped in 12s, for as long as it takes",
            "im doctor",
        ),
        (
            a_row(observed=Observed.MISSING, desired=Desired.TERMINATED, provider_id="m", why=Why.OUTSIDE),
            "its machine vanished from the cloud without a trace: two complete listings and a look by id did not show it",
            "nothing; a machine that reappears is listed as an orphan",
            "im create --name web --provider fake --instance-type small --availability-zone fake-1a --image image "
            "--public-key FILE -d 1h  makes the same again",
        ),
    ],
)
def test_what_people_meet_most(row: Instance, because: str, next_: str, type_: str) -> None:
    told = why(row, NOW)
    assert (told.because, told.next, told.type) == (because, next_, type_)
