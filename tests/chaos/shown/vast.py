"""Vast: one renter of its stand-in. A label is all that an instance carries; behind it stands the mark of who acts there."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

from im.standins.vast import Vast as StandIn
from im.standins.vast.renter import Instance, Renter
from tests.chaos.shown.world import ACCOUNT, PENDING, RUNNING, STOPPED, Seen, Shown, facts_in, seen_as

_STATES = {"loading": PENDING, "running": RUNNING, "exited": STOPPED}
_BEST = 7_000_002


class Vast(Shown):
    service: StandIn
    path = re.compile(r"/api/v0/instances/(?P<id>[0-9]+)/")

    @property
    def _renter(self) -> Renter:
        return self.service.renter(ACCOUNT)

    def machines(self) -> Mapping[str, Seen]:
        return {str(one.id): self._seen(one) for one in self._renter.instances.values()}

    def _seen(self, one: Instance) -> Seen:
        return seen_as(_STATES[one.actual or "loading"], facts_in((one.label or "").partition("~")[0]), "")

    def parts(self, deployment: str) -> Iterator[str]:
        yield from ()

    def grounds(self, deployment: str) -> Iterator[str]:
        yield from ()

    def ever(self) -> int:
        return len(self._renter.ever)

    def hand(self, machine: str, does: str) -> None:
        renter = self._renter
        one = renter.instances[int(machine)]
        if does == "gone":
            del renter.instances[one.id]
        elif does == "off":
            renter.halt(one)
        else:
            renter.run(one)

    def plant(self, deployment: str, token: str, row: str) -> None:
        renter = self._renter
        label = f"web-them-{row.removeprefix('im-')}-{token}-{deployment}" if deployment else "theirs"
        renter.make(renter.hosts[7_000_009], {"label": label, "image": "vastai/pytorch:latest"}, runs=True)

    def use_up(self) -> None:
        """Its calls have to be apart, and are counted by nobody."""

    def refill(self) -> None:
        """The same."""

    def lack(self, lacking: bool) -> None:
        self._renter.let = {_BEST} if lacking else set()
