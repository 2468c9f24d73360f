"""ModifyInstanceAttribute and DescribeInstanceAttribute: protection, type, groups, user data, shutdown behaviour."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from tests.standin import stock
from tests.standin.errors import AwsError, combination, invalid
from tests.standin.machine import Machine
from tests.standin.registry import Call, action
from tests.standin.services.ec2.groups import launch_groups

_BY_NAME = {
    "disableApiTermination": "DisableApiTermination",
    "disableApiStop": "DisableApiStop",
    "instanceInitiatedShutdownBehavior": "InstanceInitiatedShutdownBehavior",
    "instanceType": "InstanceType",
    "userData": "UserData",
}


@action("ec2", "ModifyInstanceAttribute", mutating=True)
def modify_instance_attribute(call: Call) -> dict[str, Any]:
    (machine,) = call.region.named([call.asked["InstanceId"]])
    given = {name: call.asked[name] for name in (*_BY_NAME.values(), "Groups") if name in call.asked}
    if call.asked.get("Attribute") in _BY_NAME:
        value: Any = call.asked.get("Value", "")
        given[_BY_NAME[call.asked["Attribute"]]] = {"Value": value == "true" if value in ("true", "false") else value}
    if not given:
        raise combination("No attributes specified.")
    if len(given) > 1:
        raise combination("Fields for multiple attribute types specified")
    ((name, value),) = given.items()
    _set(call, machine, name, value if name == "Groups" else value.get("Value"))
    call.effects[machine.id] = f"{name} set"
    return {}


def _set(call: Call, machine: Machine, name: str, value: Any) -> None:
    match name:
        case "DisableApiTermination":
            if machine.facts.lifecycle == "spot" and value:
                raise AwsError("UnsupportedOperation", "Termination protection is not supported for Spot Instances.")
            machine.protected = value
        case "DisableApiStop":
            machine.stop_protected = value
        case "InstanceInitiatedShutdownBehavior":
            machine.shutdown_behavior = value
        case "Groups":
            groups = launch_groups(call.region, {"SecurityGroupIds": value})
            call.region.refit(machine, replace(machine.facts, groups=groups))
        case "InstanceType":
            _check_stopped(machine, "instanceType")
            _refit_type(call, machine, value)
        case _:
            _check_stopped(machine, "userData")
            machine.user_data = value.decode() if isinstance(value, bytes) else value


def _check_stopped(machine: Machine, attribute: str) -> None:
    if machine.state != "stopped":
        raise AwsError(
            "IncorrectInstanceState",
            f"The instance '{machine.id}' is not in the 'stopped' state; its {attribute} cannot be changed.",
        )


def _refit_type(call: Call, machine: Machine, name: str) -> None:
    kind = stock.TYPES.get(name)
    if kind is None or kind.architecture != machine.facts.architecture:
        raise invalid(f"Invalid value '{name}' for InstanceType.")
    call.region.refit(machine, replace(machine.facts, instance_type=name, vcpus=kind.vcpus))


@action("ec2", "DescribeInstanceAttribute")
def describe_instance_attribute(call: Call) -> dict[str, Any]:
    (machine,) = call.region.named([call.asked["InstanceId"]])
    values: dict[str, Any] = {
        "disableApiTermination": machine.protected,
        "disableApiStop": machine.stop_protected,
        "instanceInitiatedShutdownBehavior": machine.shutdown_behavior,
        "instanceType": machine.facts.instance_type,
        "userData": machine.user_data,
    }
    name = call.asked["Attribute"]
    if name == "groupSet":
        return {"InstanceId": machine.id, "Groups": [{"GroupId": g, "GroupName": n} for g, n in machine.facts.groups]}
    if name not in values:
        raise invalid(f"Value ({name}) for parameter attribute is invalid. Unknown attribute.")
    value = values[name]
    return {"InstanceId": machine.id, _BY_NAME[name]: {} if value is None else {"Value": value}}
