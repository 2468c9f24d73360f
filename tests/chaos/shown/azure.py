"""Azure: one subscription of its stand-in."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from im.standins.azure import Azure as StandIn
from im.standins.azure.shapes import ADDRESS, DISK, NETWORK, NIC, RULES, VM
from im.standins.azure.subscription import Machine
from tests.chaos.shown.world import (
    ACCOUNT,
    ENDING,
    HALTED,
    PENDING,
    RUNNING,
    STOPPED,
    STOPPING,
    Seen,
    Shown,
    mine,
    seen_as,
)


class Azure(Shown):
    service: StandIn
    path = re.compile(r"(?i)/subscriptions/[^/]+/resourcegroups/(?P<id>[^/]+/providers/[^/]+/virtualmachines/[^/]+)")

    @property
    def _subscription(self) -> Any:
        return self.service.subscription(ACCOUNT)

    def machines(self) -> Mapping[str, Seen]:
        return {f"{one.group}/{one.name}".lower(): self._seen(one) for one in self._subscription.machines.values()}

    def _seen(self, one: Machine) -> Seen:
        powers = {"starting": PENDING, "running": RUNNING, "stopping": HALTED, "stopped": HALTED}
        powers |= {"deallocating": STOPPING, "deallocated": STOPPED}
        state = powers.get(one.power or "", PENDING if one.provisioning == "Creating" else "failed")
        if one.provisioning == "Deleting":
            state = ENDING
        return seen_as(state, one.body.get("tags") or {}, "im:")

    def parts(self, deployment: str) -> Iterator[str]:
        subscription = self._subscription
        for kind in (NIC, ADDRESS, DISK):
            for one in subscription.of_kind(kind):
                tags = one.body.get("tags") or {}
                # a disk that came with a machine has no tags, and our name
                if not one.owner and (tags.get("im:deployment") == deployment or mine(one.name, deployment)):
                    yield subscription.path(one.group, kind, one.name).lower()

    def hand(self, machine: str, does: str) -> None:
        subscription = self._subscription
        group, _, name = machine.partition("/")
        one = subscription.machines[subscription.path(group, VM, name).lower()]
        if does == "gone":
            one.provisioning, one.course = "Deleting", [(subscription.now, "gone", None)]
        else:
            power = {"off": "stopped", "on": "running"}[does]
            one.provisioning, one.power, one.course = "Succeeded", power, []
        _ = self._subscription

    def plant(self, deployment: str, token: str, row: str) -> None:
        subscription = self._subscription
        number = next(subscription.numbers)
        subscription.groups.setdefault("theirs", {"name": "theirs", "location": "eastus", "tags": {}})
        tags = {"im:deployment": deployment, "im:launch": token} if deployment else {}
        tags |= {"im:instance": row} if deployment and row else {}
        properties = {"hardwareProfile": {"vmSize": "Standard_B2s"}, "osProfile": {"adminUsername": "them"}}
        body = {"location": "eastus", "tags": tags, "properties": properties}
        name, vm_id = f"web-{number}", f"00000000-0000-0000-0000-{number:012}"
        made = Machine(name, "theirs", vm_id, body, subscription.now, "Succeeded", "running")
        subscription.machines[subscription.path("theirs", VM, name).lower()] = made

    def use_up(self) -> None:
        subscription = self._subscription
        for bucket in (subscription.reads, subscription.writes, subscription.deletes):
            bucket.take(subscription.now)
            bucket.left = 0.0

    def refill(self) -> None:
        for bucket in (self._subscription.reads, self._subscription.writes, self._subscription.deletes):
            bucket.left = bucket.size

    def lack(self, lacking: bool) -> None:
        self._subscription.lacking = {("Standard_B1s", "eastus"), ("Standard_B2s", "eastus")} if lacking else set()

    def grounds(self, deployment: str) -> Iterator[str]:
        for kind in (RULES, NETWORK):
            yield from (one.name for one in self._subscription.of_kind(kind) if mine(one.name, deployment))

    def ever(self) -> int:
        return len(self._subscription.ever)
