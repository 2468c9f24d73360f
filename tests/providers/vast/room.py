"""Vast, as its stand-in serves it over HTTP, with a clock that only tests and the pace of our calls move."""

from __future__ import annotations

import base64
import gzip
import re
from dataclasses import replace
from datetime import timedelta

from im.domain.cause import Hand
from im.domain.sighting import Sighting
from im.domain.state import ALIVE, Observed
from im.providers.contract import Provider
from im.providers.kit.pace import Pace
from im.providers.request import Ask
from im.providers.vast.api import CLOUD, EVERY, PATIENCE, VastApi
from im.providers.vast.profile import PROFILE
from im.providers.vast.provider import VastProvider
from im.standins.vast import Vast
from im.standins.vast.renter import Instance, Renter
from tests.providers.clouds import DEPLOYMENT, REGION, Room, SteppedClock, public_key

TOKEN = "renter.secret"
_DATA = re.compile(r"echo ([A-Za-z0-9+/=]+) \| base64 -d")


class VastRoom(Room):
    profile = PROFILE
    has_private_network = False
    names_at_launch = True
    forgets_what_is_gone = True
    holds_keys = False
    tells_causes = False
    has_ipv6 = False

    def __init__(self, cloud: Vast, clock: SteppedClock, url: str) -> None:
        super().__init__()
        self.cloud, self.clock, self.url = cloud, clock, url
        steady = lambda: clock.now.timestamp()  # noqa: E731
        self.steady = steady
        self.pace = Pace(CLOUD, EVERY, PATIENCE, steady, lambda seconds: clock.step(seconds=seconds))
        self.provider = self.of_deployment(DEPLOYMENT)
        self.wish()

    def of_deployment(self, deployment: str) -> Provider:
        """Everybody who has the key shares how often it may be used."""
        return VastProvider(VastApi(lambda: TOKEN, self.url, self.pace), deployment, self.steady)

    def wish(self, **asked: object) -> None:
        """In one country, so that it is known where a machine comes to be."""
        ask = Ask(**{"public_key": public_key(), "owner": "me", "zone": "US", **asked})  # type: ignore[arg-type]
        self.scope, self.spec = PROFILE.plan(ask, account="default", default_region=REGION)

    def launch(self, number: int = 1, token: str | None = None) -> list[Sighting]:
        """One a call, and a call each four and a half seconds."""
        token, made = token or f"token-{next(self._numbers)}", []
        for place, slot in enumerate(self.slots(number)):
            self.clock.step(seconds=5)
            (one,) = self.provider.launch(self.scope, self.spec, token=token, slots=[slot])
            made.append(replace(one, launch_index=place))
        self.settle()
        return made

    @property
    def renter(self) -> Renter:
        return self.cloud.renter("renter")

    def settle(self) -> None:
        self.clock.step(seconds=40)

    def outside(self, verb: str, machine_id: str) -> None:
        one = self.renter.instances[int(machine_id)]
        if verb == "stop":
            self.renter.halt(one)
        elif verb == "start":
            self.renter.run(one)
        else:
            del self.renter.instances[one.id]
        self.settle()

    def stopped_by(self, hand: Hand, machine_id: str) -> None:
        self.outside("stop", machine_id)

    def user_data(self, machine_id: str) -> bytes | None:
        found = _DATA.search(self.renter.instances[int(machine_id)].onstart)
        return gzip.decompress(base64.b64decode(found[1])) if found else None

    def foreign(self) -> str:
        renter = self.renter
        host = replace(renter.hosts[7_000_009], ask=1 + len(renter.ever))
        one = renter.make(host, {"label": "not-ours", "image": "vastai/pytorch:latest"}, runs=True)
        one.actual = "running"
        one.course = []
        return str(one.id)

    def alive(self) -> set[str]:
        """Every machine that bills for computing, whoever's it is."""
        states = {"loading": Observed.PENDING, "running": Observed.RUNNING}
        return {str(one.id) for one in self.renter.instances.values() if states.get(one.actual or "") in ALIVE}

    def instance(self, machine_id: str) -> Instance:
        return self.renter.instances[int(machine_id)]


def vast(clock: SteppedClock) -> Vast:
    return Vast("secret", clock, timedelta(seconds=5))
