"""Machines in listing order, found by zone or tag without looking at the others."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from operator import attrgetter

from tests.standin.machine import Machine

_number = attrgetter("number")


class Shelf:
    """A set of machines that can be read in order; sorted again only after it changed."""

    __slots__ = ("_held", "_ordered")

    def __init__(self) -> None:
        self._held: dict[int, Machine] = {}
        self._ordered: list[Machine] | None = None

    def __len__(self) -> int:
        return len(self._held)

    def __iter__(self) -> Iterator[Machine]:
        return iter(self.ordered())

    def add(self, machine: Machine) -> None:
        newest = self._ordered is not None and (not self._ordered or self._ordered[-1].number < machine.number)
        self._held[machine.number] = machine
        if newest and self._ordered is not None:
            self._ordered.append(machine)
        else:
            self._ordered = None

    def remove(self, machine: Machine) -> None:
        if self._held.pop(machine.number, None) is not None:
            self._ordered = None

    def ordered(self) -> list[Machine]:
        if self._ordered is None:
            self._ordered = sorted(self._held.values(), key=_number)
        return self._ordered


class TagIndex:
    """tag key → value → machines; a key is indexed when it is first asked for, and kept up to date from then on."""

    def __init__(self, everything: Shelf) -> None:
        self._everything = everything
        self._keys: dict[str, dict[str, Shelf]] = {}

    def find(self, key: str, values: Iterable[str]) -> list[Machine]:
        """In listing order."""
        if key not in self._keys:
            self._keys[key] = {}
            for machine in self._everything:
                if key in machine.tags:
                    self._put(key, machine)
        shelves = [found for found in map(self._keys[key].get, dict.fromkeys(values)) if found is not None]
        if len(shelves) == 1:
            return shelves[0].ordered()
        return sorted((one for shelf in shelves for one in shelf), key=_number)

    def add(self, machine: Machine) -> None:
        for key in self._keys:
            if key in machine.tags:
                self._put(key, machine)

    def remove(self, machine: Machine) -> None:
        for key, values in self._keys.items():
            if key in machine.tags:
                shelf = values[machine.tags[key]]
                shelf.remove(machine)
                if not len(shelf):
                    del values[machine.tags[key]]

    def _put(self, key: str, machine: Machine) -> None:
        self._keys[key].setdefault(machine.tags[key], Shelf()).add(machine)
