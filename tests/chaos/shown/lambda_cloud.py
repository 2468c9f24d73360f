"""Lambda: one team of its stand-in. Tags are said at the launch; the row once more in the name, which can be changed later."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

from im.standins.lambda_cloud import Lambda as StandIn
from im.standins.lambda_cloud.team import Instance, Team
from tests.chaos.shown.world import ACCOUNT, ENDING, PENDING, RUNNING, Seen, Shown, mine, seen_as

_STATES = {"booting": PENDING, "active": RUNNING, "terminating": ENDING, "terminated": ENDING}
_ROW = re.compile(r".*\.([0-9a-z]+)\.[0-9a-f]{8}\.[0-9A-Za-z-]+")


class Lambda(Shown):
    service: StandIn
    path = re.compile(r"/instances/(?P<id>[0-9a-f]{32})")

    @property
    def _team(self) -> Team:
        return self.service.team(ACCOUNT)

    def machines(self) -> Mapping[str, Seen]:
        return {one.id: self._seen(one) for one in self._team.instances.values()}

    def _seen(self, one: Instance) -> Seen:
        facts = {told["key"]: told["value"] for told in one.tags}
        if (named := _ROW.fullmatch(one.name)) is not None:
            facts["im:instance"] = f"im-{named[1]}"
        return seen_as(_STATES[one.status], facts, "im:")

    def parts(self, deployment: str) -> Iterator[str]:
        yield from ()

    def grounds(self, deployment: str) -> Iterator[str]:
        team = self._team
        for one in (*team.keys.values(), *team.rulesets.values()):
            if mine(one["name"], deployment):
                yield one["name"]

    def ever(self) -> int:
        return len(self._team.ever)

    def hand(self, machine: str, does: str) -> None:
        """Nothing can be stopped there."""
        if does == "gone":
            del self._team.instances[machine]

    def plant(self, deployment: str, token: str, row: str) -> None:
        team = self._team
        number = team.number()
        facts = {"im:deployment": deployment, "im:launch": token, "im:instance": row, "im:owner": "them"}
        tags = [{"key": key, "value": value} for key, value in facts.items()] if deployment else []
        team.instances[number] = Instance(
            number, "web", "gpu_1x_a10", "us-east-1", tags, [], [], [], "", None, "web", "active"
        )

    def use_up(self) -> None:
        team = self._team
        team.second.take(team.now)
        team.second.left = 0.0

    def refill(self) -> None:
        self._team.second.left = self._team.second.size

    def lack(self, lacking: bool) -> None:
        self._team.rooms = {"gpu_1x_a10": ()} if lacking else {}
