"""What the demo asks of the cloud itself, past our own database: is the machine really in the state we say it is?"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping

from im.context import Context, open_context
from im.domain.errors import Unavailable
from im.domain.instance import Instance
from im.domain.sighting import Sighting
from im.domain.state import ALIVE
from im.providers.machine import machine_of
from im.services import queries
from im.settings import Settings

PATIENCE = 60.0
"""Seconds past the deadline before the demo gives up: one lost hint, a tick and a lease still fit."""


class Cloud:
    """The sandbox, through the provider's own client."""

    def __init__(self, context: Context, pause: Callable[[float], None] = time.sleep) -> None:
        self._context = context
        self._pause = pause

    @classmethod
    def of(cls, environ: Mapping[str, str]) -> Cloud:
        return cls(open_context(Settings.from_env(environ)))

    def close(self) -> None:
        self._context.dispose()

    def seen(self, name: str, state: str) -> str:
        """The machine in the cloud's own words. Raises Unavailable when its state is not `state`, or ours disagrees."""
        row, sighting = self._look(name)
        if sighting.state != state or row.observed != state:
            raise Unavailable(f"the cloud says {sighting.state}, im says {row.observed}; both should say {state}")
        if sighting.public_ip != row.public_ip:
            raise Unavailable(f"the cloud's address is {sighting.public_ip}, im says {row.public_ip}")
        return " ".join(filter(None, (sighting.provider_id, str(sighting.state), sighting.public_ip)))

    def seconds_left(self, name: str) -> float:
        """To the deadline, by the database's clock; negative past it."""
        row = self._row(name)
        return (row.expires_at - queries.by_ids(self._context, [row.id]).now).total_seconds()

    def stopped_by_deadline(self, name: str, tell: Callable[[str, int], None]) -> float:
        """Look on until the machine is seen stopped; returns seconds from its deadline, by the database's clock.

        Raises Unavailable when it stops early, or not at all.
        """
        while True:
            _, sighting = self._look(name)
            left = self.seconds_left(name)
            if sighting.state not in ALIVE and left > 0:
                raise Unavailable(f"{name} was {sighting.state} {left:.1f} s before its deadline")
            if sighting.state not in ALIVE:
                self._wait_settled(name)
                return -left
            if -left > PATIENCE:
                raise Unavailable(f"{name} still runs {-left:.0f} s after its deadline")
            seconds = max(0, round(left))
            tell(f"{name} is {sighting.state} at the cloud, {seconds} s left", seconds)
            self._pause(0.2)

    def _wait_settled(self, name: str) -> None:
        for _ in range(int(PATIENCE / 0.2)):
            if (row := self._row(name)).settled:
                return
            self._pause(0.2)
        raise Unavailable(f"{name} stopped, but im still says {row.observed}")

    def _look(self, name: str) -> tuple[Instance, Sighting]:
        row = self._row(name)
        if row.provider_id is None:
            raise Unavailable(f"{name} has no machine")
        found = self._context.provider_for(row.scope).describe(row.scope, [machine_of(row)])
        if row.provider_id not in found:
            raise Unavailable(f"the cloud does not know {row.provider_id}")
        return row, found[row.provider_id]

    def _row(self, name: str) -> Instance:
        return queries.resolve(self._context, [name]).rows[0]
