"""What clouds offer now: a type with GPUs, where it is to be had, and what it costs; and who told, or did not."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from im.domain.spec.gpu import Gpus


@dataclass(frozen=True, slots=True)
class Offer:
    """One type at one cloud, with one account."""

    provider: str
    account: str
    region: str
    zones: tuple[str, ...]
    """Where it is to be had; empty where nobody was asked, or nobody told."""
    room: bool | None
    """Has it room in these zones? None: its cloud sells it there, and tells of no room before it is asked for a machine."""
    instance_type: str
    gpus: Gpus
    usd_per_hour: Decimal | None
    """With address and disk, as far as they are known."""
    usd_to_deadline: Decimal | None
    price_source: str
    asked_at: datetime | None
    """When its cloud was asked where it is to be had; None: it was not, or did not answer."""

    apart: str = ""
    """What its cloud charges for beside, and which is in no figure here."""

    @property
    def usd_per_gpu(self) -> Decimal | None:
        return None if self.usd_per_hour is None else self.usd_per_hour / self.gpus.count


@dataclass(frozen=True, slots=True)
class Silent:
    """A cloud that told nothing, and why."""

    provider: str
    account: str
    why: str


@dataclass(frozen=True, slots=True)
class Offers:
    found: tuple[Offer, ...]
    """The cheapest first; those with room before those that may have none; what nobody knows the price of last."""
    silent: tuple[Silent, ...]
    now: datetime


def in_order(found: list[Offer], most: Decimal | None) -> tuple[Offer, ...]:
    """`most`: USD an hour; what costs more, or nobody knows what, is left out."""
    kept = [one for one in found if most is None or (one.usd_per_hour is not None and one.usd_per_hour <= most)]
    return tuple(sorted(kept, key=_rank))


def _rank(one: Offer) -> tuple[bool, Decimal, bool, str, str]:
    unknown = one.usd_per_hour is None
    return unknown, one.usd_per_hour or Decimal(0), one.room is not True, one.provider, one.instance_type
