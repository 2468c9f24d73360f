"""Virtual machines: looked at, changed, ended. How one is made is in `im.standins.azure.launch`."""

from __future__ import annotations

from datetime import timedelta
from functools import partial
from typing import TYPE_CHECKING, Any

from werkzeug.wrappers import Request

from im.standins.azure import launch, pages, shapes
from im.standins.azure.answers import accepted, json_of
from im.standins.azure.errors import busy, no, not_found, too_often
from im.standins.azure.shapes import VM
from im.standins.azure.subscription import Machine, Subscription
from im.standins.limits import Bucket

if TYPE_CHECKING:
    from im.standins.azure.service import Azure

_PATH = "/resourcegroups/<group>/providers/microsoft.compute/virtualmachines"
_MOVES = {
    # verb: the state on the way, and the one at its end
    "start": ("starting", "running"),
    "deallocate": ("deallocating", "deallocated"),
    "poweroff": ("stopping", "stopped"),
}
FORGIVING = timedelta(minutes=1)


def register(service: Azure) -> None:
    everywhere = "/providers/microsoft.compute/virtualmachines"
    service.handle("GET", everywhere, listed)
    service.handle("GET", "/providers/microsoft.compute/locations/<location>/virtualmachines", listed)
    service.handle("GET", _PATH, listed)
    service.handle("GET", f"{_PATH}/<name>", shown)
    service.handle("GET", f"{_PATH}/<name>/instanceview", instance_view)
    service.handle("PUT", f"{_PATH}/<name>", launch.put)
    service.handle("PATCH", f"{_PATH}/<name>", change)
    service.handle("DELETE", f"{_PATH}/<name>", delete)
    for verb in _MOVES:
        service.handle("POST", f"{_PATH}/<name>/{verb}", partial(move, verb=verb))
    service.handle("POST", f"{_PATH}/<name>/simulateeviction", evict)


def machine_at(subscription: Subscription, group: str, name: str) -> Machine:
    if group.lower() not in subscription.groups:
        raise no(404, "ResourceGroupNotFound", f"Resource group '{group}' could not be found.")
    found = subscription.machines.get(subscription.path(group, VM, name).lower())
    if found is None:
        raise not_found(VM, name, group)
    return found


def take(subscription: Subscription, machine: Machine, which: str) -> None:
    """Azure counts what is asked of one machine: 12 changes and 4 more a minute, 36 looks and 12 more a minute."""
    size, per_minute = (36, 12) if which == "looks" else (12, 4)
    bucket = getattr(machine, which) or Bucket.full(size, per_minute / 60, subscription.now)
    setattr(machine, which, bucket)
    if not bucket.take(subscription.now):
        wait = max(1, round((1 - bucket.left) / bucket.per_second))
        raise too_often(f"{which} of the virtual machine '{machine.name}'", wait)


def listed(subscription: Subscription, request: Request, group: str = "", location: str = "") -> tuple[int, Any]:
    """Of one group, one place, or all; new machines may be missing, because lists are older than the truth."""
    if group and group.lower() not in subscription.groups:
        raise no(404, "ResourceGroupNotFound", f"Resource group '{group}' could not be found.")
    if not subscription.lists.take(subscription.now):
        raise too_often("lists", 12)
    now = subscription.now
    known = [
        one
        for one in subscription.machines.values()
        if (one.in_lists_from is None or now >= one.in_lists_from)
        and group.lower() in ("", one.group.lower())
        and location.lower() in ("", one.location.lower())
    ]
    if request.args.get("statusOnly", "").lower() == "true":
        return pages.page(subscription, request, [shapes.status_only(subscription, one) for one in known])
    return pages.page(subscription, request, [shapes.machine(subscription, one) for one in known])


def shown(subscription: Subscription, request: Request, group: str, name: str) -> tuple[int, Any]:
    found = machine_at(subscription, group, name)
    take(subscription, found, "looks")
    view = "instanceview" in request.args.get("$expand", "").lower()
    return 200, shapes.machine(subscription, found, view=view)


def instance_view(subscription: Subscription, request: Request, group: str, name: str) -> tuple[int, Any]:
    found = machine_at(subscription, group, name)
    take(subscription, found, "looks")
    return 200, {"statuses": shapes.statuses(found)}


