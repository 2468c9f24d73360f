"""RunPod: one account of its stand-in. A pod carries our facts in its variables, and its row once more in its name."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from im.standins.runpod import RunPod as StandIn
from im.standins.runpod import catalog
from im.standins.runpod.account import Account, Pod
from tests.chaos.shown.world import ACCOUNT, PENDING, RUNNING, STOPPED, Seen, Shown, seen_as

_STATES = {"PROVISIONING": PENDING, "STARTING": PENDING, "RUNNING": RUNNING, "EXITED": STOPPED, "ERROR": STOPPED}
_ROW = re.compile(r".*\.([0-9a-z]+)\.[0-9a-f]{8}\.[0-9A-Za-z-]+")
_GPU = "NVIDIA GeForce RTX 4090"


class RunPod(Shown):
    service: StandIn
    path = re.compile(r"/v2/pods/(?P<id>[0-9a-z]+)")

    @property
    def _account(self) -> Account:
        return self.service.account(ACCOUNT)

    def machines(self) -> Mapping[str, Seen]:
        return {one.id: self._seen(one) for one in self._account.pods.values()}

    def _seen(self, one: Pod) -> Seen:
        facts = {key.lower(): str(value) for key, value in one.config["env"].items()}
        # a name can be changed later, and variables cannot
        if (named := _ROW.fullmatch(one.name)) is not None:
            facts["im_instance"] = f"im-{named[1]}"
        return seen_as(_STATES[one.status], facts, "im_")

    def parts(self, deployment: str) -> Iterator[str]:
        yield from ()

    def hand(self, machine: str, does: str) -> None:
        account = self._account
        one = account.pods[machine]
        if does == "gone":
            del account.pods[machine]
        elif does == "off":
            account.halt(one)
        else:
            account.run(one)

    def plant(self, deployment: str, token: str, row: str) -> None:
        account = self._account
        number = next(account.numbers)
        facts = {"DEPLOYMENT": deployment, "LAUNCH": token, "OWNER": "them", "INSTANCE": row, "NAME": "web"}
        env = {f"IM_{name}": value for name, value in facts.items()} if deployment else {"SECRET": "theirs"}
        config: dict[str, Any] = {"image": "nvidia/cuda:12.8", "args": "", "disk": 50, "ports": [], "env": env}
        config |= {"registry": None, "mounts": {}, "cloud": "SECURE", "gpu": {"id": _GPU, "count": 1}}
        made = Pod(f"planted{number}", "web", config, "EU-RO-1", account.now, account.now, "RUNNING", gpus=1)
        account.pods[made.id] = made

    def use_up(self) -> None:
        account = self._account
        account.minute.take(account.now)
        account.minute.left = 0.0

    def refill(self) -> None:
        self._account.minute.left = self._account.minute.size

    def lack(self, lacking: bool) -> None:
        """Whoever has stopped meanwhile gets no GPU back, either."""
        account = self._account
        account.lacking = {(_GPU, center) for center in catalog.CENTERS} if lacking else set()
        account.lent_away = lacking

    def grounds(self, deployment: str) -> Iterator[str]:
        yield from ()

    def ever(self) -> int:
        return len(self._account.ever)
