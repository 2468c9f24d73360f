"""What Crusoe can do beyond the nine verbs: it tells where there is room, and an orphan of ours is taken in by its id."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from im.domain.adoption import Controller
from im.domain.scope import Scope
from im.domain.sighting import Sighting
from im.domain.spec.spec import Spec
from im.providers.contract import Slot
from im.providers.crusoe.api import CrusoeApi
from im.providers.errors import NoCapacity, Unsupported
from im.providers.machine import Machine


class Adoption:
    """A name is all that a machine carries, and none can be changed: one of ours is ours already, and no other becomes it."""

    def controller(self, seen: Sighting) -> Controller | None:
        return None

    def take(self, scope: Scope, machine: Machine, slot: Slot, owner: str) -> None:
        raise Unsupported("Crusoe's machines cannot be renamed, so im takes in there only what it has launched")


class Locations:
    def __init__(self, api: CrusoeApi) -> None:
        self._api = api

    def offering(self, scope: Scope, spec: Spec, types: Sequence[str]) -> Mapping[str, Sequence[str]]:
        """Where there is room now, which is a hint and no promise. Raises NoCapacity where there is none for any of the types."""
        told = capacities(self._api)
        found = {one: room(told, one) for one in types}
        if not any(found.values()) and any(one.get("type") in types for one in told):
            raise NoCapacity(f"Crusoe has no room for {' or '.join(types)} in any location now")
        return found


def capacities(api: CrusoeApi) -> Sequence[Mapping[str, Any]]:
    return api.get("/capacities").body.get("items") or []


def room(told: Sequence[Mapping[str, Any]], kind: str) -> list[str]:
    return sorted(
        {str(one["location"]) for one in told if one.get("type") == kind and int(one.get("quantity") or 0) > 0}
    )
