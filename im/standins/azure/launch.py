"""How a virtual machine is made: one PUT by name, and with it its interface, its address and its disks."""

from __future__ import annotations

import base64
import re
import uuid
from typing import Any

from werkzeug.wrappers import Request

from im.standins.azure import catalog, shapes
from im.standins.azure.answers import accepted, json_of
from im.standins.azure.errors import invalid, no, no_group
from im.standins.azure.shapes import ADDRESS, DISK, NETWORK, NIC, RULES, VM
from im.standins.azure.subscription import RESERVED, Machine, Part, Subscription

_NAME = re.compile(r"[A-Za-z0-9]([A-Za-z0-9.-]{0,62}[A-Za-z0-9])?")
_NOBODY = frozenset(
    "admin administrator root user test guest 1 123 a actuser adm aspnet backup console david john sys".split()
)
_CAPACITY = "We do not have sufficient capacity for the requested VM size in this {}."


def put(subscription: Subscription, request: Request, group: str, name: str) -> tuple[int, Any]:
    """Make it, or change it: with `If-None-Match: *` nothing that is there already is touched."""
    if group.lower() not in subscription.groups:
        raise no_group(group)
    name = request.environ["im.path"].rpartition("/")[2]
    group = subscription.groups[group.lower()]["name"]
    key = subscription.path(group, VM, name).lower()
    asked = json_of(request)
    existing = subscription.machines.get(key)
    if existing is not None:
        return _again(subscription, request, existing, asked)
    properties, location = _checked(subscription, name, asked)
    size = catalog.size_named(properties["hardwareProfile"]["vmSize"])
    assert size is not None
    _check_room(subscription, size, location, spot=properties.get("priority") == "Spot")
    parts = _parts(subscription, group, name, properties, asked)
    properties["hardwareProfile"]["vmSize"] = size
    body = {key: asked[key] for key in ("location", "tags", "zones", "identity") if asked.get(key)}
    number = next(subscription.numbers)
    machine = Machine(
        name,
        group,
        str(uuid.uuid5(uuid.UUID(subscription.id), f"machine {number}")),
        {**body, "location": location, "properties": properties},
        subscription.now,
    )
    machine.in_lists_from = subscription.now + subscription.lag if subscription.lag else None
    subscription.machines[key] = machine
    subscription.ever.append(name)
    for one in parts:
        subscription.add(one)
    zone = (asked.get("zones") or [""])[0]
    if (size, zone or location) in subscription.lacking:
        where, code = ("zone", "ZonalAllocationFailed") if zone else ("region", "AllocationFailed")
        subscription.failing.append(("create", code, f"Allocation failed. {_CAPACITY.format(where)}"))
    operation = subscription.begin("create", location)
    if operation.error is not None:
        machine.error = operation.error
        machine.course = [(operation.ends, "Failed", None)]
        for one in parts:
            if one.kind == NIC:
                one.reserved = (key, operation.ends + RESERVED)
    else:
        half = subscription.now + subscription.takes / 2
        machine.course = [(half, "Creating", "starting"), (operation.ends, "Succeeded", "running")]
    return accepted(request, operation, 201, shapes.machine(subscription, machine))


def _again(
    subscription: Subscription, request: Request, machine: Machine, asked: dict[str, Any]
) -> tuple[int, dict[str, Any]]:
    if request.headers.get("If-None-Match") == "*":
        told = "The condition specified using HTTP conditional header(s) is not met."
        raise no(412, "ConditionNotMet", told)
    if asked.get("zones", []) != machine.body.get("zones", []):
        raise no(409, "PropertyChangeNotAllowed", "Changing property 'zones' is not allowed.", target="zones")
    machine.body["tags"] = dict(asked.get("tags") or {})
    machine.etag += 1
    return 200, shapes.machine(subscription, machine)


