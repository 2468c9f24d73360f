"""The same machine with spot in it: taken back and given back at any moment, killed between cancelling and terminating.

At the end no machine runs that no row has, tagged or not: nothing has come back in the place of what was ended.
"""

from __future__ import annotations

import os
from dataclasses import replace
from typing import Any

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import rule, run_state_machine_as_test

from im.domain.config.policy import OnInterruption, OnOrphan
from im.domain.spec.spot import Spot
from im.domain.state import ALIVE, GONE, Observed
from im.providers.errors import ProviderError
from tests.chaos.crash import FAULTS
from tests.chaos.shelves import NAMES, TTLS
from tests.chaos.test_state_machine import Chaos


class SpotChaos(Chaos):
    def __init__(self) -> None:
        super().__init__()
        self._set(on_orphan=OnOrphan.ADOPT)

    def _set(self, **settings: Any) -> None:
        self.world.ctx = replace(self.world.ctx, settings=replace(self.world.ctx.settings, **settings))

    @rule(name=st.sampled_from(NAMES), ttl=TTLS, count=st.sampled_from([1, 2]), once=st.booleans())
    def create_spot(self, name: str, ttl: int, count: int, once: bool) -> None:
        self._do(lambda: self.world.create(name, seconds=ttl, count=count, spot=Spot(once=once)))

    @rule(data=st.data())
    def take_back(self, data: st.DataObject) -> None:
        found = sorted(self._spot(*ALIVE))
        if found:
            self.world.cloud.spot.take_back(data.draw(st.sampled_from(found)))

    @rule(data=st.data())
    def give_back(self, data: st.DataObject) -> None:
        found = sorted(self._spot(Observed.STOPPED))
        if found:
            self.world.cloud.spot.give_back(data.draw(st.sampled_from(found)))

    @rule(choice=st.sampled_from(OnInterruption))
    def policy(self, choice: OnInterruption) -> None:
        self._set(on_interruption=choice)

    @rule(
        verb=st.sampled_from(["cancel_spot", "spot_successors", "adopt"]),
        fault=st.sampled_from(FAULTS),
        times=st.sampled_from([1, 4]),
    )
    def fault_of_spot(self, verb: str, fault: tuple[ProviderError, bool], times: int) -> None:
        self.world.cloud.fail_next(verb, fault[0], after=fault[1], times=times)

    def _spot(self, *states: Observed) -> list[str]:
        machines = self.world.cloud._machines.values()
        return [m.id for m in machines if m.spot_request and self.world.cloud.state(m) in states]

    def _calm_down(self) -> None:
        """The cloud gets room again; and a machine that came back has to be found, which takes longer than anything else."""
        super()._calm_down()
        for machine in self._spot(Observed.STOPPED):
            self.world.cloud.spot.give_back(machine)
        self.world.advance(360)

    def _check_the_end(self) -> None:
        super()._check_the_end()
        held = {row.provider_id for row in self._rows() if row.observed not in GONE}
        assert set(self._spot(*ALIVE)) <= held, "a machine came back, and nobody has it"


def test_nothing_comes_back_whatever_happens_in_whatever_order(database_url: str) -> None:
    SpotChaos.database_url, SpotChaos.idempotent = database_url, True
    run_state_machine_as_test(
        SpotChaos,
        settings=settings(
            max_examples=int(os.environ.get("IM_EXAMPLES", "3")),
            stateful_step_count=int(os.environ.get("IM_STEPS", "30")),
            deadline=None,
            derandomize="IM_EXAMPLES" not in os.environ,
            print_blob=True,
            suppress_health_check=list(HealthCheck),
        ),
    )
