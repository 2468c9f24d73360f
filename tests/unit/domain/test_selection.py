"""Which instances are meant by words and filters, whoever asks: the command line, an API or a page."""

from __future__ import annotations

from datetime import timedelta

import pytest

from im.domain.errors import Refused
from im.domain.explain.phase import phase
from im.domain.selection import Filter, Selection, check_word
from im.domain.state import Desired, Observed, Why
from tests.unit.rows import NOW, a_row

STOPPED = a_row(
    id="im-0000000002",
    name="old",
    owner="bob",
    desired=Desired.STOPPED,
    why=Why.TTL,
    observed=Observed.STOPPED,
    expires_at=NOW - timedelta(hours=1),
    settled_generation=1,
)
RUNNING = a_row(observed=Observed.RUNNING, zone="fake-1b", settled_generation=1)


def _names(*filters: str) -> list[str]:
    chosen = Selection(filters=tuple(map(Filter.parse, filters)))
    return [row.name for row in chosen.admitted([RUNNING, STOPPED], NOW, "ada")]


@pytest.mark.parametrize(
    ("filters", "found"),
    [
        ((), ["web", "old"]),
        (("owner=me",), ["web"]),
        (("owner=bob",), ["old"]),
        (("owner=me", "status=stopped"), []),
        (("status=stopped",), ["old"]),
        (("zone=fake-1b",), ["web"]),
        (("zone=fake-1a",), ["old"]),
        (("type=small", "provider=fake", "region=fake-1", "account=default", "name=old"), ["old"]),
    ],
)
def test_what_every_filter_admits_is_meant(filters: tuple[str, ...], found: list[str]) -> None:
    assert _names(*filters) == found


def test_a_status_is_found_by_all_of_its_words_too() -> None:
    assert phase(STOPPED, NOW).word == "stopped (ttl)"
    assert _names("status=stopped (ttl)") == ["old"]


@pytest.mark.parametrize("text", ["owner", "owner=", "=ada", "colour=red", ""])
def test_what_is_no_filter_is_refused_with_the_keys_there_are(text: str) -> None:
    with pytest.raises(Refused) as refused:
        Filter.parse(text)
    assert "owner, status, type, zone, region, account, provider, name" in refused.value.hint


@pytest.mark.parametrize(
    ("text", "meant"), [("Owner=ada", "owner=ada"), ("onwer=ada", "owner=ada"), ("state=running", "status=running")]
)
def test_a_key_that_is_nearly_one_is_answered_with_that(text: str, meant: str) -> None:
    with pytest.raises(Refused) as refused:
        Filter.parse(text)
    assert refused.value.hint == f"did you mean {meant}?"


def test_who_finds_nothing_is_told_what_was_looked_for() -> None:
    assert Selection(filters=(Filter("owner", "eve"), Filter("type", "big"))).nothing().message == (
        "no living instance has owner=eve and type=big"
    )
    assert Selection(everything=True).nothing().message == "there is no living instance"


@pytest.mark.parametrize("word", ["web-1", "im-0123456789", "i-0abc", "A.b_c"])
def test_names_and_ids_are_words(word: str) -> None:
    assert check_word(word) == word


@pytest.mark.parametrize("word", ["", "-web", "a b", "wéb", "../etc", "a" * 129, "a\x00"])
def test_what_can_be_neither_is_refused(word: str) -> None:
    with pytest.raises(Refused):
        check_word(word)
