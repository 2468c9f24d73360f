"""Many names in one line."""

from __future__ import annotations

import pytest

from im.domain.input.listed import and_more, listed


@pytest.mark.parametrize(
    ("count", "shown", "most", "told"),
    [
        (1, 1, 0, "a"),
        (2, 1, 0, "a and 1 more"),
        (3, 3, 0, "a, b, c"),
        (4, 3, 0, "a, b, c and 1 more"),
        (6, 5, 6, "a, b, c, d, e, f"),
        (7, 5, 6, "a, b, c, d, e and 2 more"),
    ],
)
def test_the_first_few_are_named_and_the_others_counted(count: int, shown: int, most: int, told: str) -> None:
    assert listed("abcdefg"[:count], shown, most=most) == told


def test_sentences_are_listed_as_sentences() -> None:
    assert listed(["one", "two", "three"], 2, between="; ", before="; and ") == "one; two; and 1 more"


def test_of_one_name_and_a_number_the_same_is_made() -> None:
    assert (and_more("web", 0), and_more("web", 3)) == ("web", "web and 3 more")
