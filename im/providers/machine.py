"""A machine at a cloud, as the contract names it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from im.domain.instance import Instance

SPOT_REQUEST = "spot_request"
"""The note that says which of the cloud's requests stands behind a spot machine."""


@dataclass(frozen=True, slots=True)
class Machine:
    """The cloud's id of it, and what its provider wants to be told again whenever it is asked for (JSON values)."""

    id: str
    notes: Mapping[str, Any] = field(default_factory=dict, compare=False)


def machine_of(row: Instance) -> Machine:
    """The machine of a row that has one."""
    assert row.provider_id is not None
    notes = dict(row.provider_notes)
    if row.spot_request:
        notes[SPOT_REQUEST] = row.spot_request
    return Machine(row.provider_id, notes)
