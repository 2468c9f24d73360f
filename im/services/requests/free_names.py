"""Writing what must be unique: a made-up name that is taken by a hair is made up again."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, TypeVar

from im.db.instances import requests
from im.domain.errors import ImError, MachineTaken, NameTaken

if TYPE_CHECKING:
    from im.context import Context

_ATTEMPTS = 5
_CROWDED = 2
"""From this attempt on, plain names are getting taken."""

T = TypeVar("T")


def write_free(write: Callable[[bool], T], explain: Callable[[NameTaken | MachineTaken], None]) -> T:
    """What `write(crowded)` returns; again while something it wrote was taken meanwhile and `explain` raises nothing."""
    for attempt in range(_ATTEMPTS):
        try:
            return write(attempt >= _CROWDED)
        except (NameTaken, MachineTaken) as exc:
            explain(exc)
    raise ImError("no free name was found", "give one with --name")


def refuse_taken(ctx: Context, names: Sequence[str], exc: NameTaken | MachineTaken) -> None:
    """Raises NameTaken for the first of `names`, which somebody chose, that a living instance has."""
    if not names:
        return
    with ctx.begin() as connection:
        taken = sorted(requests.taken_names(connection, names))
    if taken:
        raise NameTaken(
            f"the name {taken[0]} is taken", f"choose another, or look at it: im status {taken[0]}"
        ) from exc
