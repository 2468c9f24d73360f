"""Quotas: how many machines, how much an hour, how long and of which types, for one user, a team or everybody of a role.

A quota is its owner's, whoever asks: an admin who extends Bob's machine is held by Bob's quota. A request that takes no more than
was taken before always passes, however far beyond its quota an owner is.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from enum import StrEnum
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING

from im.domain.errors import OverLimit
from im.domain.input.duration import format_duration
from im.domain.money.amount import show
from im.domain.state import ALIVE, Desired, Observed

if TYPE_CHECKING:
    from im.domain.instance import Instance

_RUNS = ALIVE | {Observed.STOPPING}


class QuotaFor(StrEnum):
    USER = "user"
    TEAM = "team"
    """All that the team and its members have, together."""
    ROLE = "role"
    """What each user of the role may have, alone."""


@dataclass(frozen=True, slots=True)
class Quota:
    """One row; None, or no types, sets no limit of that kind."""

    of: QuotaFor
    name: str
    live: int | None = None
    """Instances that run or are to run, each until its cloud has said that it stopped."""
    usd_per_hour: Decimal | None = None
    longest_ttl: timedelta | None = None
    """From the moment of the request to the deadline."""
    longest_life: timedelta | None = None
    """From the instance's creation to its deadline."""
    types: tuple[str, ...] = ()
    """Patterns of instance types that are allowed, such as `t3.*`."""

    @property
    def whose(self) -> str:
        return f"the quota of {'each ' if self.of is QuotaFor.ROLE else ''}{self.of.value} {self.name}"


@dataclass(frozen=True, slots=True)
class Taken:
    """What a quota's owners have, by this transaction's sight: the request is written already."""

    live: int
    usd_per_hour: Decimal | None
    """None: of a part of it nobody knows the price."""


@dataclass(frozen=True, slots=True)
class Use:
    """How a quota stands; of a role nothing is taken, for each of its users has it alone."""

    quota: Quota
    taken: Taken | None


def is_live(row: Instance) -> bool:
    """It takes room in a quota: it runs, may yet run, or is asked to."""
    if row.closed_at is not None:
        return False
    return row.desired is Desired.RUNNING or row.observed in _RUNS or row.launching


def check_rows(quota: Quota, before: Sequence[Instance | None], after: Sequence[Instance], now: datetime) -> None:
    """The limits that each instance is held by alone. `before[i]` is None for a new one. Raises OverLimit."""
    for old, new in zip(before, after, strict=True):
        kind = new.spec.instance_type  # of a machine that is being adopted nobody knows it yet
        if old is None and kind and quota.types and not any(fnmatchcase(kind, one) for one in quota.types):
            raise OverLimit(f"{quota.whose} does not allow {kind}", f"choose from {', '.join(quota.types)}")
        if old is None or new.expires_at > old.expires_at:
            _check_deadline(quota, new, now)


def _check_deadline(quota: Quota, row: Instance, now: datetime) -> None:
    limits = []
    if quota.longest_ttl is not None:
        limits.append((now + quota.longest_ttl, f"{format_duration(quota.longest_ttl)} from now"))
    if quota.longest_life is not None:
        limits.append((row.created_at + quota.longest_life, f"{format_duration(quota.longest_life)} from its creation"))
    if not limits or row.expires_at <= (most := min(limits))[0]:
        return
    at, words = most
    if at <= now:
        raise OverLimit(
            f"{row.name} has had its time: {quota.whose} allows {words}, which was over at {_utc(at)}",
            "im create  makes another; an admin changes the limit with im quota set",
        )
    raise OverLimit(
        f"{row.name} would last longer than {quota.whose} allows: {words}, which is {_utc(at)}",
        f"the longest is --until '{_utc(at)}'",
    )


def check_together(quota: Quota, taken: Taken) -> None:
    """The limits on all that is taken together, for a request that takes more than was taken before. Raises OverLimit."""
    if quota.live is not None and taken.live > quota.live:
        raise OverLimit(
            f"{quota.whose} allows {_machines(quota.live)} at a time, and this would make {taken.live}",
            "stop or terminate something first: im list  shows what runs; what is stopping counts until it has stopped",
        )
    if quota.usd_per_hour is not None:
        if taken.usd_per_hour is None:
            raise OverLimit(
                f"nobody knows the price of all this, so {quota.whose} of {show(quota.usd_per_hour)} an hour cannot be kept",
                "take another type, or state the price: im prices set",
            )
        if taken.usd_per_hour > quota.usd_per_hour:
            raise OverLimit(
                f"{quota.whose} allows {show(quota.usd_per_hour)} an hour, and this would make {show(taken.usd_per_hour)}",
                "take a smaller type, or stop something first: im agenda  shows what runs",
            )


def _machines(count: int) -> str:
    return "no machine" if count == 0 else "1 machine" if count == 1 else f"{count} machines"


def _utc(moment: datetime) -> str:
    return f"{moment:%Y-%m-%dT%H:%M:%SZ}"
