"""Machines as the contract names them, from the ids that tests hold."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TypeVar

from im.providers.machine import SPOT_REQUEST, Machine

T = TypeVar("T")


def machines(ids: Iterable[str]) -> list[Machine]:
    return [Machine(one) for one in ids]


def by_machine(named: Mapping[str, T]) -> dict[Machine, T]:
    return {Machine(one): value for one, value in named.items()}


def with_requests(requests: Mapping[str, str]) -> list[Machine]:
    """Machines and the spot request behind each (empty: not known yet)."""
    return [Machine(one, {SPOT_REQUEST: request}) for one, request in requests.items()]