def move(subscription: Subscription, request: Request, group: str, name: str, verb: str) -> tuple[int, Any]:
    machine = machine_at(subscription, group, name)
    take(subscription, machine, "ends" if verb == "deallocate" else "changes")
    way, end = _MOVES[verb]
    if machine.provisioning in ("Creating", "Deleting") or (machine.course and machine.power != way):
        raise busy(name)
    if machine.power is None:
        told = f"Cannot change the power of VM '{name}': it has failed to be created."
        raise no(409, "OperationNotAllowed", told)
    if verb == "poweroff" and machine.power == "deallocated":
        raise no(409, "OperationNotAllowed", f"Operation 'powerOff' is not allowed on VM '{name}': it is deallocated.")
    if sleeps := verb == "deallocate" and request.args.get("hibernate", "").lower() == "true":
        capable = (machine.body["properties"].get("additionalCapabilities") or {}).get("hibernationEnabled")
        if not capable or machine.power != "running":
            told = (
                f"Operation 'hibernate' is not allowed on VM '{name}': hibernation is not enabled, or it does not run."
            )
            raise no(409, "OperationNotAllowed", told)
    place = (machine.body.get("zones") or [machine.location])[0]
    no_room = verb == "start" and machine.power == "deallocated" and (machine.size, place) in subscription.lacking
    if no_room:
        told = "Allocation failed. We do not have sufficient capacity for the requested VM size in this region."
        subscription.failing.append((verb, "AllocationFailed", told))
    operation = subscription.begin(verb, machine.location)
    if operation.error is not None:
        before = machine.power
        machine.provisioning, machine.power, machine.error = "Updating", way, operation.error
        machine.course = [(operation.ends, "Failed", before)]
    elif machine.power != end:
        subscription.go(machine, way, end)
        machine.hibernated = sleeps
    return accepted(request, operation)


def change(subscription: Subscription, request: Request, group: str, name: str) -> tuple[int, Any]:
    machine = machine_at(subscription, group, name)
    take(subscription, machine, "changes")
    expected = request.headers.get("If-Match")
    if expected not in (None, "*", f'"{machine.etag}"'):
        raise no(412, "ConditionNotMet", "The condition specified using HTTP conditional header(s) is not met.")
    asked = json_of(request)
    if "tags" in asked:
        machine.body["tags"] = dict(asked["tags"])
    machine.etag += 1
    return 200, shapes.machine(subscription, machine)


def delete(subscription: Subscription, request: Request, group: str, name: str) -> tuple[int, Any]:
    key = subscription.path(group, VM, name).lower()
    if group.lower() in subscription.groups and key not in subscription.machines:
        return 204, None
    machine = machine_at(subscription, group, name)
    take(subscription, machine, "ends")
    if key in subscription.locks or any(key.startswith(f"{one}/") for one in subscription.locks):
        path = subscription.path(machine.group, VM, machine.name)
        told = f"The scope '{path}' cannot perform delete operation because following scope(s) are locked: '{path}'."
        raise no(409, "ScopeLocked", told)
    operation = subscription.begin("delete", machine.location)
    if machine.provisioning != "Deleting":
        power = machine.power
        subscription.go(machine, power, None, provisioning="Deleting")
        machine.course = [(operation.ends, "gone", None)]
        if operation.error is not None:
            machine.course = [(operation.ends, "Failed", power)]
            machine.error = operation.error
    return accepted(request, operation)


def evict(subscription: Subscription, request: Request, group: str, name: str) -> tuple[int, Any]:
    machine = machine_at(subscription, group, name)
    if not machine.spot:
        raise no(409, "OperationNotAllowed", f"VM '{name}' is not a Spot VM.")
    take_back(subscription, machine)
    return 204, None


def take_back(subscription: Subscription, machine: Machine) -> None:
    """Azure needs the room of a spot machine. Nothing on the machine says so."""
    if machine.body["properties"].get("evictionPolicy") == "Delete":
        machine.provisioning, machine.course = "Deleting", [(subscription.now + subscription.takes, "gone", None)]
    else:
        subscription.go(machine, "deallocating", "deallocated")
