"""Values of the abilities that not every cloud has."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from im.domain.state import Observed, OnExpiry


@dataclass(frozen=True, slots=True)
class States:
    """One page of the cheapest look there is: the state of machines, ours and others', by id."""

    complete: bool
    """False: the page could not be had, and none follows. What it does not show may be there all the same."""
    seen: Mapping[str, Observed]
    date: datetime | None = None
    """The cloud's own clock, when it told."""


@dataclass(frozen=True, slots=True)
class Guarded:
    """When the cloud shall end a machine by itself (None: not at all), and how."""

    at: datetime | None
    what: OnExpiry


@dataclass(frozen=True, slots=True)
class Belonging:
    """Something of ours at the cloud that is no machine: what machines are launched with, made by us when first needed."""

    kind: str
    """In the cloud's words: `security group`, `key pair`."""
    id: str
    name: str
    detail: str
    used: bool
    """By a machine that is not gone, whoever's it is."""
