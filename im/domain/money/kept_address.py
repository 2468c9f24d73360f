"""What the address of a machine costs that has given way to its snapshot, where the address is kept for the one that comes back.

It is one thing at its cloud, from its first machine to its end: steps and caps are counted over all of that, and no part twice.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from im.domain.shelf.snapshot import Made, Snapshot

if TYPE_CHECKING:
    from im.domain.money.usage import UsageInterval


@dataclass(frozen=True, slots=True)
class KeptSpan:
    """An address without a machine."""

    since: datetime
    """When the address itself began."""
    began_at: datetime
    ended_at: datetime


def kept_spans(lives: Sequence[UsageInterval], snapshots: Sequence[Snapshot], now: datetime) -> Iterator[KeptSpan]:
    """`lives`: when machines of it existed, in order. What still goes on counts until `now`."""
    for one in snapshots:
        at = _life_before(lives, one)
        if at is None:
            continue
        began_at = lives[at].ended_at or one.left_at or now
        coming_back = [lives[at + 1].began_at] if at + 1 < len(lives) else []
        ends = [end for end in (one.address_gone_at, one.gone_at, *coming_back) if end is not None]
        yield KeptSpan(since_of(lives, at, snapshots), began_at, max(began_at, min(ends, default=max(now, began_at))))


def since_of(lives: Sequence[UsageInterval], at: int, snapshots: Sequence[Snapshot]) -> datetime:
    """When the address of that life began: with it, unless it was kept over from the life before."""
    while at and any(_life_before(lives, one) == at - 1 and one.address_gone_at is None for one in snapshots):
        at -= 1
    return lives[at].began_at


def is_kept(one: Snapshot) -> bool:
    """Is its address kept now, without a machine?"""
    return one.made is Made.KEPT and one.address_id is not None and one.address_gone_at is None


def _life_before(lives: Sequence[UsageInterval], one: Snapshot) -> int | None:
    """Which life ended with the snapshot, and left its address; None where it left none, or has not ended."""
    if one.address_id is None or one.left_at is None:
        return None
    ended = [at for at, life in enumerate(lives) if life.ended_at is not None and life.ended_at <= one.left_at]
    return max(ended, default=None)
