"""Cases of one kind: some are tried by every run, and the others, which are long only together, by `make test-long`."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import product
from typing import Any

import pytest


def sampled(*values: Iterable[Any], every: int) -> list[Any]:
    """All combinations for `parametrize`, of which each run has one in `every`, and in these every single value."""
    lists = [list(each) for each in values]
    chosen = []
    for places in product(*(range(len(each)) for each in lists)):
        case = [each[place] for each, place in zip(lists, places, strict=True)]
        marks = () if sum(places) % every == 0 else (pytest.mark.long,)
        chosen.append(pytest.param(*case, marks=marks))
    for place, each in enumerate(lists):
        tried = [one.values[place] for one in chosen if not one.marks]
        assert all(value in tried for value in each), "a value that no run tries"
    return chosen
