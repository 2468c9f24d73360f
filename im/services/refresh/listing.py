"""One look at one scope, or at one zone of it: which pages are asked for, and what of them is worth judging.

A small scope is listed in full every time. In a big one most looks read states only, which costs a tenth; what is not as we
know it is described, and once a minute everything is listed in full: a machine that stopped and started between two looks
shows in its launch time only.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from itertools import islice
from typing import TYPE_CHECKING

from im.db import ticks
from im.db.instances import observations
from im.db.instances.observations import REST
from im.db.money import usage
from im.domain import tags
from im.domain.sighting import Sighting
from im.domain.state import Observed
from im.logs import log
from im.memory import give_back
from im.providers.contract import Filter, Snapshot
from im.providers.errors import Forbidden, Unsupported
from im.providers.features import States
from im.providers.machine import Machine
from im.services.refresh.drift import judge_seen, judge_unseen

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from im.services.scope_run import ScopeRun

FULLY_EVERY = 60.0
"""Seconds between two full listings of a big scope."""
CROWDED_FOR = 600.0
"""Seconds for which a scope stays listed in full after its states were found to be mostly others'."""
_CROWD = 8
"""So many times more machines of others than of ours, and our own in full are the shorter answer."""
_AT_ONCE = 1000


class Depth(StrEnum):
    FULL = "full"
    STATES = "states"
    BY_ID = "by id"


class _Crowded(Exception):
    """Too many machines of others."""


def shard(number: int, zone: str) -> str:
    """What a doorbell calls a scope, or one zone of it."""
    return f"{number}/{zone}" if zone else str(number)


def begin(run: ScopeRun, zone: str, slot: float) -> ScopeListing | None:
    """Claim this slot of `slot` seconds, and settle what should be seen, and how. None: there is nothing to do."""
    with run.ctx.begin() as connection:
        began_at = run.ctx.clock(connection)
        awaited = observations.awaited(connection, run.scope_id, zone, began_at)
        if zone and not awaited and zone != REST:
            return None
        if not ticks.claim(connection, _slot(run.scope_id, zone), slot, began_at):
            return None
        depth = _depth(connection, run.ctx.settings.states_from, awaited, run.scope_id, zone, began_at)
        return ScopeListing(run, zone, began_at, awaited, depth)


def _slot(number: int, zone: str) -> str:
    return f"refresh {shard(number, zone)}"


def _depth(
    connection: Connection, states_from: int, awaited: dict[str, str], number: int, zone: str, now: datetime
) -> Depth:
    if zone == REST:
        return Depth.BY_ID
    name = shard(number, zone)
    if len(awaited) < states_from or ticks.claimed(connection, f"crowded {name}", CROWDED_FOR, now):
        return Depth.FULL
    return Depth.FULL if ticks.claim(connection, f"full {name}", FULLY_EVERY, now) else Depth.STATES


