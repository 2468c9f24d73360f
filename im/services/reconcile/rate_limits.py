"""How many machines the next call may name: below the cloud's own limits on calls, and on the machines in them."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

from im.db import rate_limits
from im.domain.lifecycle import Step
from im.providers.contract import Provider

if TYPE_CHECKING:
    from sqlalchemy import Connection

_WORTH_A_CALL = 10
"""Machines: when their tokens come one by one, so many are waited for, or calls would run out before machines do."""


def take(
    connection: Connection, provider: Provider, number: int, step: Step, wanted: int, now: datetime
) -> tuple[int, float]:
    """Up to `wanted` machines, taken from the buckets of the scope, and 0; or none and the seconds until it is worth asking."""
    if not wanted:
        return 0, 0.0
    verb, can = "describe" if step is Step.LOOK else step.value, provider.capabilities
    machines = f"{verb} machines"
    allowed, wait = rate_limits.taken(
        connection, number, machines, can.machine_rates.get(verb), now, wanted, _WORTH_A_CALL
    )
    if not wait and (wait := rate_limits.take(connection, number, verb, can.rates.get(verb), now)):
        rate_limits.give_back(connection, number, machines, allowed)
    return allowed, wait
