"""Spot in the cloud in memory: behind each machine a request, which may bring another one after it where it is persistent.

Only the cloud starts again what it took back; who ends a machine whose persistent request stands gets another one, without a tag.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import TYPE_CHECKING

from im.domain.cause import UNKNOWN_CAUSE, Hand
from im.domain.money.bill import Price, in_force
from im.domain.state import ALIVE, Observed
from im.providers.errors import Interrupted, NotFound, Unsupported
from im.providers.fake.hands import cause_of

if TYPE_CHECKING:
    from im.providers.fake.cloud import FakeCloud
    from im.providers.fake.machine import Machine


@dataclass(slots=True)
class Request:
    id: str
    machine: str
    once: bool
    cancelled: bool = False


class Spares:
    """The spot requests of one cloud."""

    def __init__(self, cloud: FakeCloud) -> None:
        self._cloud = cloud
        self.requests: dict[str, Request] = {}
        self._prices: dict[tuple[str, str], list[Price]] = {}
        """(zone, instance type) → every price that it had, oldest first."""

    def costs(self, zone: str, kind: str, usd: str) -> None:
        """From now on."""
        price = Price(Decimal(usd), self._cloud.clock(), f"the fake cloud's spot price in {zone}")
        self._prices.setdefault((zone, kind), []).append(price)

    def history(self, region: str, kind: str, since: datetime) -> dict[str, list[Price]]:
        """Zone → its prices from `since` on, and the one that was in force then."""
        found: dict[str, list[Price]] = {}
        for (zone, name), prices in self._prices.items():
            if name == kind and zone[:-1] == region:
                held = in_force(prices, since)
                found[zone] = [price for price in prices if price is held or price.since > since]
        return found

    def open(self, machine: Machine, once: bool) -> None:
        """`machine` comes from the spare room."""
        made = Request(f"spot-{len(self.requests) + 1:06}", machine.id, once)
        self.requests[made.id] = made
        machine.spot_request = made.id

    def check(self, verb: str, machine: Machine) -> None:
        """Raises for what nobody can do to a spot machine."""
        request = self.requests.get(machine.spot_request)
        if request is None:
            return
        if verb == "stop" and self._cloud.state(machine) in ALIVE and (request.once or request.cancelled):
            raise Unsupported(
                f"{machine.id} is a one-time spot machine, or its request is cancelled: it cannot be stopped"
            )
        if verb == "start" and (machine.taken or request.cancelled):
            raise Interrupted(f"the cloud took {machine.id} back, and alone starts it again")

    def moved(self, verb: str, machine: Machine) -> None:
        """Somebody started, stopped or terminated it."""
        request = self.requests.get(machine.spot_request)
        if verb == "terminate" and request is not None and not request.cancelled and not request.once:
            other = self._cloud.another(machine)
            other.spot_request, request.machine = request.id, other.id

    def cancel(self, request_id: str) -> None:
        """What is stopped ends with its request; what runs goes on."""
        request = self.requests.get(request_id)
        if request is None:
            raise NotFound(f"no spot request {request_id}")
        request.cancelled = True
        machine = self._cloud.known(request.machine)
        if machine is not None and self._cloud.state(machine) is Observed.STOPPED:
            machine.state, machine.since = Observed.TERMINATING, self._cloud.clock()
            machine.cause = cause_of(Hand.OUTSIDE)

    def take_back(self, machine_id: str) -> None:
        """The cloud needs the room."""
        machine = self._cloud.known(machine_id)
        assert machine is not None
        stops = not self.requests[machine.spot_request].once
        machine.state = Observed.STOPPING if stops else Observed.TERMINATING
        machine.since, machine.cause = self._cloud.clock(), cause_of(Hand.SPOT)

    def give_back(self, machine_id: str) -> None:
        """It has room again, and starts what it had stopped."""
        machine = self._cloud.known(machine_id)
        assert machine is not None
        if machine.taken and self._cloud.state(machine) is Observed.STOPPED:
            machine.state, machine.cause = Observed.PENDING, UNKNOWN_CAUSE
            machine.since = machine.started = self._cloud.clock()
