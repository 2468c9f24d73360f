"""What decides which tests a run has, and in which order: none is lost, and no value is left to the long ones alone."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.suite.order import in_turn, spread
from tests.suite.sample import amiss, sample


@dataclass(frozen=True)
class Item:
    path: Path
    number: int
    fixturenames: tuple[str, ...] = ()
    module: Any = field(default=None, compare=False)


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


def test_what_waits_begins_each_piece_and_a_shared_stack_is_in_one_of_them() -> None:
    all_of_them = [*items("e2e", [3, 2, 4], "stack"), *items("e2e/clouds", [2, 2]), *items("unit", [50, 50])]
    heads = [[one for one in piece if "e2e" in one.path.parts] for piece in pieces(ordered(all_of_them, 4), 4)]
    assert all(
        piece[: len(head)] == head for head, piece in zip(heads, pieces(ordered(all_of_them, 4), 4), strict=True)
    )
    assert [any("stack" in one.fixturenames for one in head) for head in heads] == [True, False, False, False]
    assert [len(head) for head in heads[2:]] == [2, 2]


CLOUDS = ["aws", "azure", "gcp", "hetzner", "kubernetes", "lambda"]


class Case:
    """A test of one file with its cases' values, as pytest has collected it."""

    def __init__(self, test: str, marks: list[pytest.Mark], folder: str = "providers", **params: object) -> None:
        self.path = Path(f"tests/{folder}/test_contract.py")
        self.nodeid = f"{self.path}::{test}[{'-'.join(map(str, params.values()))}]"
        self.callspec = SimpleNamespace(params=params)
        self.marks = marks

    def iter_markers(self, name: str) -> list[pytest.Mark]:
        return [mark for mark in self.marks if mark.name == name]

    def get_closest_marker(self, name: str) -> pytest.Mark | None:
        return next(iter(self.iter_markers(name)), None)

    def add_marker(self, name: str) -> None:
        self.marks = [*self.marks, getattr(pytest.mark, name).mark]


def contract(*tests: str, every: int | None = 3) -> list[Case]:
    """Each of these tests, held against each cloud."""
    marks = [pytest.mark.sampled(every=every).mark] if every else []
    return [Case(test, marks, room=cloud) for test in tests for cloud in CLOUDS]


def tried(cases: list[Case]) -> list[Case]:
    sample(cast(list[pytest.Item], cases))
    return [one for one in cases if one.get_closest_marker("long") is None]


def told(cases: list[Case]) -> list[str]:
    return amiss(cast(list[pytest.Item], cases))


def test_each_test_has_some_of_the_clouds_and_each_cloud_some_of_the_tests() -> None:
    cases = contract("test_a", "test_b", "test_c", "test_d")
    chosen = {(one.nodeid.partition("[")[0][-6:], one.callspec.params["room"]) for one in tried(cases)}
    assert len(chosen) == len(cases) / 3
    by_test = [{c for t, c in chosen if t == test} for test in ("test_a", "test_b", "test_c")]
    assert {len(clouds) for clouds in by_test} == {2}
    assert set.union(*by_test) == set(CLOUDS), "no cloud has two tests that stand beside each other"
    assert {cloud for _, cloud in chosen} == set(CLOUDS)
    assert told(cases) == []


def test_of_two_lists_of_cases_each_value_is_tried() -> None:
    points = [object() for _ in range(6)]
    marks = [pytest.mark.sampled(every=3).mark, *(pytest.mark.parametrize(name, []).mark for name in ("nth", "at"))]
    cases = [Case("test_killed", marks, nth=nth, at=at) for nth in (1, 2, 3) for at in points]
    assert len(tried(cases)) == 6
    assert told(cases) == []


def test_names_that_are_given_together_are_one_list() -> None:
    marks = [pytest.mark.sampled(every=2).mark, pytest.mark.parametrize(("name", "number"), []).mark]
    assert len(tried([Case("test_both", marks, name=name, number=n) for n, name in enumerate("abcd")])) == 2


def test_a_value_that_no_run_would_try_is_told_of() -> None:
    cases = contract("test_a")
    chosen = {one.callspec.params["room"] for one in tried(cases)}
    assert sorted(told(cases)) == sorted(f"no run tries the cloud {cloud}" for cloud in {*CLOUDS} - chosen)


def test_many_clouds_in_one_test_want_a_sample_of_them_where_clouds_are_asked() -> None:
    whole = contract("test_a", every=None)
    assert told(whole) == ["test_contract.py::test_a is held against 6 clouds by every run"]
    assert told(whole[:4]) == []
    assert told([Case("test_a", [], "unit", room=cloud) for cloud in CLOUDS]) == []


def test_of_chaos_the_soaks_are_given_out_first_then_fleets_and_each_has_one_behind_it_that_computes() -> None:
    soak, fleet = SimpleNamespace(short_soak=None, Room=None), SimpleNamespace(Fleet=None)
    computes = items("chaos", [5])
    fleets = [Item(Path("tests/chaos/test_fleets.py"), n, module=fleet) for n in range(3)]
    soaks = [Item(Path(f"tests/chaos/test_soak_{n}.py"), n, module=soak) for n in range(2)]
    told = in_turn(cast(list[Any], [*computes, *fleets, *soaks]))
    assert told == [one for pair in zip([*soaks, *fleets], computes, strict=True) for one in pair]
