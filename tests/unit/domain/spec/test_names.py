"""Names and ids."""

from __future__ import annotations

from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from im.domain.errors import Refused
from im.domain.spec.names import check_name, make_id, make_name, numbered


@given(st.integers())
def test_made_up_names_are_good_names(seed: int) -> None:
    random = Random(seed)
    assert check_name(make_name(random)) != check_name(make_name(random, crowded=True))
    assert make_id(random).startswith("im-")


@pytest.mark.parametrize("name", ["web", "web-1", "a", "a" * 63])
def test_good_names(name: str) -> None:
    assert check_name(name) == name


@pytest.mark.parametrize(
    ("name", "hint"),
    [
        ("Web 1", "did you mean web-1?"),
        ("web_1", "did you mean web-1?"),
        ("-web-", "did you mean web?"),
        ("im-web", "choose a name that does not begin with im- or i-"),
        ("i-0123", "choose a name that does not begin with im- or i-"),
        ("", "for example web-1"),
        ("42", "for example web-1"),
        ("größe", "did you mean gr-e?"),
        ("$(reboot)", "did you mean reboot?"),
    ],
)
def test_bad_names_and_what_to_type_instead(name: str, hint: str) -> None:
    with pytest.raises(Refused) as caught:
        check_name(name)
    assert caught.value.hint == hint


def test_a_long_name_is_not_echoed_whole() -> None:
    with pytest.raises(Refused) as caught:
        check_name("x" * 100_000)
    assert len(caught.value.message) + len(caught.value.hint) < 300


def test_several_are_numbered() -> None:
    assert numbered("web", 1) == ("web",)
    assert numbered("web", 3) == ("web-1", "web-2", "web-3")
