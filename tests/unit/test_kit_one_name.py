"""Five facts in one name: they survive what a label of DNS may be, and an edit of any letter leaves a name that is nobody's."""

from __future__ import annotations

import re

import pytest

from im.domain import tags
from im.providers.kit.one_name import NameCodec

OURS, THEIRS = "11111111-2222-4333-8444-555555555555", "99999999-2222-4333-8444-555555555555"
TOKEN = "0f0e0d0c-1111-4222-8333-444444444444"
CODEC = NameCodec()


def facts(name: str = "web-1", owner: str = "ada", token: str = TOKEN) -> dict[str, str]:
    said = {tags.DEPLOYMENT: OURS, tags.LAUNCH: token, tags.OWNER: owner}
    return {**said, tags.INSTANCE: "im-0123456789", tags.NAME: name}


@pytest.mark.parametrize("owner", ["ada", "", "q", "qq", "Ada", "a@b.c", "é", "im-x", "a-b"])
@pytest.mark.parametrize("name", ["w", "web-1", "a--b-2"])
def test_what_was_written_is_read(name: str, owner: str) -> None:
    written = CODEC.written(facts(name, owner))
    assert re.fullmatch(r"[a-z][a-z0-9-]{0,62}", written)
    assert CODEC.read(written, OURS) == {**facts(name, owner), tags.LAUNCH: "0f0e0d0c1111"}


@pytest.mark.parametrize("owner", ["ada", "somebody.with.a.long.name@example.com", "ééééééééé"])
def test_what_is_too_long_is_cut_the_owner_first_and_nothing_else_is_lost(owner: str) -> None:
    written = CODEC.written(facts("n" * 63, owner))
    assert len(written) <= 63
    read = CODEC.read(written, OURS)
    kept = {tags.DEPLOYMENT: OURS, tags.LAUNCH: "0f0e0d0c1111", tags.INSTANCE: "im-0123456789"}
    assert {fact: read[fact] for fact in kept} == kept
    assert read[tags.NAME] == "n" * len(read[tags.NAME])
    shown = read[tags.OWNER]
    assert shown == owner or (shown.endswith("~") and owner.startswith(shown[:-1]))
    assert CODEC.read(CODEC.written(facts("web", "grace.hopper")), OURS)[tags.OWNER] == "grace.hopper"


def test_an_edit_of_any_letter_and_a_cut_leave_a_name_and_nothing_else() -> None:
    written = CODEC.written(facts())
    for at, letter in enumerate(written):
        edited = f"{written[:at]}{'x' if letter != 'x' else 'y'}{written[at + 1 :]}"
        assert CODEC.read(edited, OURS) == {tags.NAME: edited}
        assert CODEC.read(written[:at], OURS) == {tags.NAME: written[:at]}
    assert CODEC.read("precious", OURS) == {tags.NAME: "precious"}


def test_anothers_is_told_by_its_mark() -> None:
    assert CODEC.read(CODEC.written({**facts(), tags.DEPLOYMENT: THEIRS}), OURS)[tags.DEPLOYMENT] == "99999999"
