"""The exit codes are a promise to scripts: every error of ours and every code of a cloud has one."""

from __future__ import annotations

import pytest

from im.domain import errors as ours
from im.domain.errors import ImError, error_for
from im.providers import errors as clouds
from im.providers.errors import ProviderError
from im.views.exits import Exit, exit_of


@pytest.mark.parametrize(
    ("error", "status"),
    [
        (ours.ImError, 1),
        (ours.Unavailable, 1),
        (ours.Uncertain, 1),
        (ours.Refused, 2),
        (ours.NameTaken, 2),
        (ours.MachineTaken, 2),
        (ours.ViewTaken, 2),
        (ours.NotFound, 3),
        (ours.NoSuchInstance, 3),
        (ours.NoSuchUser, 3),
        (ours.NoSuchToken, 3),
        (ours.NoSuchSession, 3),
        (ours.NoSuchWebhook, 3),
        (ours.NoSuchView, 3),
        (ours.NotSignedIn, 4),
        (ours.Unauthorized, 4),
        (ours.Denied, 4),
        (ours.WaitTimedOut, 5),
        (ours.OverLimit, 6),
        (ours.NoCapacity, 7),
        (ours.Superseded, 8),
    ],
)
def test_every_error_of_ours_has_its_exit_code(error: type[ImError], status: int) -> None:
    assert exit_of(error("what", "next")) == status


def test_no_error_was_forgotten() -> None:
    named = {e for e in vars(ours).values() if isinstance(e, type) and issubclass(e, ImError)}
    assert len(named) == 21, "a new error needs its line in the table above"


@pytest.mark.parametrize(
    ("code", "status"),
    [
        ("no_capacity", Exit.CAPACITY),
        ("throttled", Exit.CAPACITY),
        ("taken_back", Exit.CAPACITY),
        ("quota_exceeded", Exit.LIMIT),
        ("forbidden", Exit.AUTH),
        ("unauthenticated", Exit.AUTH),
        ("invalid_spec", Exit.USAGE),
        ("unsupported", Exit.USAGE),
        ("label_changed", Exit.USAGE),
        ("rejected", Exit.USAGE),
        ("wrong_state", Exit.USAGE),
        ("not_found", Exit.NOT_FOUND),
        ("unavailable", Exit.FAILURE),
        ("ambiguous", Exit.FAILURE),
        ("transient", Exit.FAILURE),
        ("unknown", Exit.FAILURE),
        ("did_not_start", Exit.FAILURE),
        ("error", Exit.FAILURE),
        ("expired", Exit.FAILURE),
        (None, Exit.FAILURE),
    ],
)
def test_every_code_of_a_cloud_amounts_to_an_exit_code(code: str | None, status: Exit) -> None:
    assert exit_of(error_for(code)("what")) == status


def test_the_table_names_every_code_there_is() -> None:
    there = {e.code for e in vars(clouds).values() if isinstance(e, type) and issubclass(e, ProviderError)}
    named = {mark.args[1][i][0] for mark in _marks() for i in range(len(mark.args[1]))}
    assert there <= named


def _marks() -> list[pytest.Mark]:
    marks: list[pytest.Mark] = test_every_code_of_a_cloud_amounts_to_an_exit_code.pytestmark  # type: ignore[attr-defined]
    return marks
