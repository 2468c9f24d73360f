"""In which order a run's tests are given to its processes: those that wait for something first, each beside others that compute.

pytest-xdist cuts the list into one piece for each process (`--dist worksteal`), and whoever has finished takes from the end of
another's piece. End-to-end tests mostly wait. Left where their names put them, they would all stand in the first piece, and at the
end of a run every process would wait with two cores idle.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import groupby, zip_longest

import pytest


def spread(items: Sequence[pytest.Item], processes: int) -> list[pytest.Item]:
    """The same tests, with files that wait at the beginning of each process' piece."""
    files = [list(group) for _, group in groupby(items, key=lambda one: one.path)]
    waiting = [file for file in files if "e2e" in file[0].path.parts]
    others = [one for file in files if file not in waiting for one in file]
    heads: list[list[pytest.Item]] = [[] for _ in range(processes)]
    own = []
    for file in waiting:
        # a stack that tests share is started by each process that has one of them, which costs more than a test: one has them all
        if any("stack" in getattr(one, "fixturenames", ()) for one in file):
            heads[0] += file
        else:
            own.append(file)
    for file in sorted(own, key=len, reverse=True):
        min(reversed(heads), key=len).extend(file)
    ordered: list[pytest.Item] = []
    for number, head in enumerate(heads):
        # as the scheduler cuts: what is left, by how many processes have nothing yet
        size = (len(items) - len(ordered)) // (processes - number)
        rest = max(0, size - len(head))
        ordered += [*head, *others[:rest]]
        others = others[rest:]
    return [*ordered, *others]


def in_turn(items: Sequence[pytest.Item]) -> list[pytest.Item]:
    """For chaos, which is given out one by one (`--dist load --maxschedchunk 1`): soaks first, then who starts a fleet.

    Each is followed by one that computes, because a process always has one more behind the one that it runs.
    """
    waiting = [one for one in items if _imports(one, *_FLEETS)]
    waiting.sort(key=lambda one: not _imports(one, "short_soak"))
    others = [one for one in items if one not in waiting]
    pairs = (pair for pairs in zip_longest(waiting, others) for pair in pairs)
    return [one for one in pairs if one is not None]


_FLEETS = ("short_soak", "Room", "Fleet")
"""What a file of chaos imports where its processes are real: Celery's, the broker's, Postgres'. They mostly wait."""


def _imports(one: pytest.Item, *names: str) -> bool:
    return any(hasattr(getattr(one, "module", None), name) for name in names)
