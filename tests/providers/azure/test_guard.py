"""The guard at Azure: its orders, whose numbers stand in a tag, and what becomes of one whose number was lost."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from im.domain.state import OnExpiry
from im.providers.azure.deadline_guard import LOST, read
from im.providers.contract import GUARD, Check
from im.providers.features import Guarded
from im.providers.machine import Machine
from im.standins.books import Fault
from tests.providers.azure_room import AzureRoom

SUBMIT, CANCEL, TAGS = "/virtualmachinessubmitdeallocate", "/virtualmachinescanceloperations", "/tags/default"
FAULT: dict[str, Any] = {"error": {"code": "InternalServerError", "message": "again"}}


@pytest.fixture
def machine(azure: AzureRoom) -> str:
    (made,) = azure.running()
    return made


def set_guard(room: AzureRoom, machine: str, minutes: float | None, what: OnExpiry = OnExpiry.STOP) -> Any:
    at = None if minutes is None else room.clock.now + timedelta(minutes=minutes)
    return room.provider.deadline_guard.set(room.scope, {Machine(machine): Guarded(at, what)})


def orders(room: AzureRoom) -> list[float]:
    """Minutes from now, of each that waits."""
    waits = [one for one in room.subscription.orders.values() if one.state == "Scheduled"]
    return sorted((one.at - room.clock.now) / timedelta(minutes=1) for one in waits)


def tag(room: AzureRoom, machine: str) -> str | None:
    return dict(room.machine(machine).body["tags"]).get("im:guard")


def check(room: AzureRoom) -> Check:
    return next(one for one in room.provider.checks(room.scope) if one.name == GUARD)


def test_the_number_of_its_order_stands_in_a_tag_with_its_moment(azure: AzureRoom, machine: str) -> None:
    assert set_guard(azure, machine, 60) == {}
    (number,) = azure.subscription.orders
    assert read(str(tag(azure, machine))) == {azure.clock.now + timedelta(hours=1): number}
    assert set_guard(azure, machine, 60) == {}
    assert len(azure.cloud.books.changes(SUBMIT)) == 1, "asked again nothing changes"
    assert set_guard(azure, machine, None) == {}
    assert (orders(azure), tag(azure, machine)) == ([], None)


def test_the_new_one_is_there_and_told_before_the_old_one_is_taken_back(azure: AzureRoom, machine: str) -> None:
    set_guard(azure, machine, 60)
    began = len(azure.cloud.books.entries)
    assert set_guard(azure, machine, 120) == {}
    calls = [one.path.rpartition("/")[2] for one in azure.cloud.books.entries[began:] if one.method != "GET"]
    assert calls == [SUBMIT[1:], "default", CANCEL[1:], "default"]
    assert orders(azure) == [120]


@pytest.mark.parametrize("dies_at", [TAGS, CANCEL])
def test_what_a_death_leaves_between_is_taken_up_by_whoever_asks_next(
    azure: AzureRoom, machine: str, dies_at: str
) -> None:
    set_guard(azure, machine, 60)
    method = "PATCH" if dies_at == TAGS else "POST"
    azure.cloud.books.plan(Fault(method, dies_at, 500, FAULT))
    assert set_guard(azure, machine, 120)[machine].code == "ambiguous"
    assert orders(azure) == [60, 120], "never none"
    assert set_guard(azure, machine, 120) == {}
    assert orders(azure) == [120]
    assert list(read(str(tag(azure, machine)))) == [azure.clock.now + timedelta(hours=2)]


def test_of_two_that_are_too_near_the_old_one_goes_first(azure: AzureRoom, machine: str) -> None:
    azure.subscription.conflict_within = timedelta(minutes=10)
    set_guard(azure, machine, 60)
    assert set_guard(azure, machine, 65) == {}
    assert orders(azure) == [65]
    assert len(read(str(tag(azure, machine)))) == 1


def test_one_whose_number_was_lost_is_said_to_act_and_then_forgotten(azure: AzureRoom, machine: str) -> None:
    azure.cloud.books.plan(Fault("POST", SUBMIT, 500, FAULT, after=True))
    assert set_guard(azure, machine, 60)[machine].code == "ambiguous"
    assert set_guard(azure, machine, 60) == {}, "Azure says that there is one, and that is what was asked"
    assert list(read(str(tag(azure, machine))).values()) == [LOST]
    told = set_guard(azure, machine, 120)[machine]
    assert "cannot be taken back" in told.message
    assert orders(azure) == [60, 120]
    azure.clock.step(minutes=61)
    assert azure.machine(machine).power == "deallocated"
    azure.provider.start(azure.scope, [Machine(machine)])
    azure.settle()
    at = azure.clock.now + timedelta(minutes=orders(azure)[0])
    assert azure.provider.deadline_guard.set(azure.scope, {Machine(machine): Guarded(at, OnExpiry.STOP)}) == {}
    assert LOST not in str(tag(azure, machine))


def test_it_deallocates_though_the_deadline_is_to_terminate(azure: AzureRoom, machine: str) -> None:
    assert set_guard(azure, machine, 60, OnExpiry.TERMINATE) == {}
    azure.clock.step(minutes=61)
    assert azure.machine(machine).power == "deallocated"
    assert not azure.provider.capabilities.guard_terminates


def test_a_machine_that_is_gone_has_nothing_to_be_taken_back(azure: AzureRoom, machine: str) -> None:
    set_guard(azure, machine, 60)
    azure.outside("terminate", machine)
    assert set_guard(azure, machine, None) == {}
    assert set_guard(azure, machine, 90)[machine].code == "not_found"
    azure.clock.step(hours=2)
    assert [one.state for one in azure.subscription.orders.values()] == ["Failed"]


def test_what_is_missing_is_told_with_the_line_to_type(azure: AzureRoom, machine: str) -> None:
    assert check(azure).ok
    azure.subscription.unregistered.add("microsoft.computeschedule")
    line = "az provider register -n Microsoft.ComputeSchedule"
    assert line in set_guard(azure, machine, 60)[machine].message
    found = check(azure)
    assert (found.ok, found.fix) == (False, line)


def test_a_right_that_is_missing_is_named(azure: AzureRoom, machine: str) -> None:
    right = "microsoft.computeschedule/locations/virtualmachinessubmitdeallocate/action"
    all_else = {"microsoft.compute/virtualmachines/read", "microsoft.resources/tags/write"}
    azure.subscription.allowed = frozenset(all_else)
    told = set_guard(azure, machine, 60)[machine].message
    assert right in told
    assert "docs/clouds/azure.md" in told
    assert not check(azure).ok
