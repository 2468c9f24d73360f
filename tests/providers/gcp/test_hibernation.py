"""Suspending at Google Cloud: memory is kept where it can be, and where it cannot the deadline counts all the same."""

from __future__ import annotations

from datetime import timedelta

import pytest

from im.domain.errors import Refused
from tests.machines import machines
from tests.providers.gcp.room import KIND, GcpRoom


def stop(room: GcpRoom, machine: str) -> str:
    """The state in which it ends when it is to be put to sleep."""
    result = room.provider.stop(room.scope, machines([machine]), hibernate=[machine])
    assert result.failed == {}
    room.settle()
    return room.machine(machine).status


def test_it_is_suspended_and_resumed(gcp: GcpRoom) -> None:
    (one,) = gcp.running()
    assert stop(gcp, one) == "SUSPENDED"
    assert set(gcp.provider.start(gcp.scope, machines([one])).done) == {one}
    gcp.settle()
    assert gcp.machine(one).status == "RUNNING"
    kinds = [one.kind for one in gcp.project.operations.values() if one.kind != "insert"]
    assert kinds == ["suspend", "resume"]


def test_what_google_never_suspends_is_stopped(gcp: GcpRoom) -> None:
    gcp.project.sleepless.add(KIND)
    (one,) = gcp.running()
    assert stop(gcp, one) == "TERMINATED"


def test_what_google_finds_out_later_is_stopped_when_it_is_asked_again(gcp: GcpRoom) -> None:
    gcp.project.restless.add(KIND)
    (one,) = gcp.running()
    assert stop(gcp, one) == "RUNNING"
    assert stop(gcp, one) == "TERMINATED"
    gcp.project.restless.clear()
    gcp.provider.start(gcp.scope, machines([one]))
    gcp.settle()
    assert stop(gcp, one) == "SUSPENDED", "of another day it says nothing"


def test_after_sixty_days_it_is_stopped_and_starts_as_any_other(gcp: GcpRoom) -> None:
    (one,) = gcp.running()
    stop(gcp, one)
    gcp.clock.step(days=timedelta(days=61).days)
    assert gcp.machine(one).status == "TERMINATED"
    assert set(gcp.provider.start(gcp.scope, machines([one])).done) == {one}


def test_a_machine_with_a_gpu_is_refused_at_the_prompt(gcp: GcpRoom) -> None:
    for wish in (
        {"instance_type": "g2-standard-4"},
        {"instance_type": "n1-standard-2", "options": {"gpu": "nvidia-tesla-t4"}},
    ):
        with pytest.raises(Refused, match="does not suspend machines with a GPU"):
            gcp.wish(hibernate=True, **wish)
