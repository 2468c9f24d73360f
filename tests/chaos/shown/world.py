"""What each cloud beside EC2 really has, read out of its stand-in's own world: machines with their states, and parts of none.

Nothing of `im` is in between: tags and labels are taken apart here once more.
"""

from __future__ import annotations

import re
from abc import ABC, abstractmethod
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

ACCOUNT = "default"
PENDING, RUNNING, HALTED, STOPPING, STOPPED, ENDING = (
    *("pending", "running", "halted", "stopping", "stopped"),
    "shutting-down",
)


@dataclass(frozen=True, slots=True)
class Seen:
    """One machine as its cloud has it now."""

    state: str
    deployment: str = ""
    token: str = ""
    """Both as the cloud has them: a name may have room for the beginning alone (`meant`)."""
    row: str = ""
    name: str = ""
    """By which a path may call it, beside its id."""

    def is_of(self, deployment: str) -> bool:
        return meant(self.deployment, (deployment,)) == deployment


def meant(told: str, known: Collection[str]) -> str:
    """The one of `known` that it is, or is the beginning of; else itself."""
    if not told or told in known:
        return told
    return next((one for one in known if re.sub(r"[^0-9a-z]", "", one.lower()).startswith(told)), told)


def seen_as(state: str, facts: Mapping[str, str], prefix: str, name: str = "") -> Seen:
    """From tags or labels that begin with `prefix`."""
    deployment, token, row = (facts.get(f"{prefix}{word}", "") for word in ("deployment", "launch", "instance"))
    return Seen(state, deployment, token, row, name)


_ONE_NAME = re.compile(r".*-[^-]*-(?P<instance>[0-9a-z]+)-(?P<launch>[0-9a-z]+)-(?P<deployment>[0-9a-f]{8})[0-9a-z]{2}")


def facts_in(name: str) -> dict[str, str]:
    """Of a machine that carries nothing but one name; empty where that is none of ours."""
    said = _ONE_NAME.fullmatch(name)
    return {**said.groupdict(), "instance": f"im-{said['instance']}"} if said is not None else {}


def mine(name: str, deployment: str) -> bool:
    """Does a name say that it is this deployment's?"""
    return name.startswith(f"im-{deployment[:8]}-")


@dataclass
class Shown(ABC):
    """One cloud's world, to be read and handled under the service's lock."""

    service: Any
    path: re.Pattern[str] = field(init=False)
    """A call for one machine; `id` or `name` in it."""

    @abstractmethod
    def machines(self) -> Mapping[str, Seen]:
        """By the id that a row would know it by."""

    @abstractmethod
    def parts(self, deployment: str) -> Iterator[str]:
        """Ids of what is ours, costs money, and belongs to no machine."""

    @abstractmethod
    def grounds(self, deployment: str) -> Iterator[str]:
        """What is ours and serves any machine: keys, networks, rules."""

    @abstractmethod
    def ever(self) -> int:
        """How many machines were ever made."""

    @abstractmethod
    def hand(self, machine: str, does: str) -> None:
        """Somebody at the console: `off`, `on` or `gone`."""

    @abstractmethod
    def plant(self, deployment: str, token: str, row: str) -> None:
        """A machine that nobody of ours made; with our tags, when a deployment is given."""

    @abstractmethod
    def use_up(self) -> None:
        """Somebody else's calls have taken what this account may ask for."""

    @abstractmethod
    def refill(self) -> None: ...

    @abstractmethod
    def lack(self, lacking: bool) -> None:
        """No room for the usual kind in its usual place."""
