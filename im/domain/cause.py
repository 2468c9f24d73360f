"""Why a machine stopped or ended, by the cloud's own word: whose hand it was, and what the cloud could not do."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Hand(StrEnum):
    """Who or what stopped or ended a machine."""

    UNKNOWN = ""
    """The cloud does not say, which on most clouds means somebody's request."""
    OUTSIDE = "outside"
    """Somebody's request to the cloud: a console, a script, another program, or ourselves."""
    GUEST = "guest"
    """It was shut down from within."""
    RETIRED = "retired"
    """The cloud did it as announced: its hardware is retired, or maintained."""
    CLOUD = "cloud"
    """The cloud could not start it, or could not let it run on."""
    SPOT = "spot"
    """The cloud wanted its spare room back."""


NOT_STARTED = "did_not_start"
"""The word for a start or a launch that the cloud accepted, and that came to nothing for a reason which may pass."""
FINAL = frozenset({"quota_exceeded", "invalid_spec", "forbidden", "unsupported", "rejected"})
"""Trying the same again brings the same."""
OTHERS = frozenset({Hand.GUEST, Hand.RETIRED, Hand.CLOUD, Hand.SPOT})
"""None of these can be a late effect of a request of ours."""


@dataclass(frozen=True, slots=True)
class Cause:
    """Why a machine stopped or ended."""

    hand: Hand = Hand.UNKNOWN
    code: str = NOT_STARTED
    """What failed, in the words of `im.providers.errors`, where the hand is the cloud's."""
    says: str = ""
    """The same for people, with the cloud's own words."""


UNKNOWN_CAUSE = Cause()


def stopped_by(hand: Hand) -> str:
    """`its guest shut it down`: what happened to a machine that nobody asked im to stop."""
    return {
        Hand.UNKNOWN: "stopped outside im",
        Hand.OUTSIDE: "stopped outside im",
        Hand.GUEST: "its guest shut it down, from within",
        Hand.RETIRED: "the cloud stopped it as announced, to retire or maintain its hardware",
        Hand.CLOUD: "the cloud itself stopped it",
        Hand.SPOT: "the cloud took this spot machine back",
    }[hand]


def ended_by(hand: Hand) -> str:
    """The same of a machine that no longer exists."""
    return {
        Hand.UNKNOWN: "terminated outside im",
        Hand.OUTSIDE: "terminated outside im",
        Hand.GUEST: "its guest shut it down, and it was made to end by that",
        Hand.RETIRED: "the cloud ended it as announced, to retire its hardware",
        Hand.CLOUD: "the cloud itself ended it",
        Hand.SPOT: "the cloud took this spot machine back, for good",
    }[hand]
