"""mark: which of two servers that hold the same data acts at the cloud, told by a tag there that whoever acts moves.

A copy of a whole Postgres (`pg_basebackup`, a snapshot of its volume, a branch at a managed service) is in its data no other than
the original. What tells them apart is outside: when the server was started, and whether somebody else moves the mark.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum

PERIOD = timedelta(seconds=30)
"""From one move of the mark to the next."""
STILL = 2 * PERIOD
"""Nobody who acts leaves the mark where it is for so long."""
LAG = 1.5 * PERIOD
"""A standby that was promoted knows all but the last moments: it may miss one move of the mark. Who misses more was restored."""
LAST_BREATH = 1
"""Moves that a watch forgives: the last one of a server that has just ended may reach the cloud after its successor came up."""
_EARLY = timedelta(seconds=5)
"""A look that comes a little early must not wait for the one after it."""
_WRITTEN = re.compile(r"(\d{6,9})-(\d{14})-(\d{20})-([0-9a-f]{1,16})", re.ASCII)


@dataclass(frozen=True, slots=True, order=True)
class Mark:
    """One value of the tag. The newest of several is the greatest; sorted as text they are in the same order.

    Written in what the labels of every cloud may hold: digits, small letters and hyphens, not more than 63.
    """

    term: int
    """Goes up when another server takes over, or is told to act: who sees a higher one is no longer the one who acts."""
    at: datetime
    """When it was moved here, in whole seconds."""
    started: datetime
    """When the server that moved it was started."""
    nonce: str

    def __str__(self) -> str:
        return f"{self.term:06d}-{self.at:%Y%m%d%H%M%S}-{self.started:%Y%m%d%H%M%S%f}-{self.nonce}"


def parse_mark(written: str | None) -> Mark | None:
    """None for what nobody here has written."""
    found = _WRITTEN.fullmatch(written or "")
    if not found:
        return None
    try:
        at = datetime.strptime(found[2], "%Y%m%d%H%M%S").replace(tzinfo=UTC)
        started = datetime.strptime(found[3], "%Y%m%d%H%M%S%f").replace(tzinfo=UTC)
    except ValueError:
        return None
    return Mark(int(found[1]), at, started, found[4])


def tag_of(mark: Mark, scope_id: int) -> str:
    """The mark of one scope as its tag says it: one account of a cloud may have two names of ours, each with a mark of its own."""
    return f"{mark}-{scope_id}"


def newest(tags: Iterable[str], scope_id: int) -> Mark | None:
    """Of those marks of this scope that machines carry; the others are where somebody left them."""
    ending = f"-{scope_id}"
    values = (one.removesuffix(ending) for one in tags if one.endswith(ending))
    return max(filter(None, map(parse_mark, values)), default=None)


@dataclass(frozen=True, slots=True)
class Server:
    """One run of a Postgres server: no other run has the same start."""

    place: str
    """Its address, port and data folder, as far as its user may know them."""
    started: datetime


@dataclass(frozen=True, slots=True)
class Watch:
    """A server waits whether somebody else moves the mark."""

    started: datetime
    """Of the server that watches: another one begins anew."""
    since: datetime
    looked_at: datetime
    seen: Mark | None
    moves: int = 0


@dataclass(frozen=True, slots=True)
class Known:
    """What the database knows of one scope. In a copy it is what the original knew."""

    server: Server | None = None
    """That acted last; None: none did, since marks are known."""
    mark: Mark | None = None
    before: Mark | None = None
    """The row is written first, so after a crash in between the cloud still shows this one."""
    watch: Watch | None = None
    held: bool = False

    def is_alien(self, seen: Mark | None) -> bool:
        """Was this mark set by a server that we know nothing of? An older one of ours is only late."""
        if seen is None or seen == self.mark:
            return False
        return self.before is None or seen > self.before

    def is_behind(self, seen: Mark | None) -> bool:
        """Was more done at the cloud since, by somebody with these data, than a failover loses?"""
        if seen is None or not self.is_alien(seen):
            return False
        return self.mark is None or seen.at - self.mark.at > LAG

    def is_due(self, now: datetime) -> bool:
        return self.mark is None or now - self.mark.at >= PERIOD - _EARLY


class Verdict(StrEnum):
    ACTS = "acts"
    """It is the one that acted before."""
    RIVAL = "rival"
    """The same, and a copy of it acts too, which will hold once it sees our mark."""
    SETTLES = "settles"
    """A restart, or there is nothing to lose: it acts from now on, at once."""
    TAKES_OVER = "takes over"
    """Nobody else is at work any more: it acts from now on, under a new term."""
    WATCHES = "watches"
    HOLDS = "holds"
    """It is a copy, or one has been told to act in its place."""
    RESTORED = "restored"
    """It was restored from a backup: the deadlines that it knows are old ones."""

    @property
    def acts(self) -> bool:
        return self not in (Verdict.WATCHES, Verdict.HOLDS, Verdict.RESTORED)


def judge(
    known: Known, here: Server, seen: Mark | None, now: datetime, *, living: bool
) -> tuple[Verdict, Watch | None]:
    """May the server `here` act in a scope whose newest mark is `seen`? With the watch to go on with, when it watches.

    `living`: the scope has a machine. Where there is none, nothing can be stopped by mistake, and launches are told apart by token.
    """
    if known.held:
        return Verdict.HOLDS, None
    alien = known.is_alien(seen)
    if known.server is not None and known.server.started == here.started:
        return _in_office(known, here, seen if alien else None), None
    if not alien and (known.server is None or not living or known.server.place == here.place):
        return Verdict.SETTLES, None
    return _watch(known, here, seen, now)


def _in_office(known: Known, here: Server, alien: Mark | None) -> Verdict:
    """Of two that act under one term the one that was started later is the copy: it came up where it could not be told apart.

    A mark that this very run of the server has set, and that its rows do not know: they were put back, under the server.
    """
    if alien is None:
        return Verdict.ACTS
    term = known.mark.term if known.mark else 0
    if alien.term == term and alien.started == here.started:
        return Verdict.RESTORED
    return Verdict.HOLDS if (alien.term, here.started) > (term, alien.started) else Verdict.RIVAL


def _watch(known: Known, here: Server, seen: Mark | None, now: datetime) -> tuple[Verdict, Watch | None]:
    watch = known.watch
    if watch is None or watch.started != here.started:
        return Verdict.WATCHES, Watch(here.started, now, now, seen)
    if seen is not None and (watch.seen is None or seen > watch.seen):
        if watch.moves >= LAST_BREATH:
            return Verdict.HOLDS, None
        return Verdict.WATCHES, Watch(here.started, now, now, seen, watch.moves + 1)
    # for longer than a period nobody looked, or the cloud could not be reached, perhaps by the other neither: that proves nothing
    blind = max(timedelta(0), now - watch.looked_at - PERIOD)
    since = watch.since + blind
    if now - since >= STILL:
        last = max(filter(None, (watch.seen, seen)), default=None)
        return (Verdict.RESTORED if known.is_behind(last) else Verdict.TAKES_OVER), None
    return Verdict.WATCHES, Watch(here.started, since, now, watch.seen, watch.moves)


def following(
    known: Known, here: Server, seen: Mark | None, now: datetime, nonce: str, *, over: bool
) -> tuple[Mark, Mark | None]:
    """The next mark of a server that acts, and what is kept as the one before it. `over`: it goes above all that was seen."""
    last = max(filter(None, (known.mark, seen)), default=None) if over else known.mark
    term = 1 if last is None else last.term + 1 if over else last.term
    return Mark(term, now.replace(microsecond=0), here.started, nonce), last