def _checked(subscription: Subscription, name: str, asked: dict[str, Any]) -> tuple[dict[str, Any], str]:
    if "microsoft.compute" in subscription.unregistered:
        told = "The subscription is not registered to use namespace 'Microsoft.Compute'."
        raise no(409, "MissingSubscriptionRegistration", told)
    properties: dict[str, Any] = asked.get("properties") or {}
    location = str(asked.get("location", "")).lower().replace(" ", "")
    if location not in catalog.LOCATIONS:
        raise no(400, "LocationNotAvailableForResourceType", f"The location '{location}' is not available for {VM}.")
    if not _NAME.fullmatch(name):
        raise invalid("vmName", f"The name '{name}' is not valid.")
    size = catalog.size_named(str((properties.get("hardwareProfile") or {}).get("vmSize", "")))
    if size is None:
        raise invalid("vmSize", "The value provided for the VM size is not valid.")
    zone = (asked.get("zones") or [""])[0]
    if zone and zone not in catalog.SIZES[size][5]:
        raise no(400, "AvailabilityZoneNotSupported", f"The zone(s) '{zone}' for resource '{name}' is not supported.")
    sleeps = (properties.get("additionalCapabilities") or {}).get("hibernationEnabled")
    if sleeps and (size.startswith("Standard_B") or properties.get("priority") == "Spot"):
        raise invalid("hibernationEnabled", f"Hibernation is not supported for the VM size '{size}' or for Spot VMs.")
    _check_image(properties, size)
    _check_login(properties)
    if len(asked.get("tags") or {}) > 50:
        raise no(400, "TooManyTags", "At most 50 tags.")
    return properties, location


def _check_image(properties: dict[str, Any], size: str) -> None:
    reference = (properties.get("storageProfile") or {}).get("imageReference") or {}
    named = tuple(str(reference.get(word, "")).lower() for word in ("publisher", "offer", "sku"))
    found = catalog.IMAGES.get((named[0], named[1], named[2]))
    if found is None:
        raise no(404, "PlatformImageNotFound", f"The platform image '{':'.join(named)}:latest' is not available.")
    reference["exactVersion"] = catalog.VERSION
    arm = catalog.sku(size, "", restricted=False)["capabilities"][2]["value"]
    if found[0] != arm:
        raise no(400, "BadRequest", f"Cannot create a VM with size {size} because it does not boot {found[0]} images.")


def _check_login(properties: dict[str, Any]) -> None:
    profile = properties.get("osProfile") or {}
    user = str(profile.get("adminUsername", ""))
    if not user or user.lower() in _NOBODY:
        raise invalid("adminUsername", "The Admin Username specified is not allowed.")
    if len(base64.b64decode(profile.get("customData") or "")) > 65535:
        raise invalid("customData", "Custom data in OSProfile must be at most 65535 bytes.")
    for key in ((profile.get("linuxConfiguration") or {}).get("ssh") or {}).get("publicKeys") or []:
        if key.get("path") != f"/home/{user}/.ssh/authorized_keys":
            raise invalid("linuxConfiguration.ssh.publicKeys.path", "Destination path is not the admin's own.")


def _check_room(subscription: Subscription, size: str, location: str, *, spot: bool) -> None:
    if spot and not catalog.SIZES[size][3]:
        raise no(400, "AzureSpotIsNotSupportedForThisVMSize", f"Azure Spot is not supported for VM size {size}.")
    if (size, location) in subscription.restricted:
        told = f"The requested VM size '{size}' is currently not available in location '{location}'."
        raise no(409, "SkuNotAvailable", told)
    cores = {name: facts[0] for name, facts in catalog.SIZES.items()}
    used, wanted = subscription.used_cores(location, cores), cores[size]
    if used + wanted > subscription.cores:
        told = (
            "Operation could not be completed as it results in exceeding approved Total Regional Cores quota. Additional "
            f"details - Location: {location}, Current Limit: {subscription.cores}, Current Usage: {used}, "
            f"Additional Required: {wanted}."
        )
        raise no(409, "OperationNotAllowed", told)


