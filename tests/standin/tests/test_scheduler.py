"""EventBridge Scheduler: what was asked for happens at its moment, with nobody left to ask for it."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest

from tests.standin.client import Control
from tests.standin.server import StandIn
from tests.standin.tests.conftest import START, client, refused, states

Run = Callable[..., list[str]]
ROLE = "arn:aws:iam::123456789012:role/im-guard"
STOP = "arn:aws:scheduler:::aws-sdk:ec2:stopInstances"


@pytest.fixture(scope="session")
def stepped_scheduler(stepped: StandIn) -> Any:
    return client(stepped.url, "scheduler")


@pytest.fixture
def scheduler(control: Control, stepped_scheduler: Any) -> Any:
    return stepped_scheduler


def at(seconds: float) -> str:
    return f"at({datetime.fromtimestamp(START + seconds, UTC):%Y-%m-%dT%H:%M:%S})"


def guard(ids: list[str], seconds: float, name: str = "guard", **more: Any) -> dict[str, Any]:
    target = {"Arn": STOP, "RoleArn": ROLE, "Input": json.dumps({"InstanceIds": ids}), **more.pop("target", {})}
    flexible = {"Mode": "OFF"}
    return {"Name": name, "ScheduleExpression": at(seconds), "Target": target, "FlexibleTimeWindow": flexible, **more}


def test_a_schedule_stops_machines_at_its_moment(running: Run, ec2: Any, scheduler: Any, control: Control) -> None:
    ids = running(2)
    scheduler.create_schedule(**guard(ids, 60, ActionAfterCompletion="DELETE"))
    control.step(56)
    assert states(ec2, ids) == ["running"] * 2
    control.step(3600)
    assert states(ec2, ids) == ["stopped"] * 2
    (call,) = control.calls("StopInstances")
    assert (call["at"], call["credentials"]) == (START + 60, ROLE)
    assert {change.at for change in control.changes(*ids) if change.after == "stopping"} == {START + 60}
    assert scheduler.list_schedules()["Schedules"] == []


def test_a_schedule_may_fire_late_and_in_another_time_zone(running: Run, scheduler: Any, control: Control) -> None:
    ids = running()
    control.configure(delays={"fire": 59})
    asked = guard(ids, 3600 + 60, ScheduleExpressionTimezone="Europe/Berlin")
    scheduler.create_schedule(**asked)
    control.step(200)
    (call,) = control.calls("StopInstances")
    assert call["at"] == START + 60 + 59
    assert [one["Name"] for one in scheduler.list_schedules()["Schedules"]] == ["guard"]


def test_a_moved_schedule_fires_once_at_its_new_moment(running: Run, scheduler: Any, control: Control) -> None:
    ids = running()
    scheduler.create_schedule(**guard(ids, 60))
    scheduler.update_schedule(**guard(ids, 120))
    control.step(300)
    assert [call["at"] - START for call in control.calls("StopInstances")] == [120]


def test_deleted_and_disabled_schedules_do_not_fire(running: Run, scheduler: Any, control: Control) -> None:
    ids = running()
    scheduler.create_schedule(**guard(ids, 60, "deleted"))
    scheduler.create_schedule(**guard(ids, 60, "disabled", State="DISABLED"))
    scheduler.delete_schedule(Name="deleted")
    control.step(300)
    assert control.calls("StopInstances") == []
    assert refused(scheduler.get_schedule, Name="deleted")[:2] == ("ResourceNotFoundException", 404)


def test_what_is_read_back_is_what_was_written(scheduler: Any) -> None:
    made = scheduler.create_schedule(**guard(["i-0123456789abcdef0"], 60, Description="a guard"))
    found = scheduler.get_schedule(Name="guard")
    assert found["Arn"] == made["ScheduleArn"]
    assert (found["ScheduleExpression"], found["Description"], found["State"]) == (at(60), "a guard", "ENABLED")
    assert found["Target"]["RoleArn"] == ROLE
    assert found["CreationDate"].timestamp() == START


def test_a_temporary_refusal_is_tried_again_and_a_final_one_is_not(
    running: Run, scheduler: Any, control: Control
) -> None:
    ids = running()
    scheduler.create_schedule(**guard(ids, 60))
    scheduler.create_schedule(**guard(["i-0123456789abcdef0"], 60, "absent"))
    control.refuse("StopInstances", "InternalError", times=2, ids=ids)
    control.step(3600)
    outcomes = [(call["at"] - START, call["outcome"]) for call in control.calls("StopInstances")]
    assert outcomes == [
        (60, "not done: InternalError"),
        (60, "InvalidInstanceID.NotFound"),
        (120, "not done: InternalError"),
        (240, "done"),
    ]


def test_groups_hold_schedules_and_take_them_along(scheduler: Any) -> None:
    assert refused(scheduler.create_schedule, **guard([], 60, GroupName="im"))[0] == "ResourceNotFoundException"
    scheduler.create_schedule_group(Name="im")
    for number in range(3):
        scheduler.create_schedule(**guard([], 60, f"g-{number}", GroupName="im"))
    scheduler.create_schedule(**guard([], 60))
    page = scheduler.list_schedules(GroupName="im", MaxResults=2)
    rest = scheduler.list_schedules(GroupName="im", MaxResults=2, NextToken=page["NextToken"])
    assert [one["Name"] for one in page["Schedules"] + rest["Schedules"]] == ["g-0", "g-1", "g-2"]
    assert [one["Name"] for one in scheduler.list_schedules(NamePrefix="gu")["Schedules"]] == ["guard"]
    scheduler.delete_schedule_group(Name="im")
    assert [one["Name"] for one in scheduler.list_schedules()["Schedules"]] == ["guard"]


def test_a_name_is_taken_unless_the_token_is_the_same(scheduler: Any, control: Control) -> None:
    asked = guard([], 60, ClientToken="once")
    first = scheduler.create_schedule(**asked)["ScheduleArn"]
    assert scheduler.create_schedule(**asked)["ScheduleArn"] == first
    assert refused(scheduler.create_schedule, **guard([], 60))[:2] == ("ConflictException", 409)
    control.schedule_limit(1)
    assert refused(scheduler.create_schedule, **guard([], 60, "one-more"))[:2] == ("ServiceQuotaExceededException", 402)


@pytest.mark.parametrize(
    "wrong",
    [
        {"ScheduleExpression": "at(2030-13-01T00:00:00)"},
        {"ScheduleExpression": "in a while"},
        {"ScheduleExpressionTimezone": "Mars/Olympus"},
        {"target": {"RoleArn": "arn:aws:iam::999999999999:role/theirs"}},
        {"target": {"Arn": "arn:aws:scheduler:::aws-sdk:ec2:dance"}},
        {"target": {"Input": "no json"}},
        {"name": "a name"},
    ],
)
def test_what_cannot_fire_is_refused(scheduler: Any, wrong: dict[str, Any]) -> None:
    assert refused(scheduler.create_schedule, **guard([], 60, **wrong))[0] == "ValidationException"
