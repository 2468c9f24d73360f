"""Hetzner, as its stand-in serves it over HTTP, with a clock that only tests move."""

from __future__ import annotations

from datetime import timedelta

from im.domain.cause import Hand
from im.domain.state import ALIVE, Observed
from im.providers.contract import Provider
from im.providers.hetzner.api import HetznerApi
from im.providers.hetzner.profile import PROFILE
from im.providers.hetzner.provider import HetznerProvider
from im.providers.request import Ask
from im.standins.hetzner import Hetzner, catalog
from im.standins.hetzner.project import Project, Server
from tests.providers.clouds import DEPLOYMENT, REGION, Room, SteppedClock, public_key

TOKEN = "project.secret"


class HetznerRoom(Room):
    profile = PROFILE
    keeps_address = True
    has_private_network = False
    names_at_launch = True
    forgets_what_is_gone = True
    holds_keys = False
    tells_causes = False

    def __init__(self, cloud: Hetzner, clock: SteppedClock, url: str) -> None:
        super().__init__()
        self.cloud, self.clock, self._url = cloud, clock, url
        self.provider = self.of_deployment(DEPLOYMENT)
        ask = Ask(public_key=public_key(), owner="me")
        self.scope, self.spec = PROFILE.plan(ask, account="default", default_region=REGION)

    def of_deployment(self, deployment: str) -> Provider:
        return HetznerProvider(HetznerApi(lambda: TOKEN, f"{self._url}/v1"), deployment)

    @property
    def project(self) -> Project:
        return self.cloud.project("project")

    def _server(self, machine_id: str) -> Server:
        return self.project.servers[int(machine_id)]

    def settle(self) -> None:
        self.clock.step(seconds=20)

    def outside(self, verb: str, machine_id: str) -> None:
        server = self._server(machine_id)
        server.status = {"stop": "off", "start": "running", "terminate": "gone"}[verb]
        self.project.settle(self.clock.now)

    def stopped_by(self, hand: Hand, machine_id: str) -> None:
        self.outside("stop", machine_id)

    def ways_in(self, machine_id: str) -> set[str] | None:
        walls = self._server(machine_id).firewalls
        if not walls:
            return None
        rules = [rule for number in walls for rule in self.project.firewalls[number]["rules"]]
        return {f"{rule['port']}/{rule['protocol']}@{source}" for rule in rules for source in rule["source_ips"]}

    def user_data(self, machine_id: str) -> bytes | None:
        return self._server(machine_id).user_data.encode() or None

    def foreign(self) -> str:
        project = self.project
        number = next(project.numbers)
        own = {"team": "web", "im/name": "not-ours"}
        image = next(one for one in catalog.images() if one["name"] == "debian-13")
        server = Server(number, f"foreign-{number}", "cx23", "fsn1", image, own, self.clock.now, "", [], [], None, None)
        server.status = "running"
        project.servers[number] = server
        return str(number)

    def alive(self) -> set[str]:
        states = {"initializing": Observed.PENDING, "starting": Observed.PENDING, "running": Observed.RUNNING}
        return {str(one.id) for one in self.project.servers.values() if states.get(one.status) in ALIVE}


def hetzner(clock: SteppedClock) -> Hetzner:
    return Hetzner("secret", clock, timedelta(seconds=5))
