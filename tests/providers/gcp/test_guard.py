"""The guard at Google Cloud: what its tasks are, what has to be there for them, and what a crash leaves is swept up."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from im.domain.state import OnExpiry
from im.providers.contract import GUARD, Check
from im.providers.features import Guarded
from im.providers.machine import Machine
from im.standins.books import Fault
from tests.providers.clouds import STRANGER
from tests.providers.gcp.room import LOST, REGION, GcpRoom, launch

CREATE = "/queues/im-guard/tasks"


def set_guard(
    room: GcpRoom, machine: str, hours: float | None, what: OnExpiry = OnExpiry.STOP, deployment: str = ""
) -> Any:
    at = None if hours is None else room.clock.now + timedelta(hours=hours)
    provider = room.gcp(deployment) if deployment else room.provider
    return provider.deadline_guard.set(room.scope, {Machine(machine): Guarded(at, what)})


def tasks(room: GcpRoom) -> list[Any]:
    return sorted(room.project.tasks.values(), key=lambda one: one.at)


def check(room: GcpRoom) -> Check:
    return next(one for one in room.provider.checks(room.scope) if one.name == GUARD)


@pytest.fixture
def machine(gcp: GcpRoom) -> str:
    (made,) = launch(gcp)
    gcp.settle()
    return made


def test_a_task_calls_compute_by_the_machines_number_as_an_account_of_its_own(gcp: GcpRoom, machine: str) -> None:
    assert set_guard(gcp, machine, 1) == {}
    (task,) = tasks(gcp)
    assert (task.region, task.method) == (REGION, "POST")
    assert task.url.endswith(f"/zones/us-central1-a/instances/{machine}/stop?discardLocalSsd=true")
    assert task.account == "im-guard@project.iam.gserviceaccount.com"
    gcp.clock.step(hours=1, seconds=1)
    assert tasks(gcp) == []
    assert gcp.machine(machine).status == "STOPPING"
    (call,) = [one for one in gcp.cloud.books.entries if one.account == task.account]
    assert (call.method, call.status) == ("POST", 200)
    (stop,) = [one for one in gcp.project.operations.values() if one.kind == "stop"]
    assert stop.user == task.account


def test_asked_again_nothing_changes(gcp: GcpRoom, machine: str) -> None:
    for _ in range(3):
        assert set_guard(gcp, machine, 1) == {}
    assert len(gcp.cloud.books.changes(CREATE)) == 1


def test_the_new_one_is_there_before_the_old_one_is_taken_away(gcp: GcpRoom, machine: str) -> None:
    set_guard(gcp, machine, 1)
    set_guard(gcp, machine, 2)
    calls = [one.method for one in gcp.cloud.books.entries if "/queues/" in one.path and one.method != "GET"]
    assert calls == ["POST", "POST", "DELETE"]
    assert len(tasks(gcp)) == 1


def test_what_stays_between_the_two_is_taken_away_by_whoever_asks_next(gcp: GcpRoom, machine: str) -> None:
    set_guard(gcp, machine, 1)
    (old,) = tasks(gcp)
    gcp.cloud.books.plan(Fault("DELETE", old.name, 503, LOST))  # as if we had died before the call
    assert set_guard(gcp, machine, 2)[machine].code == "ambiguous"
    assert len(tasks(gcp)) == 2
    assert set_guard(gcp, machine, 3) == {}, "the deadline was moved again meanwhile"
    assert [one.at - gcp.clock.now for one in tasks(gcp)] == [timedelta(hours=3)]


def test_a_lost_answer_makes_no_second_task(gcp: GcpRoom, machine: str) -> None:
    gcp.cloud.books.plan(Fault("POST", CREATE, 503, LOST, after=True))
    assert set_guard(gcp, machine, 1)[machine].code == "ambiguous"
    assert set_guard(gcp, machine, 1) == {}
    assert len(tasks(gcp)) == 1


def test_one_for_what_is_to_be_terminated_deletes(gcp: GcpRoom, machine: str) -> None:
    set_guard(gcp, machine, 1)
    set_guard(gcp, machine, 1, OnExpiry.TERMINATE)
    (task,) = tasks(gcp)
    assert (task.method, task.url.endswith(f"/instances/{machine}")) == ("DELETE", True)


def test_a_call_that_is_refused_at_the_moment_is_made_again(gcp: GcpRoom, machine: str) -> None:
    set_guard(gcp, machine, 1)
    gcp.project.guard_granted = set()
    gcp.clock.step(hours=1, minutes=1)
    assert gcp.machine(machine).status == "RUNNING"
    gcp.project.guard_granted = {"compute.instances.stop"}
    gcp.clock.step(hours=1)
    assert gcp.machine(machine).status == "TERMINATED"
    assert tasks(gcp) == []


def test_another_deployments_tasks_are_not_ours(gcp: GcpRoom, machine: str) -> None:
    set_guard(gcp, machine, 1, deployment=STRANGER)
    assert set_guard(gcp, machine, None) == {}
    assert len(tasks(gcp)) == 1
    assert [one for one in gcp.provider.leftovers.found(gcp.scope) if one.kind == "task"] == []


def test_more_than_a_page_of_tasks_is_read_to_its_end(gcp: GcpRoom, machine: str) -> None:
    set_guard(gcp, machine, 1)
    (one,) = tasks(gcp)
    for n in range(1500):
        gcp.project.tasks[REGION, f"00000000-{n}"] = replace(one, name=f"00000000-{n}")
    assert set_guard(gcp, machine, None) == {}
    assert (REGION, one.name) not in gcp.project.tasks


@pytest.mark.parametrize(
    ("lacks", "told"),
    [
        (
            lambda project: project.queues.discard(REGION),
            "gcloud tasks queues create im-guard --location=us-central1",
        ),
        (
            lambda project: project.apis_off.add("cloudtasks.googleapis.com"),
            "gcloud services enable cloudtasks.googleapis.com",
        ),
        (
            lambda project: setattr(project, "guard_lent", False),
            "gcloud iam service-accounts add-iam-policy-binding im-guard@project.iam.gserviceaccount.com",
        ),
    ],
)
def test_what_is_missing_is_told_with_the_line_to_type(gcp: GcpRoom, machine: str, lacks: Any, told: str) -> None:
    assert check(gcp).ok
    lacks(gcp.project)
    try:
        failed = set_guard(gcp, machine, 1)[machine]
    except Exception as exc:  # the list of tasks is refused as a whole
        failed = exc
    assert told in failed.message
    assert "docs/clouds/gcp.md" in failed.message
    found = check(gcp)
    assert not found.ok
    assert told in f"{found.detail} {found.fix}"
    assert set_guard_away(gcp, machine)


def set_guard_away(room: GcpRoom, machine: str) -> bool:
    """Where none can have been made nothing is to be taken away; else it is said."""
    try:
        return bool(set_guard(room, machine, None) == {})
    except Exception as exc:
        return "services enable" in str(exc)


@pytest.mark.parametrize(
    ("lacks", "told"),
    [
        (lambda project: project.paused_queues.add(REGION), "gcloud tasks queues resume im-guard"),
        (lambda project: setattr(project, "guard_account", False), "gcloud iam service-accounts create im-guard"),
        (lambda project: setattr(project, "granted", {"cloudtasks.queues.get"}), "cloudtasks.tasks.create"),
    ],
)
def test_doctor_sees_what_shows_only_there(gcp: GcpRoom, lacks: Any, told: str) -> None:
    lacks(gcp.project)
    found = check(gcp)
    assert not found.ok
    assert told in f"{found.detail} {found.fix}"


def test_tasks_that_outlived_their_machine_are_found_and_taken_away(gcp: GcpRoom, machine: str) -> None:
    set_guard(gcp, machine, 1)
    (task,) = gcp.provider.leftovers.found(gcp.scope)
    assert (task.kind, task.used) == ("task", True)
    assert gcp.provider.leftovers.discard(gcp.scope, [task])[task.id].code == "wrong_state"
    gcp.outside("terminate", machine)
    (task,) = gcp.provider.leftovers.found(gcp.scope)
    assert not task.used
    assert gcp.provider.leftovers.discard(gcp.scope, [task]) == {}
    assert tasks(gcp) == []


def test_where_guards_cannot_be_nothing_of_them_is_looked_for(gcp: GcpRoom) -> None:
    gcp.project.apis_off.add("cloudtasks.googleapis.com")
    assert gcp.provider.leftovers.found(gcp.scope) == []
