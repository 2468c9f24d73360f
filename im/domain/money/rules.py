"""How a cloud bills a machine, as far as clouds differ: what for, for how long at least, in which steps, and up to how much.

A profile names its cloud's rules; the ledger, the forecast and the budgets ask them, and so do the words that people read of what
a stop saves. Prices are no part of them.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from enum import StrEnum
from functools import cached_property
from typing import TYPE_CHECKING

from im.domain.money.amount import ZERO

if TYPE_CHECKING:
    from im.domain.scope import Scope
    from im.domain.spec.spec import Spec


class While(StrEnum):
    """For which time something is charged."""

    RUNNING = "running"
    """From each start to the stop that ends it."""
    THERE = "there"
    """As long as the machine exists, stopped or not."""


@dataclass(frozen=True)  # without slots: what follows from the rules is kept with them
class BillingRules:
    """Where nothing else is said: by the time that it runs, as long as it took, a minute at least for each start."""

    computing: While = While.RUNNING
    address: While = While.RUNNING
    """A disk is charged as long as the machine exists, everywhere; one that is in the price of the machine has 0 GB."""
    least: timedelta = timedelta(seconds=60)
    """Charged at least: for each start, or for each machine where computing is charged while it is there."""
    least_usd: Decimal = ZERO
    """The same in money."""
    step: timedelta = timedelta(0)
    """Time is charged in whole steps, each as soon as it has begun; 0 where it is charged as long as it took."""
    monthly_cap: bool = False
    """The price per month is the most that a calendar month (UTC) costs; the price list tells one beside the hourly price."""
    disk_stopped: Decimal = Decimal(1)
    """How many times as much a disk costs while its machine is stopped."""
    made_of: Callable[[str], Mapping[str, Decimal]] | None = None
    """Type → what an hour of it is made of, by items that have a price each, where the type itself has none."""
    beside: Callable[[Spec], Decimal] | None = None
    """Spec → USD an hour that a machine of it costs beside its type for as long as it computes, and that is counted with that."""
    priced_by_account: bool = False
    """Each account has prices of its own, in all its regions; else each region has, for all accounts."""
    hours_in_month: Decimal = Decimal(730)
    """What a price per GB and month is divided by: a twelfth of the 8,760 hours of a year, as clouds' own calculators have it."""

    def computing_beside(self, spec: Spec) -> Decimal:
        """USD an hour."""
        return self.beside(spec) if self.beside is not None else ZERO

    def priced_in(self, scope: Scope) -> str:
        """Where its prices hold, as items name it."""
        return scope.account if self.priced_by_account else scope.region

    @property
    def stop_saves_nothing(self) -> bool:
        """A deadline that stops saves no money, and people are told so."""
        return self.computing is While.THERE

    @property
    def of_a_stop(self) -> str:
        """What a stop saves and keeps, in words that follow `a stopped machine`."""
        if self.stop_saves_nothing:
            return "costs as much as a running one, until it is terminated"
        kept = "its disk and its address" if self.address is While.THERE else "its disk"
        if self.disk_stopped != 1:
            kept += f", at {self.disk_stopped:f} times the price"
        return f"costs {kept}, and nothing for computing"

    @cached_property
    def by_the_hour_alone(self) -> bool:
        """What is to come is its rate times its time: no steps, no least sum and no cap."""
        return not (self.step or self.least_usd or self.monthly_cap)

    @property
    def tail(self) -> timedelta:
        """How long after its end something may still be charged."""
        return max(self.least, self.step)

    def up(self, began_at: datetime, at: datetime) -> datetime:
        """The end of the last step that has begun before `at`, of what began at `began_at`."""
        return began_at - (began_at - at) // self.step * self.step if self.step else at


PER_SECOND = BillingRules()
"""By the time that it runs, to the second."""
