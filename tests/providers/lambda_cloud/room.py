"""Lambda, as its stand-in serves it over HTTP, with a clock that only tests and the pace of our calls move."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

from im.domain.sighting import Sighting
from im.domain.state import ALIVE, Observed
from im.providers.contract import Provider
from im.providers.lambda_cloud.api import LambdaApi, Pace
from im.providers.lambda_cloud.profile import PROFILE
from im.providers.lambda_cloud.provider import LambdaProvider
from im.providers.request import Ask
from im.standins.lambda_cloud import Lambda
from im.standins.lambda_cloud.team import Instance, Team
from tests.providers.clouds import DEPLOYMENT, REGION, Room, SteppedClock, public_key

TOKEN = "team.secret"


class LambdaRoom(Room):
    profile = PROFILE
    names_at_launch = True
    holds_keys = False
    tells_causes = False
    dates_starts = False
    has_ipv6 = False
    names_images = False

    def __init__(self, cloud: Lambda, clock: SteppedClock, url: str) -> None:
        super().__init__()
        self.cloud, self.clock, self.url = cloud, clock, url
        self.pace = Pace(lambda: clock.now.timestamp(), lambda seconds: clock.step(seconds=seconds))
        self.provider = self.of_deployment(DEPLOYMENT)
        ask = Ask(public_key=public_key(), owner="me")
        self.scope, self.spec = PROFILE.plan(ask, account="default", default_region=REGION)

    def of_deployment(self, deployment: str) -> Provider:
        """Everybody who has a key of the team shares what it may be asked."""
        return LambdaProvider(LambdaApi(lambda: TOKEN, self.url, self.pace), deployment)

    def launch(self, number: int = 1, token: str | None = None) -> list[Sighting]:
        """One a call, and a call each twelve seconds."""
        token, made = token or f"token-{next(self._numbers)}", []
        for place, slot in enumerate(self.slots(number)):
            self.clock.step(seconds=12)
            (one,) = self.provider.launch(self.scope, self.spec, token=token, slots=[slot])
            made.append(replace(one, launch_index=place))
        self.settle()
        return made

    @property
    def team(self) -> Team:
        return self.cloud.team("team")

    def settle(self) -> None:
        self.clock.step(seconds=20)

    def outside(self, verb: str, machine_id: str) -> None:
        assert verb == "terminate"
        self.team.instances[machine_id].status = "terminated"

    def ways_in(self, machine_id: str) -> set[str] | None:
        team, carried = self.team, self.team.instances[machine_id].rulesets
        if not carried:
            return None
        rules = [rule for wall in carried for rule in team.rulesets[wall]["rules"]]
        return {f"{_ports(*rule['port_range'])}/{rule['protocol']}@{rule['source_network']}" for rule in rules}

    def user_data(self, machine_id: str) -> bytes | None:
        return self.team.instances[machine_id].user_data.encode() or None

    def foreign(self) -> str:
        team = self.team
        tags = [{"key": "team", "value": "web"}]
        number, kind = team.number(), "gpu_1x_a10"
        team.instances[number] = Instance(
            number, "not-ours", kind, "us-west-1", tags, [], [], [], "", None, "h", "active"
        )
        return number

    def alive(self) -> set[str]:
        states = {"booting": Observed.PENDING, "active": Observed.RUNNING}
        return {one.id for one in self.team.instances.values() if states.get(one.status) in ALIVE}


def _ports(first: int, last: int) -> str:
    return str(first) if first == last else f"{first}-{last}"


def lambda_cloud(clock: SteppedClock) -> Lambda:
    return Lambda("secret", clock, timedelta(seconds=5))
