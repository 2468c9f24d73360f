"""Whose hand stopped or ended a machine of the cloud in memory, and what that cloud says of it."""

from __future__ import annotations

from collections.abc import Mapping

from im.domain.cause import Cause, Hand

SAYS: Mapping[Hand, str] = {
    Hand.OUTSIDE: "somebody asked the fake cloud for it",
    Hand.GUEST: "it was shut down from within",
    Hand.RETIRED: "the fake cloud retires its hardware",
    Hand.CLOUD: "the fake cloud could not let it run on",
    Hand.SPOT: "the fake cloud needs its spare room back",
}
"""Every hand that can be played. Ours is OUTSIDE too: to a cloud we are somebody who asks."""
ASKING = frozenset({Hand.OUTSIDE})
"""Those whom the cloud may refuse; the others do not ask it."""


def cause_of(hand: Hand) -> Cause:
    return Cause(hand, says=SAYS[hand])
