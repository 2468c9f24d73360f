"""ComputeSchedule: orders to deallocate a machine at a moment, which are carried out then, and can be taken back before."""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from werkzeug.wrappers import Request

from im.standins.azure.answers import json_of
from im.standins.azure.errors import invalid, no
from im.standins.azure.shapes import VM
from im.standins.azure.subscription import Subscription

if TYPE_CHECKING:
    from im.standins.azure.service import Azure

AHEAD = timedelta(days=14)
_AGAIN = timedelta(minutes=1)
_WAITS = ("PendingScheduling", "Scheduled")
_NAMESPACE = "microsoft.computeschedule"


@dataclass
class Order:
    id: str
    resource: str
    """The machine's path, as it was written."""
    at: datetime
    again_until: datetime
    state: str = "Scheduled"
    tried_at: datetime | None = None
    error: tuple[str, str] | None = None

    @property
    def due(self) -> datetime:
        return self.tried_at + _AGAIN if self.tried_at else self.at


def register(service: Azure) -> None:
    at = f"/providers/{_NAMESPACE}/locations/<location>/virtualmachines"
    service.handle("POST", f"{at}submitdeallocate", submit)
    service.handle("POST", f"{at}canceloperations", cancel)
    service.handle("POST", f"{at}getoperationstatus", status)


def fire(subscription: Subscription, now: datetime) -> None:
    """Carry out what is due, each at its own moment."""
    while due := sorted((o for o in subscription.orders.values() if o.state in _WAITS and o.due <= now), key=_due):
        order = due[0]
        subscription.settle(order.due)
        _carry_out(subscription, order)


def _due(order: Order) -> datetime:
    return order.due


def _carry_out(subscription: Subscription, order: Order) -> None:
    machine = subscription.machines.get(order.resource.lower())
    if machine is None:
        order.state, order.error = "Failed", ("ResourceNotFound", "The virtual machine was not found.")
    elif machine.power == "deallocated" and not machine.course:
        order.state = "Succeeded"
    elif machine.course or machine.power is None:
        if order.due + _AGAIN > order.again_until:
            order.state, order.error = "Failed", ("Conflict", "A concurrent operation did not end.")
        order.tried_at = order.due
    else:
        subscription.go(machine, "deallocating", "deallocated")
        order.state = "Succeeded"


# ---- calls -----------------------------------------------------------------------------------------------------------


def _registered(subscription: Subscription) -> None:
    if _NAMESPACE in subscription.unregistered:
        told = "The subscription is not registered to use namespace 'Microsoft.ComputeSchedule'."
        raise no(409, "MissingSubscriptionRegistration", told)


def _shown(subscription: Subscription, order: Order) -> dict[str, Any]:
    operation: dict[str, Any] = {
        "operationId": order.id,
        "resourceId": order.resource,
        "opType": "Deallocate",
        "subscriptionId": subscription.id,
        "deadline": order.at.isoformat(),
        "deadlineType": "InitiateAt",
        "state": order.state,
        "timezone": "UTC",
    }
    if order.error is not None:
        operation["resourceOperationError"] = {"errorCode": order.error[0], "errorDetails": order.error[1]}
    return {"resourceId": order.resource, "operation": operation}


def submit(subscription: Subscription, request: Request, location: str) -> tuple[int, Any]:
    _registered(subscription)
    asked = json_of(request)
    schedule, ids = asked.get("schedule") or {}, (asked.get("resources") or {}).get("ids") or []
    if not asked.get("correlationid") or schedule.get("deadlineType") != "InitiateAt":
        raise invalid("schedule", "A correlation id and a schedule that is initiated at its deadline are required.")
    if not 1 <= len(ids) <= 100:
        raise invalid("resources", "Between 1 and 100 resources are required.")
    retry = (asked.get("executionParameters") or {}).get("retryPolicy") or {}
    if not (0 <= retry.get("retryCount", 0) <= 7 and 5 <= retry.get("retryWindowInMinutes", 5) <= 120):
        raise invalid("retryPolicy", "retryCount is 0 to 7, and retryWindowInMinutes 5 to 120.")
    at = datetime.fromisoformat(str(schedule.get("deadline")))
    if not timedelta(0) <= at - subscription.now <= AHEAD:
        raise invalid("schedule.deadline", "The deadline has to be in the future, and at most 14 days ahead.")
    again = at + timedelta(minutes=int(retry.get("retryWindowInMinutes", 5)))
    results = [_submitted(subscription, location, str(one), at, again) for one in ids]
    return 200, {"description": "Deallocate Resource request", "type": VM, "location": location, "results": results}


def _submitted(
    subscription: Subscription, location: str, resource: str, at: datetime, again: datetime
) -> dict[str, Any]:
    machine = subscription.machines.get(resource.lower())
    if machine is None or machine.location.lower() != location.lower():
        details = f"The virtual machine was not found in {location}."
        return {"resourceId": resource, "errorCode": "ResourceNotFound", "errorDetails": details}
    waiting = (o for o in subscription.orders.values() if o.state in _WAITS and o.resource.lower() == resource.lower())
    if any(abs(o.at - at) <= subscription.conflict_within for o in waiting):
        details = "An operation for this virtual machine exists near this deadline."
        return {"resourceId": resource, "errorCode": "OperationConflict", "errorDetails": details}
    number = str(uuid.uuid5(uuid.UUID(subscription.id), f"order {next(subscription.numbers)}"))
    subscription.orders[number] = made = Order(number, resource, at, again)
    return _shown(subscription, made)


def _of(subscription: Subscription, request: Request) -> list[tuple[str, Order | None]]:
    _registered(subscription)
    asked = [str(one) for one in json_of(request).get("operationIds") or []]
    return [(number, subscription.orders.get(number)) for number in asked]


def _unknown(number: str) -> dict[str, Any]:
    return {"operation": None, "errorCode": "OperationNotFound", "errorDetails": f"Operation {number} was not found."}


def cancel(subscription: Subscription, request: Request, location: str) -> tuple[int, Any]:
    results = []
    for number, order in _of(subscription, request):
        if order is not None and order.state in _WAITS:
            order.state = "Cancelled"
        results.append(_unknown(number) if order is None else _shown(subscription, order))
    return 200, {"results": results}


def status(subscription: Subscription, request: Request, location: str) -> tuple[int, Any]:
    found = _of(subscription, request)
    return 200, {
        "results": [_unknown(number) if order is None else _shown(subscription, order) for number, order in found]
    }
