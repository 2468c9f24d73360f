"""Hibernation at Azure: memory is kept where it can be, and where it cannot the deadline counts all the same."""

from __future__ import annotations

import pytest

from im.domain.state import Observed
from tests.machines import machines
from tests.providers.azure_room import AzureRoom


@pytest.fixture
def sleeper(azure: AzureRoom) -> str:
    azure.wish(hibernate=True)
    assert azure.spec.instance_type == "Standard_D2as_v5", "the usual type cannot"
    (made,) = azure.running()
    return made


def stop(room: AzureRoom, machine: str) -> tuple[str | None, bool]:
    """(Power state, is its memory kept) once it was to be put to sleep."""
    assert room.provider.stop(room.scope, machines([machine]), hibernate=[machine]).failed == {}
    room.settle()
    one = room.machine(machine)
    return one.power, one.hibernated and one.power == "deallocated"


def test_it_sleeps_and_wakes(azure: AzureRoom, sleeper: str) -> None:
    assert stop(azure, sleeper) == ("deallocated", True)
    assert azure.states([sleeper]) == {sleeper: Observed.STOPPED}
    assert set(azure.provider.start(azure.scope, machines([sleeper])).done) == {sleeper}
    azure.settle()
    assert azure.states([sleeper]) == {sleeper: Observed.RUNNING}


def test_one_that_was_not_made_for_it_is_deallocated(azure: AzureRoom) -> None:
    azure.wish(instance_type="Standard_D2as_v5")
    (one,) = azure.running()
    assert stop(azure, one) == ("deallocated", False)


def test_what_azure_finds_out_later_is_deallocated_when_it_is_asked_again(azure: AzureRoom, sleeper: str) -> None:
    azure.subscription.failing.append(("deallocate", "OperationNotAllowed", "The guest did not hibernate."))
    assert stop(azure, sleeper) == ("running", False)
    assert azure.states([sleeper]) == {sleeper: Observed.RUNNING}
    assert stop(azure, sleeper) == ("deallocated", False)
