"""One snapshot of one instance: as we remember it, and as its cloud shows it."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from decimal import Decimal
from enum import StrEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from im.domain.spec.spec import Spec

TRIES = 3
"""So often a snapshot is asked for, each for money; then it is given up, and the machine stays as it is."""
SHOWN_WITHIN = timedelta(seconds=60)
"""A snapshot that a complete listing does not show so long after it was asked for was not made."""
LOOK_AGAIN, LOOK_SELDOM = timedelta(seconds=5), timedelta(seconds=30)
"""Between two looks at a snapshot that is being made: the longer that takes, the more seldom its cloud is asked."""
KEPT_ADDRESS = "kept_address"
"""Among the provider's options of a spec: what its cloud calls the address that the machine is to be made with."""
NOT_SHELVED = "not_shelved"
"""The error of a row whose snapshot was given up."""
SNAPSHOT = "snapshot"
"""The disk type by whose price per GB and month a snapshot is charged."""


class Made(StrEnum):
    """How far one snapshot has come."""

    WANTED = "wanted"
    """It is to be asked for."""
    ASKED = "asked"
    """It may exist."""
    COMPLETE = "complete"
    """It was seen complete; its machine is still there."""
    KEPT = "kept"
    """Its machine is gone, and it is what the instance comes back from."""
    SPENT = "spent"
    """It is to be deleted."""
    FAILED = "failed"
    """It was given up."""
    GONE = "gone"


@dataclass(frozen=True, slots=True)
class Snapshot:
    """One snapshot of one instance, as we remember it; `generation` tells it from all others of the instance."""

    instance_id: str
    generation: int
    machine: str
    """The cloud's id of the machine that it is made of."""
    made: Made
    provider_id: str | None = None
    gb: Decimal | None = None
    """What is charged for; None until it is complete."""
    asked_at: datetime | None = None
    began_at: datetime | None = None
    """Since when it exists at the cloud."""
    gone_at: datetime | None = None
    tries: int = 0
    """How often it may have been asked for."""
    attempts: int = 0
    """How often in a row the present step was refused."""
    left_at: datetime | None = None
    """When its machine was seen gone."""
    address_id: str | None = None
    """What the cloud calls the public address that may be kept for the machine that comes back."""
    address: str | None = None
    address_gone_at: datetime | None = None
    """Since when the address is kept no longer, where it did not go back to the machine."""

    @property
    def name(self) -> str:
        return snapshot_name(self.instance_id, self.generation)


def snapshot_name(instance_id: str, generation: int) -> str:
    """By which it is known at its cloud."""
    return f"{instance_id}-{generation}"


@dataclass(frozen=True, slots=True)
class Saved:
    """A snapshot as its cloud shows it."""

    id: str
    instance_id: str
    generation: int
    machine: str
    """The machine that it is of."""
    complete: bool
    """A machine can be made of it."""
    broken: bool = False
    """It never will be complete."""
    gb: Decimal | None = None
    made_at: datetime | None = None

    @property
    def name(self) -> str:
        return snapshot_name(self.instance_id, self.generation)


def look_again(snapshot: Snapshot, now: datetime) -> timedelta:
    """How long to wait for the next look at a snapshot that is being made."""
    return min(LOOK_SELDOM, max(LOOK_AGAIN, (now - (snapshot.asked_at or now)) / 4))


def is_of(saved: Saved, snapshot: Snapshot) -> bool:
    """Is that the one?"""
    return (saved.instance_id, saved.generation) == (snapshot.instance_id, snapshot.generation)


def is_proof(saved: Saved | None, snapshot: Snapshot) -> bool:
    """Does what the cloud shows allow to delete the machine?"""
    return (
        saved is not None
        and is_of(saved, snapshot)
        and saved.complete
        and not saved.broken
        and saved.machine == snapshot.machine
        and saved.gb is not None
    )


def spec_from(spec: Spec, snapshot: Snapshot) -> Spec:
    """What is launched to bring it back: its first start is over, so nothing of that is repeated."""
    assert snapshot.provider_id is not None
    options = {name: value for name, value in spec.provider_options.items() if name != KEPT_ADDRESS}
    if snapshot.address_id is not None:
        options[KEPT_ADDRESS] = snapshot.address_id
    return replace(spec, image=snapshot.provider_id, provider_options=options, user_data=None, user_data_aside=None)


def keeps_address(spec: Spec) -> bool:
    """Is the machine to be made with an address that was kept for it?"""
    return bool(spec.provider_options.get(KEPT_ADDRESS))
