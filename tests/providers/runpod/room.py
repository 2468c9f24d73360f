"""RunPod, as its stand-in serves it over HTTP, with a clock that only tests move."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

from im.domain.cause import Hand
from im.domain.sighting import Sighting
from im.domain.state import ALIVE, Observed
from im.providers.contract import Provider
from im.providers.runpod.api import RunPodApi
from im.providers.runpod.profile import PROFILE
from im.providers.runpod.provider import RunPodProvider
from im.standins.runpod import RunPod
from im.standins.runpod.account import Account, Pod
from tests.providers.clouds import DEPLOYMENT, Room, SteppedClock

TOKEN = "account.secret"
TAKES = timedelta(seconds=10)


class RunPodRoom(Room):
    profile = PROFILE
    names_at_launch = True
    holds_keys = False
    tells_causes = False
    forgets_what_is_gone = True
    has_private_network = False
    has_ipv6 = False
    runs_user_data = False

    def __init__(self, cloud: RunPod, clock: SteppedClock, url: str) -> None:
        super().__init__()
        self.cloud, self.clock, self.url = cloud, clock, url
        self.provider = self.of_deployment(DEPLOYMENT)
        self.wish()

    def wish(self, **asked: object) -> None:
        super().wish(**{"zone": "US-KS-2", **asked})

    def of_deployment(self, deployment: str) -> Provider:
        return RunPodProvider(RunPodApi(lambda: TOKEN, self.url), deployment)

    def launch(self, number: int = 1, token: str | None = None) -> list[Sighting]:
        """One a call."""
        token, made = token or f"token-{next(self._numbers)}", []
        for place, slot in enumerate(self.slots(number)):
            (one,) = self.provider.launch(self.scope, self.spec, token=token, slots=[slot])
            made.append(replace(one, launch_index=place))
        self.settle()
        return made

    @property
    def account(self) -> Account:
        return self.cloud.account("account")

    def pod(self, machine_id: str) -> Pod:
        return self.account.pods[machine_id]

    def settle(self) -> None:
        self.clock.step(seconds=20)

    def outside(self, verb: str, machine_id: str) -> None:
        account = self.account
        one = account.pods[machine_id]
        if verb == "terminate":
            del account.pods[machine_id]
        elif verb == "stop":
            account.halt(one)
        else:
            account.run(one)
        self.settle()

    def stopped_by(self, hand: Hand, machine_id: str) -> None:
        """RunPod says nothing of whose hand it was."""
        self.outside("stop", machine_id)

    def disks(self, machine_id: str) -> list[tuple[int, bool]]:
        config = self.pod(machine_id).config
        kept = config["mounts"].get("persistent")
        return [(config["disk"], False), *([(kept["size"], False)] if kept else [])]

    def left(self) -> list[int]:
        return []

    def foreign(self) -> str:
        return foreign(self.account, "not-ours").id

    def alive(self) -> set[str]:
        states = {"PROVISIONING": Observed.PENDING, "STARTING": Observed.PENDING, "RUNNING": Observed.RUNNING}
        return {one.id for one in self.account.pods.values() if states.get(one.status) in ALIVE}


def foreign(account: Account, name: str) -> Pod:
    """One that somebody else has made, with a secret in its variables."""
    config = {"image": "nvidia/cuda:12.8", "args": "", "disk": 50, "ports": [], "env": {"SECRET": "theirs"}}
    more = {"registry": None, "mounts": {}, "cloud": "SECURE", "gpu": {"id": "NVIDIA L4", "count": 1}}
    one = Pod("7h9k2m4n6p", name, {**config, **more}, "EU-RO-1", account.now, account.now, "RUNNING", gpus=1)
    while one.id in account.pods:
        one.id = f"{one.id}x"
    account.pods[one.id] = one
    return one


def runpod(clock: SteppedClock) -> RunPod:
    return RunPod("secret", clock, TAKES)
