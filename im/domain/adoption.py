"""Adoption: which machines that im never made may be taken in, and who else may be at work on one."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

MARK = "im:adopt"
"""The tag by which whoever owns a machine lets it be taken in, where `Adopt.TAGGED` is the rule."""
FORCED = "force_adopt"
"""The option of a spec that says: whoever else controls it, a person knows."""
_YES = frozenset({"yes", "true", "1"})


class Adopt(StrEnum):
    """What the workers take in. Machines with our own deployment's tag are ours, and always taken in."""

    NO = "no"
    TAGGED = "tagged"
    """Those that carry `MARK`."""
    ANY = "any"

    def refusal(self, machine: str, tags: Mapping[str, str]) -> str:
        """Why a machine with these tags is not to be had, and what to do about it; empty when it is."""
        if self is Adopt.ANY or (self is Adopt.TAGGED and tags.get(MARK, "").strip().lower() in _YES):
            return ""
        if self is Adopt.TAGGED:
            return (
                f"{machine} does not carry the tag {MARK}=yes, and the workers take in only what does (IM_ADOPT=tagged)"
            )
        return (
            f"the workers take in no machine that im did not make; to let them take in those tagged {MARK}=yes, "
            "set IM_ADOPT=tagged where the workers run (any: every machine of the account)"
        )


@dataclass(frozen=True, slots=True)
class Controller:
    """Somebody else that starts, stops or replaces a machine."""

    name: str
    """With what kind it is: `the Auto Scaling group web`."""
    does: str
    """What it would do to a machine that im stops."""
    instead: str
    """What a person does in place of adopting."""

    def refusal(self, machine: str) -> str:
        return (
            f"{machine} belongs to {self.name}, which {self.does}. {self.instead}; "
            f"im adopt {machine} -d 4h --force  takes it in all the same"
        )
