"""DigitalOcean, as its stand-in serves it over HTTP, with a clock that only tests move."""

from __future__ import annotations

from datetime import timedelta

from im.domain.cause import Hand
from im.domain.state import ALIVE, Observed
from im.providers.contract import Provider
from im.providers.digitalocean.api import DigitalOceanApi
from im.providers.digitalocean.profile import PROFILE
from im.providers.digitalocean.provider import DigitalOceanProvider
from im.providers.request import Ask
from im.standins.digitalocean import DigitalOcean, catalog
from im.standins.digitalocean.team import Droplet, Team
from tests.providers.clouds import DEPLOYMENT, REGION, Room, SteppedClock, public_key

TOKEN = "team.secret"


class DigitalOceanRoom(Room):
    profile = PROFILE
    keeps_address = True
    names_at_launch = True
    forgets_what_is_gone = True
    holds_keys = False
    tells_causes = False

    def __init__(self, cloud: DigitalOcean, clock: SteppedClock, url: str) -> None:
        super().__init__()
        self.cloud, self.clock, self.url = cloud, clock, url
        self.provider = self.of_deployment(DEPLOYMENT)
        ask = Ask(public_key=public_key(), owner="me")
        self.scope, self.spec = PROFILE.plan(ask, account="default", default_region=REGION)

    def of_deployment(self, deployment: str) -> Provider:
        return DigitalOceanProvider(DigitalOceanApi(lambda: TOKEN, f"{self.url}/v2"), deployment)

    @property
    def team(self) -> Team:
        return self.cloud.team("team")

    def _droplet(self, machine_id: str) -> Droplet:
        return self.team.droplets[int(machine_id)]

    def settle(self) -> None:
        self.clock.step(seconds=20)

    def outside(self, verb: str, machine_id: str) -> None:
        self._droplet(machine_id).status = {"stop": "off", "start": "active", "terminate": "gone"}[verb]
        self.team.settle(self.clock.now)

    def stopped_by(self, hand: Hand, machine_id: str) -> None:
        self.outside("stop", machine_id)

    def ways_in(self, machine_id: str) -> set[str] | None:
        team, carried = self.team, set(self._droplet(machine_id).tags)
        walls = [one for one in team.firewalls.values() if carried.intersection(one["tags"])]
        if not walls:
            return None
        rules = [rule for wall in walls for rule in wall["inbound_rules"]]
        return {
            f"{rule['ports']}/{rule['protocol']}@{source}" for rule in rules for source in rule["sources"]["addresses"]
        }

    def user_data(self, machine_id: str) -> bytes | None:
        return self._droplet(machine_id).user_data.encode() or None

    def foreign(self) -> str:
        team = self.team
        image, number = catalog.images()[0], next(team.numbers)
        tags = [team.know_tag("Team:web"), team.know_tag("my_best")]
        made = Droplet(number, "not-ours", "s-1vcpu-2gb", "fra1", image, tags, self.clock.now, "", [], "active")
        team.droplets[number] = made
        return str(number)

    def alive(self) -> set[str]:
        states = {"new": Observed.PENDING, "active": Observed.RUNNING}
        return {str(one.id) for one in self.team.droplets.values() if states.get(one.status) in ALIVE}


def digitalocean(clock: SteppedClock) -> DigitalOcean:
    return DigitalOcean("secret", clock, timedelta(seconds=5))
