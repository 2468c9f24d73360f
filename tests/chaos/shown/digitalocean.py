"""DigitalOcean: one team of its stand-in."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from im.standins.digitalocean import DigitalOcean as StandIn
from im.standins.digitalocean import catalog
from im.standins.digitalocean.team import Droplet
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


class DigitalOcean(Shown):
    service: StandIn
    path = re.compile(r"/v2/droplets/(?P<id>\d+)")

    def machines(self) -> Mapping[str, Seen]:
        return {str(one.id): self._seen(one) for one in self._team.droplets.values()}

    @property
    def _team(self) -> Any:
        return self.service.team(ACCOUNT)

    def _seen(self, one: Droplet) -> Seen:
        facts = dict(re.findall(r"^(im:(?:deployment|launch|instance)):(.+)$", "\n".join(one.tags), re.MULTILINE))
        if (
            "im:launch" in facts and "-" in one.name
        ):  # tags are a whole launch's: which of its machines it is, its name says
            facts.setdefault("im:instance", f"im-{one.name.rpartition('-')[2]}")
        state = {"new": PENDING, "active": RUNNING, "off": STOPPED}[one.status]
        if one.course:
            state = {"off": STOPPING, "gone": ENDING, "active": PENDING}[one.course[-1][1]]
        return seen_as(state, facts, "im:", one.name.lower())

    def parts(self, deployment: str) -> Iterator[str]:
        yield from ()

    def hand(self, machine: str, does: str) -> None:
        one = self._team.droplets[int(machine)]
        one.course, one.status = [], {"off": "off", "on": "active", "gone": "gone"}[does]
        _ = self._team

    def plant(self, deployment: str, token: str, row: str) -> None:
        team = self._team
        tags = [f"im:deployment:{deployment}", f"im:launch:{token}"] if deployment else []
        tags += [f"im:instance:{row}"] if deployment and row else []
        for one in tags:
            team.know_tag(one)
        number = next(team.numbers)
        made = Droplet(number, "web", "s-1vcpu-2gb", "fra1", catalog.images()[0], tags, team.now, "", [], "active")
        team.droplets[number] = made

    def use_up(self) -> None:
        team = self._team
        team.minute.take(team.now)
        team.minute.left = 0.0

    def refill(self) -> None:
        self._team.minute.left = self._team.minute.size

    def lack(self, lacking: bool) -> None:
        self._team.lacking = {("s-1vcpu-1gb", "nyc3")} if lacking else set()

    def grounds(self, deployment: str) -> Iterator[str]:
        for one in (*self._team.keys.values(), *self._team.firewalls.values()):
            if mine(one["name"], deployment):
                yield str(one["name"])

    def ever(self) -> int:
        return len(self._team.ever)
