"""What decides which tests a run has, and in which order: none is lost, and no value is left to the long ones alone."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.suite.order import spread
from tests.suite.sample import sampled


@dataclass(frozen=True)
class Item:
    path: Path
    number: int
    fixturenames: tuple[str, ...] = ()


def items(folder: str, files: list[int], *fixtures: str) -> list[Item]:
    """So many tests in each of so many files."""
    return [Item(Path(f"tests/{folder}/test_{n}.py"), i, fixtures) for n, many in enumerate(files) for i in range(many)]


def ordered(given_items: list[Item], processes: int) -> list[Item]:
    return cast(list[Item], spread(cast(list[Any], given_items), processes))


def pieces(whole: list[Item], processes: int) -> list[list[Item]]:
    """As the scheduler cuts them."""
    found = []
    for left in range(processes, 0, -1):
        size = len(whole) // left
        found.append(whole[:size])
        whole = whole[size:]
    return found


FILES = st.lists(st.integers(1, 9), max_size=8)


@given(FILES, FILES, FILES, st.integers(1, 8))
def test_none_is_lost_and_none_comes_twice(
    shared: list[int], own: list[int], others: list[int], processes: int
) -> None:
    all_of_them = [*items("e2e", shared, "stack"), *items("e2e/clouds", own), *items("unit", others)]
    assert sorted(ordered(all_of_them, processes), key=repr) == sorted(all_of_them, key=repr)


def test_what_waits_begins_each_piece_and_a_shared_stack_is_in_half_of_them() -> None:
    all_of_them = [*items("e2e", [3, 2, 4], "stack"), *items("e2e/clouds", [2, 2]), *items("unit", [50, 50])]
    heads = [[one for one in piece if "e2e" in one.path.parts] for piece in pieces(ordered(all_of_them, 4), 4)]
    assert all(
        piece[: len(head)] == head for head, piece in zip(heads, pieces(ordered(all_of_them, 4), 4), strict=True)
    )
    assert [any("stack" in one.fixturenames for one in head) for head in heads] == [True, True, False, False]
    assert [len(head) for head in heads[2:]] == [2, 2]


def test_each_value_is_tried_by_every_run_and_the_others_are_long() -> None:
    chosen = sampled("abcdef", [1, 2, 3], every=3)
    tried = [one.values for one in chosen if not one.marks]
    assert (len(chosen), len(tried)) == (18, 6)
    assert {letter for letter, _ in tried} == set("abcdef")
    assert {number for _, number in tried} == {1, 2, 3}


def test_a_value_that_no_run_would_try_is_refused() -> None:
    with pytest.raises(AssertionError, match="no run tries"):
        sampled("abcd", range(6), every=5)