@dataclass
class ScopeListing:
    """Begun at `began_at`, for the rows that have the machines in `awaited` (see `observations.awaited`)."""

    run: ScopeRun
    zone: str
    began_at: datetime
    awaited: dict[str, str]
    depth: Depth = Depth.FULL
    complete: bool = True
    unseen: set[str] = field(default_factory=set)
    """Zones that an incomplete look could not show."""
    broken: bool = False
    """It is incomplete, and nobody knows where."""
    seen: int = 0
    changed: int = 0
    skew: float | None = None
    """Seconds by which the cloud's clock is ahead of the database's for certain; None while it has not told."""
    marks: dict[str, str] | None = None
    """Machine → its mark, when the whole scope was listed in full."""

    def give_back(self) -> None:
        """Leave the slots that were claimed: nothing could be seen, and another worker may see it."""
        with self.run.ctx.begin() as connection:
            for name in (_slot(self.run.scope_id, self.zone), f"full {shard(self.run.scope_id, self.zone)}"):
                ticks.give_back(connection, name, self.began_at)

    def read(self) -> None:
        """Look, and write what it means. Raises ProviderError when nothing could be seen."""
        if self.depth is Depth.BY_ID:
            shown = self.run.provider.describe(self.run.scope, [Machine(one) for one in self.awaited])
            self._judge(list(shown.values()))
        elif self.depth is Depth.FULL or self.run.provider.states is None:
            self._listing()
        else:
            self._states()
        if self.complete:
            with self.run.ctx.begin() as connection:
                usage.vouch(connection, self.run.scope_id, observations.zone_of(self.zone), list(self.awaited))
        if self.complete or (self.unseen and not self.broken):
            left = iter(self._missed())
            while some := list(islice(left, _AT_ONCE)):
                self.changed += judge_unseen(self.run, some, self.began_at)

    def _missed(self) -> list[str]:
        """Those that were awaited, and not shown where everything was."""
        if self.complete:
            return list(self.awaited)
        with self.run.ctx.begin() as connection:
            hidden = {
                machine
                for zone in (*sorted(self.unseen), REST)
                for machine in observations.awaited(connection, self.run.scope_id, zone, self.began_at)
            }
        return [one for one in self.awaited if one not in hidden]

    def _note(self, page: Snapshot | States) -> None:
        self.complete &= page.complete
        self.unseen |= page.unseen
        self.broken |= not page.complete and not page.unseen

    def _listing(self) -> None:
        marks: dict[str, str] = {}
        for page in self.run.provider.list(self.run.scope, Filter(zone=self.zone)):
            self._note(page)
            self._compare(page.date)
            self._judge(page.sightings)
            marks |= {one.provider_id: one.tags[tags.MARK] for one in page.sightings if tags.MARK in one.tags}
        if self.complete and not self.zone:
            self.marks = marks
        if self.seen >= _AT_ONCE:
            give_back()

    def _states(self) -> None:
        try:
            for some in self._strange():
                shown = self.run.provider.describe(self.run.scope, [Machine(one) for one in some])
                # what its description does not show yet is known by its state at least
                self._judge([shown.get(one) or Sighting(one, state) for one, state in some.items()])
        except (_Crowded, Forbidden, Unsupported) as exc:
            log.debug("listed in full instead of by states", scope=str(self.run.scope), because=type(exc).__name__)
            with self.run.ctx.begin() as connection:
                name = f"crowded {shard(self.run.scope_id, self.zone)}"
                ticks.claim(connection, name, CROWDED_FOR, self.run.ctx.clock(connection))
            self._listing()

    def _strange(self) -> Iterator[dict[str, Observed]]:
        """What the states show that is not as we know it, in portions."""
        found: dict[str, Observed] = {}
        room_for = _CROWD * len(self.awaited) + _AT_ONCE
        assert self.run.provider.states is not None
        for page in self.run.provider.states.list(self.run.scope, zone=self.zone):
            self._note(page)
            self._compare(page.date)
            for one, state in page.seen.items():
                known = self.awaited.pop(one, None)
                if known is None:
                    room_for -= 1
                    continue
                self.seen += 1
                if known != state:
                    found[one] = state
            if room_for < 0:
                raise _Crowded
            if len(found) >= _AT_ONCE:
                yield found
                found = {}
        if found:
            yield found

    def _compare(self, date: datetime | None) -> None:
        """The first page's date lies between the moment it was asked for and now, however long that took and the rest will."""
        if date is None or self.skew is not None:
            return
        with self.run.ctx.begin() as connection:
            now = self.run.ctx.clock(connection)
        ahead, behind = (date - now).total_seconds(), (self.began_at - date).total_seconds()
        self.skew = ahead if ahead > 0 else -behind if behind > 0 else 0.0

    def _judge(self, sightings: Sequence[Sighting]) -> None:
        for one in sightings:
            if self.awaited.pop(one.provider_id, None) is not None:
                self.seen += 1
        self.changed += judge_seen(self.run, sightings, self.began_at)
