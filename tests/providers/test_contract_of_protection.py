"""What every cloud that can protect machines does: a protected one refuses its end, and nobody else."""

from __future__ import annotations

import pytest

from im.domain.state import Observed
from tests.machines import machines
from tests.providers.clouds import ABSENT, Room

pytestmark = pytest.mark.parametrize("room", ["fake", "standin", "hetzner"], indirect=True)  # those that can


def test_a_protected_machine_refuses_its_end_until_it_is_protected_no_more(room: Room) -> None:
    safe, other = room.running(2)
    assert room.provider.capabilities.can_protect
    assert room.provider.protection.set(room.scope, machines([safe]), on=True) == {}
    assert room.provider.protection.set(room.scope, machines([safe]), on=True) == {}, "once more changes nothing"
    refused = room.provider.terminate(room.scope, machines([safe])).failed
    assert refused[safe].code == "forbidden"
    assert room.states([safe]) == {safe: Observed.RUNNING}
    assert set(room.provider.stop(room.scope, machines([safe])).done) == {safe}, "it is stopped all the same"
    room.settle()
    assert room.provider.protection.set(room.scope, machines([safe]), on=False) == {}
    assert set(room.provider.terminate(room.scope, machines([safe, other])).done) == {safe, other}


def test_what_is_not_there_cannot_be_protected(room: Room) -> None:
    (one,) = room.running()
    failed = room.provider.protection.set(room.scope, machines([ABSENT, one]), on=True)
    assert {absent: exc.code for absent, exc in failed.items()} == {ABSENT: "not_found"}
    assert room.provider.terminate(room.scope, machines([one])).failed[one].code == "forbidden", (
        "one bad id sinks nobody"
    )
