"""Google Cloud: one project of its stand-in."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from im.standins.gcp import Gcp as StandIn
from im.standins.gcp.project import Disk, Machine
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


class Gcp(Shown):
    service: StandIn
    path = re.compile(r"/compute/v1/projects/[^/]+/zones/[^/]+/instances/(?P<name>[^/]+)")

    @property
    def _project(self) -> Any:
        return self.service.project(ACCOUNT)

    def machines(self) -> Mapping[str, Seen]:
        return {str(one.id): self._seen(one) for one in self._project.machines.values()}

    def _seen(self, one: Machine) -> Seen:
        states = {"PROVISIONING": PENDING, "STAGING": PENDING, "RUNNING": RUNNING, "TERMINATED": STOPPED}
        ends = bool(one.course) and one.course[-1][1] == "gone"
        state = ENDING if ends else states.get(one.status, STOPPING)
        return seen_as(state, one.labels, "im-", one.name)

    def parts(self, deployment: str) -> Iterator[str]:
        for disk in self._project.disks.values():
            if disk.user is None and disk.labels.get("im-deployment") == deployment:
                yield f"{disk.zone}/{disk.name}"

    def hand(self, machine: str, does: str) -> None:
        project = self._project
        one = project.machines[int(machine)]
        one.course = [(project.now, {"off": "TERMINATED", "on": "RUNNING", "gone": "gone"}[does])]
        _ = self._project

    def plant(self, deployment: str, token: str, row: str) -> None:
        project, zone = self._project, "us-central1-a"
        number = next(project.numbers)
        labels = {"im-deployment": deployment, "im-launch": token, "im-region": "us-central1"} if deployment else {}
        labels |= {"im-instance": row} if deployment and row else {}
        body = {"networkInterfaces": [{"network": "global/networks/default"}]}
        name = f"web-{number}"
        disk = Disk(next(project.numbers), name, zone, "pd-balanced", 10, labels, project.now, "debian-12")
        project.disks[zone, name], disk.user = disk, number
        made = Machine(number, name, zone, "e2-micro", body, labels, project.now, [name], project.now)
        made.status, made.started = "RUNNING", project.now
        project.machines[number] = made

    def use_up(self) -> None:
        project = self._project
        project.reads_a_minute = project.writes_a_minute = 0

    def refill(self) -> None:
        self._project.reads_a_minute = self._project.writes_a_minute = 1500

    def lack(self, lacking: bool) -> None:
        self._project.lacking = {("e2-micro", "us-central1-a")} if lacking else set()

    def grounds(self, deployment: str) -> Iterator[str]:
        yield from (name for name in self._project.firewalls if mine(name, deployment))

    def ever(self) -> int:
        return len(self._project.ever)
