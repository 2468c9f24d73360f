"""What many documents of one answer have in common is written once: the machine of a hundred rows, the prices it is billed by."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Generic, TypeVar

T = TypeVar("T")


class Once(Generic[T]):
    """`write`, called once for each thing; the same thing is told by the same document, which nobody changes."""

    def __init__(self, write: Callable[[T], dict[str, Any]]) -> None:
        self._write = write
        self._told: dict[int, tuple[T, dict[str, Any]]] = {}
        """By identity, with the thing itself, so that no other comes to have its."""

    def __call__(self, thing: T) -> dict[str, Any]:
        found = self._told.get(id(thing))
        if found is None:
            found = self._told[id(thing)] = thing, self._write(thing)
        return found[1]
