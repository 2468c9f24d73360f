"""Hetzner: one project of its stand-in."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from im.standins.hetzner import Hetzner as StandIn
from im.standins.hetzner.project import Server
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


class Hetzner(Shown):
    service: StandIn
    path = re.compile(r"/v1/servers/(?P<id>\d+)")

    @property
    def _project(self) -> Any:
        return self.service.project(ACCOUNT)

    def machines(self) -> Mapping[str, Seen]:
        return {str(one.id): self._seen(one) for one in self._project.servers.values()}

    def _seen(self, one: Server) -> Seen:
        states = {"initializing": PENDING, "starting": PENDING, "off": STOPPED, "deleting": ENDING}
        state = states.get(one.status, one.status)
        if state == RUNNING and one.course and one.course[-1][1] == "off":
            state = STOPPING
        return seen_as(state, one.labels, "im/", one.name)

    def parts(self, deployment: str) -> Iterator[str]:
        for address in self._project.ips.values():
            if address.server is None and address.labels.get("im/deployment") == deployment:
                yield str(address.id)

    def hand(self, machine: str, does: str) -> None:
        one = self._project.servers[int(machine)]
        one.course, one.status = [], {"off": "off", "on": "running", "gone": "gone"}[does]
        _ = self._project

    def plant(self, deployment: str, token: str, row: str) -> None:
        project = self._project
        number = next(project.numbers)
        labels = {"im/deployment": deployment, "im/launch": token} if deployment else {}
        labels |= {"im/instance": row} if deployment and row else {}
        image = {"name": "debian-13", "os_flavor": "debian", "os_version": "13"}
        asked = (f"web-{number}", "cx23", "fsn1", image, labels, project.now, "")
        project.servers[number] = Server(number, *asked, [], [], None, None, "running")

    def use_up(self) -> None:
        project = self._project
        project.bucket.take(project.now)
        project.bucket.left = 0.0

    def refill(self) -> None:
        self._project.bucket.left = self._project.bucket.size

    def lack(self, lacking: bool) -> None:
        self._project.lacking = {("cx23", "fsn1")} if lacking else set()

    def grounds(self, deployment: str) -> Iterator[str]:
        for one in (*self._project.keys.values(), *self._project.firewalls.values()):
            if mine(one["name"], deployment):
                yield str(one["name"])

    def ever(self) -> int:
        return len(self._project.ever)
