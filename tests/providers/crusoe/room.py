"""Crusoe, as its stand-in serves it over HTTP, with a clock that only tests move."""

from __future__ import annotations

import base64
from dataclasses import replace
from datetime import timedelta

from im.domain.cause import Hand
from im.domain.sighting import Sighting
from im.domain.state import ALIVE, Observed
from im.providers.contract import Provider
from im.providers.crusoe.account import Credentials
from im.providers.crusoe.api import CrusoeApi
from im.providers.crusoe.profile import PROFILE
from im.providers.crusoe.provider import CrusoeProvider
from im.providers.request import Ask
from im.standins.crusoe import Crusoe
from im.standins.crusoe.project import Machine, Project
from tests.providers.clouds import DEPLOYMENT, REGION, Room, SteppedClock, public_key

SECRET = base64.urlsafe_b64encode(b"secret").decode().rstrip("=")
TEAM = Credentials("team", SECRET)


class CrusoeRoom(Room):
    profile = PROFILE
    names_at_launch = True
    forgets_what_is_gone = True
    tells_causes = False
    dates_starts = False
    names_images = False

    def __init__(self, cloud: Crusoe, clock: SteppedClock, url: str) -> None:
        super().__init__()
        self.cloud, self.clock, self.url = cloud, clock, url
        self.provider = self.of_deployment(DEPLOYMENT)
        ask = Ask(public_key=public_key(), owner="me")
        self.scope, self.spec = PROFILE.plan(ask, account="default", default_region=REGION)

    def of_deployment(self, deployment: str) -> Provider:
        return CrusoeProvider(CrusoeApi(lambda: TEAM, f"{self.url}/v1", self.clock), deployment)

    def launch(self, number: int = 1, token: str | None = None) -> list[Sighting]:
        """One a call."""
        token, made = token or f"token-{next(self._numbers)}", []
        for place, slot in enumerate(self.slots(number)):
            (one,) = self.provider.launch(self.scope, self.spec, token=token, slots=[slot])
            made.append(replace(one, launch_index=place))
        self.settle()
        return made

    @property
    def project(self) -> Project:
        return self.cloud.project("team")

    def settle(self) -> None:
        self.clock.step(seconds=20)

    def outside(self, verb: str, machine_id: str) -> None:
        project = self.project
        if verb == "terminate":
            del project.machines[machine_id]
            return
        project.machines[machine_id].state = {"stop": "STOPPED", "start": "RUNNING"}[verb]

    def stopped_by(self, hand: Hand, machine_id: str) -> None:
        """A guest that was powered off is called otherwise, and by whom the rest was done, nothing says."""
        self.project.machines[machine_id].state = "SHUTOFF" if hand is Hand.GUEST else "STOPPED"

    def user_data(self, machine_id: str) -> bytes | None:
        """As it lies in the script that Crusoe was given."""
        script = self.project.machines[machine_id].script
        return base64.b64decode(script.split("<<'IM'", 1)[1].splitlines()[1]) if script else None

    def foreign(self) -> str:
        project = self.project
        number = project.number()
        project.machines[number] = Machine(number, "not-ours", "c1a.4x", "us-east1-a", project.now, state="RUNNING")
        return number

    def alive(self) -> set[str]:
        states = {"INITIALIZING": Observed.PENDING, "STARTING": Observed.PENDING, "RUNNING": Observed.RUNNING}
        return {one.id for one in self.project.machines.values() if states.get(one.state) in ALIVE}


def crusoe(clock: SteppedClock) -> Crusoe:
    return Crusoe("secret", clock, timedelta(seconds=5))
