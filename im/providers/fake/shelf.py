"""Snapshots in the cloud in memory: complete after a while, unless they are scripted to break."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import TYPE_CHECKING

from im.domain.scope import Scope
from im.domain.shelf.snapshot import Saved
from im.domain.state import Observed
from im.providers.errors import InvalidSpec, ProviderError, WrongState
from im.providers.machine import Machine

if TYPE_CHECKING:
    from im.providers.fake.cloud import FakeCloud

PREFIX = "snap-"


@dataclass(slots=True)
class Picture:
    id: str
    deployment: str
    region: str
    instance_id: str
    generation: int
    machine: str
    made_at: datetime
    broken: bool


class Pictures:
    """The snapshots of one cloud."""

    def __init__(self, cloud: FakeCloud) -> None:
        self._cloud = cloud
        self.kept: dict[str, Picture] = {}
        self.breaking = 0
        """So many of the next ones come to nothing."""
        self.gb = Decimal(10)
        self._count = 0

    def make(self, deployment: str, region: str, machine: str, instance_id: str, generation: int) -> Picture:
        if self._cloud.state(self._cloud.visible(machine)) is not Observed.STOPPED:
            raise WrongState(f"{machine} is not stopped")
        self._count += 1
        broken, self.breaking = self.breaking > 0, max(0, self.breaking - 1)
        facts = (deployment, region, instance_id, generation, machine, self._cloud.clock(), broken)
        made = self.kept[f"{PREFIX}{self._count:06}"] = Picture(f"{PREFIX}{self._count:06}", *facts)
        return made

    def show(self, one: Picture) -> Saved:
        over = self._cloud.clock() - one.made_at >= 2 * self._cloud.takes
        complete = over and not one.broken
        return Saved(
            *(one.id, one.instance_id, one.generation, one.machine, complete),
            broken=over and one.broken,
            gb=self.gb if complete else None,
            made_at=one.made_at,
        )

    def check(self, image: str) -> None:
        """Raises InvalidSpec for a snapshot of which no machine can be made."""
        if image.startswith(PREFIX) and (image not in self.kept or not self.show(self.kept[image]).complete):
            raise InvalidSpec(f"there is no complete snapshot {image}")


class FakeShelving:
    addresses = None

    def __init__(self, cloud: FakeCloud, deployment: str) -> None:
        self._cloud, self._deployment = cloud, deployment

    def found(self, scope: Scope) -> Sequence[Saved]:
        with self._cloud.call("snapshots", mutating=False):
            mine = (self._deployment, scope.region)
            pictures = self._cloud.pictures
            return [pictures.show(one) for one in pictures.kept.values() if (one.deployment, one.region) == mine]

    def save(self, scope: Scope, machine: Machine, instance_id: str, generation: int) -> Saved:
        with self._cloud.call("snapshot", [machine.id]):
            pictures = self._cloud.pictures
            return pictures.show(pictures.make(self._deployment, scope.region, machine.id, instance_id, generation))

    def discard(self, scope: Scope, ids: Sequence[str]) -> Mapping[str, ProviderError]:
        try:
            with self._cloud.call("delete_snapshot", ids):
                for one in ids:
                    self._cloud.pictures.kept.pop(one, None)
        except ProviderError as exc:
            return dict.fromkeys(ids, exc)
        return {}
