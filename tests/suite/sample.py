"""Tests that are told once and held against many: each run tries a part of the cases, and `make test-long` the others.

`@pytest.mark.sampled(every=3)` on a test, or as its file's `pytestmark`, whatever its cases are made by: `parametrize`, or a
fixture with `params`. Of a test's cases every third is tried, and the next test of the file begins one further: so each test is
tried with some of the clouds, and each cloud with some of the tests. Where a file begins is told by its name, so that files of one
test differ in their clouds. The same cases are tried each time.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from zlib import crc32

import pytest

from im.providers import registry

MARK = "sampled"
_CLOUDS = {*registry.names(), "fake", "standin", "google", "microsoft"}
"""As tests call them in their cases."""
MANY = 5
"""So many clouds in one test want a sample of them."""


def sample(items: Iterable[pytest.Item]) -> None:
    """Mark as long what no run of the gate tries."""
    tests: dict[Path, dict[str, int]] = defaultdict(dict)
    seen: dict[tuple[object, ...], dict[object, int]] = defaultdict(dict)
    for one in items:
        every = _every(one)
        if every is None:
            continue
        told, name = tests[one.path], _test(one)
        place = crc32(one.path.name.encode()) + told.setdefault(name, len(told))
        for axis in _axes(one):
            values = seen[(one.path, name, *axis)]
            place += values.setdefault(tuple(id(_values(one)[each]) for each in axis), len(values))
        if place % every:
            one.add_marker("long")


def amiss(items: Sequence[pytest.Item]) -> list[str]:
    """What is wrong with the samples of a whole run: a value that none has, and a test of many clouds of which nobody takes one."""
    tried: set[str] = set()
    there: dict[str, bool] = {}
    clouds: dict[str, set[str]] = defaultdict(set)
    for one in items:
        test = f"{one.path.name}::{_test(one)}"
        if _every(one) is None:
            if one.get_closest_marker("long") is None and "unit" not in one.path.parts:  # those ask no cloud
                clouds[test] |= {value for value in map(str, _values(one).values()) if value in _CLOUDS}
            continue
        for key in (test, *(_key(one, *axis) for axis in _axes(one) if len(axis) == 1)):
            there[key] = True
            if one.get_closest_marker("long") is None:
                tried.add(key)
    untried = [f"no run tries {key}" for key in there if key not in tried]
    whole = [f"{test} is held against {len(found)} clouds by every run" for test, found in clouds.items()]
    return untried + [told for told, found in zip(whole, clouds.values(), strict=True) if len(found) >= MANY]


def _every(one: pytest.Item) -> int | None:
    mark = one.get_closest_marker(MARK)
    return None if mark is None or not _values(one) else int(mark.kwargs["every"])


def _test(one: pytest.Item) -> str:
    return one.nodeid.partition("[")[0].partition("::")[2]


def _key(one: pytest.Item, name: str) -> str:
    """A value is to be tried in its file; a cloud anywhere."""
    value = _values(one)[name]
    if value == "standin":
        value = "aws"  # whose stand-in it is
    return f"the cloud {value}" if str(value) in _CLOUDS else f"{one.path.name}: {name}={value}"


def _values(one: pytest.Item) -> Mapping[str, object]:
    found: Mapping[str, object] = getattr(getattr(one, "callspec", None), "params", {})
    return found


def _axes(one: pytest.Item) -> list[tuple[str, ...]]:
    """What its cases are made of: names that one `parametrize` gives together, or a fixture's."""
    given = [mark.args[0] for mark in one.iter_markers("parametrize")]
    axes = [tuple(n.strip() for n in (names.split(",") if isinstance(names, str) else names)) for names in given]
    return axes + [(name,) for name in _values(one) if not any(name in axis for axis in axes)]
