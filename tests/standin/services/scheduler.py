"""EventBridge Scheduler: one-time schedules that call EC2 at their moment, by the stand-in's clock, whoever is alive then.

Modelled: `at(...)` in any time zone, the universal targets `arn:aws:scheduler:::aws-sdk:ec2:<action>`, groups, states,
ActionAfterCompletion, retries of what EC2 says is temporary, and the quota. `rate` and `cron` are refused.
A moment that has passed fires at once. The delay `fire` (AWS promises 60 seconds' precision) is how late one fires.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from tests.standin import dispatch, filters, stock
from tests.standin.errors import AwsError
from tests.standin.region import Region
from tests.standin.registry import ACTIONS, Call, action

_AT = re.compile(r"at\((\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)\)", re.ASCII)
_TARGET = re.compile(r"arn:aws[a-z-]*:scheduler:::aws-sdk:ec2:([a-z]\w+)", re.ASCII)
_ROLE = re.compile(r"arn:aws[a-z-]*:iam::(\d{12}):role/\S+", re.ASCII)
_NAME = re.compile(r"[0-9a-zA-Z-_.]{1,64}", re.ASCII)
_TEMPORARY = (
    "RequestLimitExceeded",
    "InternalError",
    "Unavailable",
    "ServiceUnavailable",
    "InsufficientInstanceCapacity",
)
_DEFAULTS = {"State": "ENABLED", "ActionAfterCompletion": "NONE", "ScheduleExpressionTimezone": "UTC"}
_KEPT = (
    *("Name", "GroupName", "ScheduleExpression", "ScheduleExpressionTimezone", "State", "Target", "FlexibleTimeWindow"),
    *("ActionAfterCompletion", "Description", "StartDate", "EndDate", "KmsKeyArn"),
)

Schedule = dict[str, Any]


def schedules_of(region: Region) -> dict[tuple[str, str], Schedule]:
    """(group, name) → schedule."""
    found: dict[tuple[str, str], Schedule] = region.extra.setdefault("schedules", {})
    return found


def groups_of(region: Region) -> dict[str, dict[str, Any]]:
    found: dict[str, dict[str, Any]] = region.extra.setdefault("schedule-groups", {"default": {}})
    return found


@action("scheduler", "CreateSchedule", mutating=True)
def create_schedule(call: Call) -> dict[str, Any]:
    region, asked = call.region, call.asked
    key, found = _key(call), schedules_of(region)
    _group(region, key[0])
    if key in found:
        if asked.get("ClientToken") and found[key]["token"] == asked["ClientToken"]:
            return {"ScheduleArn": found[key]["Arn"]}
        raise AwsError("ConflictException", f"Schedule {key[1]} already exists.", 409)
    limit = region.extra.get("schedule-limit")
    if limit is not None and len(found) >= limit:
        raise AwsError("ServiceQuotaExceededException", f"The account has its {limit} schedules already.", 402)
    made = _checked(call, key) | {"CreationDate": call.now, "LastModificationDate": call.now, "rev": 0}
    made |= {"token": asked.get("ClientToken", ""), "Arn": _arn(region, key)}
    found[key] = made
    call.effects[made["Arn"]] = f"created: {asked['ScheduleExpression']}"
    _arm(region, key, made)
    return {"ScheduleArn": made["Arn"]}


@action("scheduler", "UpdateSchedule", mutating=True)
def update_schedule(call: Call) -> dict[str, Any]:
    """Replaces everything, as at AWS: what is not given falls back to its default."""
    key, found = _key(call), _found(call)
    fresh = _checked(call, key)
    for name in _KEPT:
        found.pop(name, None)
    found.update(fresh, LastModificationDate=call.now, rev=found["rev"] + 1)
    call.effects[found["Arn"]] = f"updated: {fresh['ScheduleExpression']}"
    _arm(call.region, key, found)
    return {"ScheduleArn": found["Arn"]}


@action("scheduler", "DeleteSchedule", mutating=True)
def delete_schedule(call: Call) -> dict[str, Any]:
    found = _found(call)
    del schedules_of(call.region)[_key(call)]
    call.effects[found["Arn"]] = "deleted"
    return {}


@action("scheduler", "GetSchedule")
def get_schedule(call: Call) -> dict[str, Any]:
    return {name: value for name, value in _found(call).items() if name not in ("token", "rev")}


@action("scheduler", "ListSchedules")
def list_schedules(call: Call) -> dict[str, Any]:
    asked = call.asked
    found = [
        {**{name: one[name] for name in ("Arn", "Name", "GroupName", "State", "CreationDate", "LastModificationDate")},
         "Target": {"Arn": one["Target"]["Arn"]}}
        for (group, name), one in sorted(schedules_of(call.region).items())
        if asked.get("GroupName", group) == group
        and name.startswith(asked.get("NamePrefix", ""))
        and asked.get("State", one["State"]) == one["State"]
    ]  # fmt: skip
    size, start = int(asked.get("MaxResults", 100)), filters.number_in(asked.get("NextToken"))
    more = {"NextToken": filters.token_for(start + size)} if start + size < len(found) else {}
    return {"Schedules": found[start : start + size], **more}


@action("scheduler", "CreateScheduleGroup", mutating=True)
def create_schedule_group(call: Call) -> dict[str, Any]:
    name, groups = call.asked["Name"], groups_of(call.region)
    if name in groups:
        raise AwsError("ConflictException", f"Schedule group {name} already exists.", 409)
    groups[name] = {"CreationDate": call.now, "LastModificationDate": call.now}
    return {"ScheduleGroupArn": _group_arn(call.region, name)}


@action("scheduler", "GetScheduleGroup")
def get_schedule_group(call: Call) -> dict[str, Any]:
    found = _group(call.region, call.asked["Name"])
    return {"Name": call.asked["Name"], "Arn": _group_arn(call.region, call.asked["Name"]), "State": "ACTIVE", **found}


@action("scheduler", "DeleteScheduleGroup", mutating=True)
def delete_schedule_group(call: Call) -> dict[str, Any]:
    """Its schedules go with it."""
    name, found = call.asked["Name"], schedules_of(call.region)
    _group(call.region, name)
    for key in [key for key in found if key[0] == name]:
        del found[key]
    del groups_of(call.region)[name]
    return {}


# ---- firing ----------------------------------------------------------------------------------------------------------


def _arm(region: Region, key: tuple[str, str], schedule: Schedule) -> None:
    """Fire at its moment, unless it was changed, disabled or deleted by then."""
    cloud, rev = region.cloud, schedule["rev"]

    def fire() -> None:
        if schedules_of(region).get(key) is schedule and schedule["rev"] == rev and schedule["State"] == "ENABLED":
            _fire(region, schedule, _moment(schedule), 0)
            if schedule["ActionAfterCompletion"] == "DELETE":
                del schedules_of(region)[key]

    cloud.timeline.at(max(cloud.now, _moment(schedule)) + cloud.delay("fire"), fire)


def _fire(region: Region, schedule: Schedule, due: float, attempt: int) -> None:
    """One attempt, as the schedule's role; faults strike it like any other call. The ledger has it under the role."""
    target, cloud = schedule["Target"], region.cloud
    name = _action(target["Arn"])
    call = Call(cloud, region, "ec2", name, json.loads(target["Input"]), cloud.request_id(), target["RoleArn"])
    code = dispatch.invoke(call)
    policy = target.get("RetryPolicy", {})
    wait = min(600.0, 60.0 * 2**attempt)
    young = cloud.now + wait - due <= policy.get("MaximumEventAgeInSeconds", 86400)
    if code in _TEMPORARY and attempt < policy.get("MaximumRetryAttempts", 185) and young:
        cloud.timeline.at(cloud.now + wait, lambda: _fire(region, schedule, due, attempt + 1))


