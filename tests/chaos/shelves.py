"""What the state machine does to have machines shelved, and what must hold of their snapshots."""

from __future__ import annotations

from abc import abstractmethod
from collections import Counter
from collections.abc import Sequence
from datetime import timedelta
from typing import Any

from hypothesis import strategies as st
from hypothesis.stateful import invariant, rule

from im.db.instances import shelf
from im.domain.instance import Instance
from im.domain.shelf.table import Want, want_of
from im.domain.state import Desired, OnExpiry, Shelf
from im.providers.fake.shelf import Picture
from tests.world import World

NAMES = ("a", "b", "c")
TTLS = st.sampled_from([5, 20, 45, 90, 400])


class Shelves:
    """A part of the machine; `world`, `_do` and `_rows` are the whole's."""

    world: World

    @abstractmethod
    def _do(self, act: Any) -> None: ...

    @abstractmethod
    def _rows(self) -> list[Instance]: ...

    @rule(name=st.sampled_from(NAMES), ttl=TTLS)
    def create_to_be_shelved(self, name: str, ttl: int) -> None:
        self._do(lambda: self.world.create(name, seconds=ttl, on_expiry=OnExpiry.SHELVE))

    @rule(name=st.sampled_from(NAMES))
    def shelve(self, name: str) -> None:
        self._do(lambda: self.world.stop(name, shelve=True))

    @rule(number=st.sampled_from([1, 3]))
    def break_snapshots(self, number: int) -> None:
        self.world.cloud.pictures.breaking = number

    @invariant()
    def what_gives_way_to_a_snapshot_has_one(self) -> None:
        whole = {one.instance_id for one in map(self.world.cloud.pictures.show, self._pictures()) if one.complete}
        for row in self._rows():
            if row.shelf is Shelf.LEAVING or (row.shelved and row.desired is not Desired.TERMINATED):
                assert row.id in whole, row

    def _calm_snapshots(self) -> None:
        for _ in range(12):  # a snapshot whose answer was lost is waited for
            with self.world.ctx.begin() as connection:
                if not shelf.waiting(connection, self.world.now + timedelta(hours=1), 1):
                    break
            self.world.advance(30)

    def _check_snapshots(self, rows: Sequence[Instance]) -> None:
        kept = Counter(one.instance_id for one in self._pictures())
        for row in rows:
            if row.shelved or (row.closed_at is not None and want_of(row) is Want.LOST):
                assert kept[row.id] <= 1 or not row.shelved, f"paid for twice: {row}"
            elif row.settled:
                assert kept[row.id] == 0, f"nobody deletes its snapshot: {row}"

    def _pictures(self) -> list[Picture]:
        return list(self.world.cloud.pictures.kept.values())
