"""Crusoe: one project of its stand-in. A name is all that a VM carries: of a token and of a deployment it has the beginning."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

from im.domain import tags
from im.providers.kit.one_name import NameCodec
from im.standins.crusoe import Crusoe as StandIn
from im.standins.crusoe.project import Machine, Project
from tests.chaos.shown.world import ACCOUNT, ENDING, PENDING, RUNNING, STOPPED, STOPPING, Seen, Shown, facts_in, seen_as

_STATES = {
    "INITIALIZING": PENDING,
    "STARTING": PENDING,
    "RUNNING": RUNNING,
    "STOPPING": STOPPING,
    "STOPPED": STOPPED,
    "SHUTOFF": STOPPED,
    "ERROR": "failed",
    "DELETING": ENDING,
}


class Crusoe(Shown):
    service: StandIn
    path = re.compile(r"/v1/projects/[^/]+/compute/vms/instances/(?P<id>[0-9a-f]{8}-[0-9a-f-]+)")

    @property
    def _project(self) -> Project:
        return self.service.project(ACCOUNT)

    def machines(self) -> Mapping[str, Seen]:
        return {one.id: self._seen(one) for one in self._project.machines.values()}

    def _seen(self, one: Machine) -> Seen:
        return seen_as(_STATES[one.state], facts_in(one.name), "")

    def parts(self, deployment: str) -> Iterator[str]:
        yield from ()

    def hand(self, machine: str, does: str) -> None:
        one = self._project.machines[machine]
        one.course, one.state = [], {"off": "SHUTOFF", "on": "RUNNING", "gone": "gone"}[does]
        _ = self._project

    def plant(self, deployment: str, token: str, row: str) -> None:
        project = self._project
        number = project.number()
        name = f"web-{number[:8]}"
        if deployment:
            facts = {tags.DEPLOYMENT: deployment, tags.LAUNCH: token, tags.OWNER: "them", tags.NAME: "web"}
            # a name without a row is none of ours
            name = NameCodec().written({**facts, tags.INSTANCE: row or f"im-{number[:8]}"})
        project.machines[number] = Machine(number, name, "c1a.4x", "us-east1-a", project.now, state="RUNNING")

    def use_up(self) -> None:
        project = self._project
        project.calls.take(project.now)
        project.calls.left = 0.0

    def refill(self) -> None:
        self._project.calls.left = self._project.calls.size

    def lack(self, lacking: bool) -> None:
        """Told later, by an operation; what was accepted stands there in an error."""
        self._project.lacking = {("c1a.2x", "us-east1-a")} if lacking else set()
        self._project.leaves_errors = lacking

    def grounds(self, deployment: str) -> Iterator[str]:
        yield from ()

    def ever(self) -> int:
        return len(self._project.ever)