def _parts(
    subscription: Subscription, group: str, name: str, properties: dict[str, Any], asked: dict[str, Any]
) -> list[Part]:
    """What comes into being with it; every reference is looked up first."""
    key = subscription.path(group, VM, name).lower()
    network = properties.get("networkProfile") or {}
    made: list[Part] = []
    shown = list(network.get("networkInterfaces") or [])
    for config in network.pop("networkInterfaceConfigurations", None) or []:
        nic, *others = _interface(subscription, group, key, config, asked)
        made += [nic, *others]
        keep = config["properties"].get("deleteOption", "Delete")
        path = subscription.path(group, NIC, nic.name)
        shown.append({"id": path, "properties": {"primary": True, "deleteOption": keep}})
    network["networkInterfaces"] = shown
    properties["networkProfile"] = network
    storage = properties["storageProfile"]
    os_disk = storage.setdefault("osDisk", {"createOption": "FromImage"})
    os_disk["osType"] = "Linux"
    os_disk.setdefault("diskSizeGB", 30)
    for number, disk in enumerate([os_disk, *(storage.get("dataDisks") or [])]):
        disk.setdefault("name", f"{name}_disk{number}_{next(subscription.numbers):08x}")
        disk.setdefault("deleteOption", "Detach")
        if subscription.part(group, DISK, disk["name"]) is not None:
            told = (
                f"Disk {disk['name']} already exists in resource group {group}. Only CreateOption.Attach is supported."
            )
            raise no(409, "ConflictingUserInput", told)
        kept = disk.setdefault("managedDisk", {})
        kept["id"] = subscription.path(group, DISK, disk["name"])
        body = {
            "location": asked["location"],
            "sku": {"name": kept.setdefault("storageAccountType", "Premium_LRS")},
            "tags": {},  # a disk that comes with its machine has none
            "properties": {"diskSizeGB": disk["diskSizeGB"], "osType": "Linux" if number == 0 else None},
        }
        made.append(Part(DISK, disk["name"], group, body, key, disk["deleteOption"] == "Delete"))
    return made


def _interface(
    subscription: Subscription, group: str, key: str, config: dict[str, Any], asked: dict[str, Any]
) -> list[Part]:
    """The interface, and the public address if it is to have one; the names get an ending, as Azure gives them."""
    number = next(subscription.numbers)
    wanted = config.get("properties") or {}
    rules = (wanted.get("networkSecurityGroup") or {}).get("id", "")
    if rules:
        _check_reference(subscription, RULES, rules)
    first = wanted["ipConfigurations"][0]
    inner = first.get("properties") or {}
    subnet = inner["subnet"]["id"]
    _check_reference(subscription, NETWORK, subnet.rpartition("/subnets/")[0])
    private = f"10.{number // 250 // 250 % 250}.{number // 250 % 250}.{number % 250 + 4}"
    configuration: dict[str, Any] = {"subnet": {"id": subnet}, "privateIPAddress": private, "primary": True}
    made = []
    nic_name = f"{config['name']}-{number:08x}"
    nic_path = subscription.path(group, NIC, nic_name)
    if public := inner.get("publicIPAddressConfiguration"):
        ip_name = f"{public['name']}-{number:08x}"
        body = {
            "location": asked["location"],
            "tags": public.get("tags") or {},
            "sku": public.get("sku") or {"name": "Standard"},
            "properties": {
                "ipAddress": f"203.0.{number // 250 % 250}.{number % 250 + 1}",
                "publicIPAllocationMethod": "Static",
                "publicIPAddressVersion": "IPv4",
            },
        }
        goes = (public.get("properties") or {}).get("deleteOption", "Delete") == "Delete"
        made.append(Part(ADDRESS, ip_name, group, body, nic_path.lower(), goes))
        configuration["publicIPAddress"] = {"id": subscription.path(group, ADDRESS, ip_name)}
    body = {
        "location": asked["location"],
        "tags": config.get("tags") or {},
        "properties": {
            "ipConfigurations": [{"name": first.get("name", "ip"), "properties": configuration}],
            "networkSecurityGroup": {"id": rules} if rules else None,
            "primary": True,
        },
    }
    return [Part(NIC, nic_name, group, body, key, wanted.get("deleteOption", "Delete") == "Delete"), *made]


def _check_reference(subscription: Subscription, kind: str, path: str) -> None:
    found = subscription.parts.get(path.lower())
    if found is None or found.kind != kind:
        told = f"Resource {path} referenced by resource was not found. Please make sure that it exists."
        raise no(400, "InvalidResourceReference", told)
    if found.ready_at is not None and subscription.now < found.ready_at:
        detail = {"code": "ReferencedResourceNotProvisioned", "message": f"{path} is not in Succeeded state."}
        raise no(429, "RetryableError", "A retryable error occurred.", retry_after=2, details=[detail])
