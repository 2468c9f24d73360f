"""The actions the stand-in knows: each service file declares its own, and nothing else needs to know of it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from tests.standin.cloud import Cloud
from tests.standin.model import Raw
from tests.standin.region import Region


@dataclass(slots=True)
class Call:
    """One request as the actions see it; parameters under boto3's names."""

    cloud: Cloud
    region: Region
    service: str
    action: str
    asked: dict[str, Any]
    request_id: str
    credentials: str = ""
    """The access key id it was signed with."""
    effects: dict[str, str] = field(default_factory=dict)
    """What it did, by id, apart from changes of machines' states, which the ledger sees by itself."""

    @property
    def now(self) -> float:
        return self.cloud.now


Answer = Mapping[str, Any] | Raw
"""As boto3 would show it, or the inside of the answer's element, ready made."""
Does = Callable[[Call], Answer]


@dataclass(frozen=True, slots=True)
class Action:
    does: Does
    mutating: bool


ACTIONS: dict[tuple[str, str], Action] = {}


def action(service: str, name: str, *, mutating: bool = False) -> Callable[[Does], Does]:
    def declare(does: Does) -> Does:
        ACTIONS[service, name] = Action(does, mutating)
        return does

    return declare
