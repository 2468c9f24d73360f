"""What is no machine: groups, networks, sets of rules, interfaces, addresses, disks, locks, tags."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

from werkzeug.wrappers import Request

from im.standins.azure import pages, shapes
from im.standins.azure.answers import json_of
from im.standins.azure.errors import no, no_group, not_found
from im.standins.azure.machines import machine_at, take
from im.standins.azure.shapes import ADDRESS, DISK, NETWORK, NIC, RULES, VM
from im.standins.azure.subscription import Part, Subscription

if TYPE_CHECKING:
    from im.standins.azure.service import Azure

_MADE_BY_HAND = (NETWORK, RULES)
_IN_USE = {
    ADDRESS: (400, "PublicIPAddressCannotBeDeleted"),
    DISK: (409, "OperationNotAllowed"),
    NIC: (400, "NicInUse"),
}


def register(service: Azure) -> None:
    service.handle("GET", "/resourcegroups", groups)
    service.handle("GET", "/resourcegroups/<group>", group_shown)
    service.handle("PUT", "/resourcegroups/<group>", put_group)
    for kind in (NETWORK, RULES, NIC, ADDRESS, DISK):
        path = kind.lower()
        inside = f"/resourcegroups/<group>/providers/{path}"
        service.handle("GET", f"/providers/{path}", partial(listed, kind=kind))
        service.handle("GET", inside, partial(listed, kind=kind))
        service.handle("GET", f"{inside}/<name>", partial(shown, kind=kind))
        service.handle("DELETE", f"{inside}/<name>", partial(delete, kind=kind))
        if kind in _MADE_BY_HAND:
            service.handle("PUT", f"{inside}/<name>", partial(put, kind=kind))
        if kind == DISK:
            service.handle("PATCH", f"{inside}/<name>", partial(patch, kind=kind))
    machine = f"/resourcegroups/<group>/providers/{VM.lower()}/<name>/providers"
    service.handle("PUT", f"{machine}/microsoft.authorization/locks/<lock>", put_lock)
    service.handle("DELETE", f"{machine}/microsoft.authorization/locks/<lock>", delete_lock)
    service.handle("PATCH", f"{machine}/microsoft.resources/tags/default", merge_tags)


def groups(subscription: Subscription, request: Request) -> tuple[int, Any]:
    return pages.page(subscription, request, [_group(subscription, one) for one in subscription.groups])


def group_shown(subscription: Subscription, request: Request, group: str) -> tuple[int, Any]:
    if group.lower() not in subscription.groups:
        raise no_group(group)
    return 200, _group(subscription, group.lower())


def put_group(subscription: Subscription, request: Request, group: str) -> tuple[int, Any]:
    asked = json_of(request)
    name = request.environ["im.path"].rpartition("/")[2]
    known = subscription.groups.get(group.lower())
    if known is not None and known["location"] != asked.get("location"):
        raise no(409, "InvalidResourceGroupLocation", f"Invalid resource group location: it is in {known['location']}.")
    subscription.groups[group.lower()] = {
        "name": known["name"] if known else name,
        "location": str(asked.get("location", "")),
        "tags": dict(asked.get("tags") or {}),
    }
    return 200 if known else 201, _group(subscription, group.lower())


def _group(subscription: Subscription, key: str) -> dict[str, Any]:
    kept = subscription.groups[key]
    path = f"/subscriptions/{subscription.id}/resourceGroups/{kept['name']}"
    return {
        "id": path,
        "type": "Microsoft.Resources/resourceGroups",
        **kept,
        "properties": {"provisioningState": "Succeeded"},
    }


def _in(subscription: Subscription, group: str) -> None:
    if group and group.lower() not in subscription.groups:
        raise no_group(group)


def listed(subscription: Subscription, request: Request, kind: str, group: str = "") -> tuple[int, Any]:
    _in(subscription, group)
    found = [shapes.part(subscription, one) for one in subscription.of_kind(kind, group)]
    return pages.page(subscription, request, found)


def shown(subscription: Subscription, request: Request, group: str, name: str, kind: str) -> tuple[int, Any]:
    _in(subscription, group)
    found = subscription.part(group, kind, name)
    if found is None:
        raise not_found(kind, name, group)
    return 200, shapes.part(subscription, found, expand=request.args.get("$expand", ""))


def put(subscription: Subscription, request: Request, group: str, name: str, kind: str) -> tuple[int, Any]:
    """Rules are replaced as a whole."""
    _in(subscription, group)
    asked = json_of(request)
    known = subscription.part(group, kind, name)
    if known is not None and request.headers.get("If-None-Match") == "*":
        raise no(412, "PreconditionFailed", "Precondition failed.")
    written = known.name if known else request.environ["im.path"].rpartition("/")[2]
    body: dict[str, Any] = {key: asked[key] for key in ("location", "tags", "properties") if key in asked}
    part = Part(kind, written, subscription.groups[group.lower()]["name"], body)
    if subscription.networks_take:
        part.ready_at = subscription.now + subscription.networks_take
    subscription.add(part)
    return 200 if known else 201, shapes.part(subscription, part)


def patch(subscription: Subscription, request: Request, group: str, name: str, kind: str) -> tuple[int, Any]:
    found = subscription.part(group, kind, name)
    if found is None:
        raise not_found(kind, name, group)
    asked = json_of(request)
    if "tags" in asked:
        found.body["tags"] = dict(asked["tags"])
    return 200, shapes.part(subscription, found)


def delete(subscription: Subscription, request: Request, group: str, name: str, kind: str) -> tuple[int, Any]:
    _in(subscription, group)
    found = subscription.part(group, kind, name)
    if found is None:
        return 204, None
    path = subscription.path(found.group, found.kind, found.name)
    if found.reserved is not None and subscription.now < found.reserved[1] and not found.owner:
        told = f"Nic(s) in request is reserved for another Virtual Machine for 180 seconds: {found.reserved[0]}."
        raise no(400, "NicReservedForAnotherVm", told)
    if found.owner:
        status, code = _IN_USE[kind]
        raise no(status, code, f"Resource {path} is still in use by {found.owner}: attached to VM.")
    held = shapes.part(subscription, found)["properties"]
    if held.get("networkInterfaces"):
        raise no(400, "InUseNetworkSecurityGroupCannotBeDeleted", f"{path} cannot be deleted because it is in use.")
    if any(subnet["properties"].get("ipConfigurations") for subnet in held.get("subnets", ())):
        raise no(400, "InUseSubnetCannotBeDeleted", f"A subnet of {path} is in use and cannot be deleted.")
    key = path.lower()
    del subscription.parts[key]
    subscription.release(key)
    return 200, None


def put_lock(subscription: Subscription, request: Request, group: str, name: str, lock: str) -> tuple[int, Any]:
    machine_at(subscription, group, name)
    key = subscription.path(group, VM, name).lower()
    known = key in subscription.locks
    subscription.locks[key] = {"name": lock, "properties": json_of(request).get("properties") or {}}
    return 200 if known else 201, subscription.locks[key]


def delete_lock(subscription: Subscription, request: Request, group: str, name: str, lock: str) -> tuple[int, Any]:
    machine_at(subscription, group, name)
    known = subscription.locks.pop(subscription.path(group, VM, name).lower(), None)
    return 200 if known else 204, None


def merge_tags(subscription: Subscription, request: Request, group: str, name: str) -> tuple[int, Any]:
    """Names of tags are the same in any case."""
    machine = machine_at(subscription, group, name)
    take(subscription, machine, "changes")
    asked = json_of(request)
    kept = dict(machine.body.get("tags") or {})
    for key, value in (asked.get("properties") or {}).get("tags", {}).items():
        written = next((one for one in kept if one.lower() == key.lower()), key)
        if asked.get("operation") == "Delete":
            kept.pop(written, None)
        else:
            kept[written] = value
    if len(kept) > 50:
        raise no(400, "TooManyTags", "At most 50 tags.")
    machine.body["tags"] = kept
    machine.etag += 1
    return 200, {"properties": {"tags": kept}}
