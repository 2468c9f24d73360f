"""StartInstances, StopInstances, TerminateInstances: all or nothing, but for the protected in a termination across zones."""

from __future__ import annotations

from typing import Any

from tests.standin import lifecycle
from tests.standin.errors import AwsError, error, no_capacity
from tests.standin.machine import CODES, Machine, State
from tests.standin.registry import Call, action


@action("ec2", "StartInstances", mutating=True)
def start_instances(call: Call) -> dict[str, Any]:
    """pending and running are no change; stopping, shutting-down and terminated refuse the whole call."""
    region, machines = call.region, _named(call)
    _refuse(machines, ("stopping", "shutting-down", "terminated"), "started")
    stopped = [one for one in machines if one.state == "stopped"]
    wanted: dict[tuple[str, str], int] = {}
    for one in stopped:
        region.spot.check_start(one)
        place = (one.facts.zone, one.facts.instance_type)
        wanted[place] = wanted.get(place, 0) + 1
    for (zone, kind), number in wanted.items():
        if region.room(zone, kind) < number:
            raise no_capacity(kind, zone, [])
    return _change(machines, stopped, lambda one: lifecycle.start(region, one), "StartingInstances", "pending")


@action("ec2", "StopInstances", mutating=True)
def stop_instances(call: Call) -> dict[str, Any]:
    """stopping and stopped are no change; pending, shutting-down and terminated refuse the whole call."""
    region, machines = call.region, _named(call)
    _refuse(machines, ("pending", "shutting-down", "terminated"), "stopped")
    running = [one for one in machines if one.state == "running"]
    for one in running:
        if not one.facts.can_stop:
            raise AwsError(
                "UnsupportedOperation",
                f"You can't stop the Spot Instance '{one.id}' because it is associated with a one-time Spot Instance request. "
                "You can only stop Spot Instances associated with persistent Spot Instance requests.",
            )
        region.spot.check_stop(one)
        if one.stop_protected:
            raise _protected(one, "stopped", "disableApiStop")
        if call.asked.get("Hibernate") and not one.facts.hibernation:
            raise AwsError(
                "UnsupportedHibernationConfiguration", f"The instance '{one.id}' is not configured for hibernation"
            )
    reason = lifecycle.HIBERNATE if call.asked.get("Hibernate") else lifecycle.USER
    return _change(machines, running, lambda one: lifecycle.stop(region, one, reason), "StoppingInstances", "stopping")


@action("ec2", "TerminateInstances", mutating=True)
def terminate_instances(call: Call) -> dict[str, Any]:
    """One protected machine saves every machine of the call in its zone; those in other zones go, and the call fails.

    Source: EC2 API reference, TerminateInstances, "termination protection … across multiple Availability Zones".
    """
    region, machines = call.region, _named(call)
    saved = [one for one in machines if one.protected and one.state not in ("shutting-down", "terminated")]
    safe_zones = {one.facts.zone for one in saved}
    ending = [
        one for one in machines if one.state not in ("shutting-down", "terminated") and one.facts.zone not in safe_zones
    ]
    answer = _change(
        machines, ending, lambda one: lifecycle.terminate(region, one), "TerminatingInstances", "shutting-down"
    )
    if saved:
        raise _protected(saved[0], "terminated", "disableApiTermination")
    return answer


def _named(call: Call) -> list[Machine]:
    ids = call.asked.get("InstanceIds")
    if not ids:
        raise AwsError("MissingParameter", "The request must contain the parameter InstanceId")
    return call.region.named(ids)


def _refuse(machines: list[Machine], states: tuple[State, ...], done: str) -> None:
    for one in machines:
        if one.state in states:
            raise AwsError(
                "IncorrectInstanceState", f"The instance '{one.id}' is not in a state from which it can be {done}."
            )


def _protected(machine: Machine, done: str, attribute: str) -> AwsError:
    return error(
        "OperationNotPermitted",
        f"The instance '{machine.id}' may not be {done}. Modify its '{attribute}' instance attribute and try again.",
    )


def _change(
    machines: list[Machine], changing: list[Machine], change: Any, answered: str, passing: State
) -> dict[str, Any]:
    """EC2 answers with the state that begins, even where the transition takes no time here."""
    before = {one.id: one.state for one in machines}
    moved = {one.id for one in changing}
    for one in changing:
        change(one)
    return {
        answered: [
            {
                "InstanceId": one.id,
                "CurrentState": _state(passing if one.id in moved else before[one.id]),
                "PreviousState": _state(before[one.id]),
            }
            for one in machines
        ]
    }


def _state(state: State) -> dict[str, Any]:
    return {"Code": CODES[state], "Name": state}
