"""The public address of a machine that gives way to its snapshot, where its cloud keeps it for the one that comes back."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum


@dataclass(frozen=True, slots=True)
class Address:
    """A public IPv4 address as its cloud shows it, on a machine of ours."""

    id: str
    ip: str
    notes: Mapping[str, str] = field(default_factory=dict)
    """What is written on it there."""
    lasts: bool = False
    """It does not go with its machine."""


class Fate(StrEnum):
    """What became of an address that is kept no longer."""

    BACK = "back"
    """The machine that came back has it, and it goes with that."""
    GONE = "gone"
    """There is no such address any more, or not for us: it was deleted, or somebody has taken it for something else."""
    LEFT = "left"
    """It was not ours to delete, or is kept for a later snapshot."""
