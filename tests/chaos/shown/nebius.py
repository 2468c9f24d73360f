"""Nebius: one tenant of its stand-in."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

from im.standins.nebius import Nebius as StandIn
from im.standins.nebius.tenant import Machine, Tenant
from tests.chaos.shown.world import (
    ACCOUNT,
    ENDING,
    PENDING,
    RUNNING,
    STOPPED,
    STOPPING,
    Seen,
    Shown,
    mine,
    seen_as,
)
from tests.providers.nebius.room import foreign

_STATES = {
    "CREATING": PENDING,
    "STARTING": PENDING,
    "RUNNING": RUNNING,
    "STOPPING": STOPPING,
    "STOPPED": STOPPED,
    "DELETING": ENDING,
}


class Nebius(Shown):
    service: StandIn
    path = re.compile(r"InstanceService")

    @property
    def _tenant(self) -> Tenant:
        return self.service.tenant(ACCOUNT)

    def machines(self) -> Mapping[str, Seen]:
        return {one.id: self._seen(one) for one in self._tenant.machines.values()}

    def _seen(self, one: Machine) -> Seen:
        return seen_as(_STATES[one.state], one.labels, "im-", one.name)

    def parts(self, deployment: str) -> Iterator[str]:
        for disk in self._tenant.disks.values():
            if disk.machine is None and disk.labels.get("im-deployment") == deployment:
                yield disk.id

    def grounds(self, deployment: str) -> Iterator[str]:
        yield from (one.name for one in self._tenant.groups.values() if mine(one.name, deployment))

    def ever(self) -> int:
        return len(self._tenant.ever)

    def hand(self, machine: str, does: str) -> None:
        one = self._tenant.machines[machine]
        one.course, one.state = [], {"off": "STOPPED", "on": "RUNNING", "gone": "gone"}[does]
        _ = self._tenant

    def plant(self, deployment: str, token: str, row: str) -> None:
        made = self._tenant.machines[foreign(self._tenant, "planted")]
        made.labels = {"im-deployment": deployment, "im-launch": token} if deployment else {}
        made.labels |= {"im-instance": row} if deployment and row else {}

    def use_up(self) -> None:
        self._tenant.calls.left = 0.0

    def refill(self) -> None:
        self._tenant.calls.left = self._tenant.calls.size

    def lack(self, lacking: bool) -> None:
        self._tenant.full = {("cpu-d3", "eu-north1")} if lacking else set()