# ---- what was asked --------------------------------------------------------------------------------------------------


def _checked(call: Call, key: tuple[str, str]) -> Schedule:
    asked = call.asked
    made = {**_DEFAULTS, **{name: asked[name] for name in _KEPT if name in asked}, "GroupName": key[0], "Name": key[1]}
    partition = stock.partition_of(call.region.name)
    for arn in (asked["Target"].get("Arn", ""), asked["Target"].get("RoleArn", "")):
        if arn.startswith("arn:") and arn.split(":")[1] != partition:
            raise _invalid(f"Provided Arn is not in correct format: {arn} is not of the partition {partition}.")
    target, role = asked["Target"], _ROLE.fullmatch(asked["Target"].get("RoleArn", ""))
    if not _NAME.fullmatch(key[1]):
        raise _invalid(f"{key[1]} is not a schedule's name")
    if role is None or role[1] != call.region.account:
        raise _invalid(
            "The execution role you provide must be a role of this account that EventBridge Scheduler may assume."
        )
    if ("ec2", _action(target["Arn"])) not in ACTIONS:
        raise _invalid(f"{target['Arn']} is not a valid target ARN.")
    _input(target)
    _moment(made)
    return made


def _input(target: Mapping[str, Any]) -> None:
    try:
        read = json.loads(target.get("Input", ""))
    except ValueError:
        read = None
    if not isinstance(read, dict):
        raise _invalid("The target's input is not a JSON object.")


def _action(arn: str) -> str:
    found = _TARGET.fullmatch(arn)
    return found[1][0].upper() + found[1][1:] if found else ""


def _moment(schedule: Mapping[str, Any]) -> float:
    found = _AT.fullmatch(schedule["ScheduleExpression"])
    try:
        zone = ZoneInfo(schedule["ScheduleExpressionTimezone"])
        return datetime.fromisoformat(found[1] if found else "").replace(tzinfo=zone).timestamp()
    except (ValueError, ZoneInfoNotFoundError):
        raise _invalid(f"Invalid Schedule Expression {schedule['ScheduleExpression']}.") from None


def _key(call: Call) -> tuple[str, str]:
    return call.asked.get("GroupName") or "default", call.asked["Name"]


def _found(call: Call) -> Schedule:
    key = _key(call)
    found = schedules_of(call.region).get(key)
    if found is None:
        raise AwsError("ResourceNotFoundException", f"Schedule {key[1]} does not exist.", 404)
    return found


def _group(region: Region, name: str) -> dict[str, Any]:
    if name not in groups_of(region):
        raise AwsError("ResourceNotFoundException", f"Schedule group {name} does not exist.", 404)
    return groups_of(region)[name]


def _arn(region: Region, key: tuple[str, str]) -> str:
    return f"arn:{stock.partition_of(region.name)}:scheduler:{region.name}:{region.account}:schedule/{key[0]}/{key[1]}"


def _group_arn(region: Region, name: str) -> str:
    return f"arn:{stock.partition_of(region.name)}:scheduler:{region.name}:{region.account}:schedule-group/{name}"


def _invalid(message: str) -> AwsError:
    return AwsError("ValidationException", message)
