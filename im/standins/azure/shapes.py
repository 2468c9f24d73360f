"""Machines and their parts as the API shows them."""

from __future__ import annotations

import copy
from typing import Any

from im.standins.azure.subscription import Machine, Part, Subscription

VM = "Microsoft.Compute/virtualMachines"
DISK = "Microsoft.Compute/disks"
NIC = "Microsoft.Network/networkInterfaces"
ADDRESS = "Microsoft.Network/publicIPAddresses"
RULES = "Microsoft.Network/networkSecurityGroups"
NETWORK = "Microsoft.Network/virtualNetworks"


def machine(subscription: Subscription, one: Machine, *, view: bool = False) -> dict[str, Any]:
    body = copy.deepcopy(one.body)
    shown: dict[str, Any] = {
        "id": subscription.path(one.group, VM, one.name),
        "name": one.name,
        "type": VM,
        "etag": f'"{one.etag}"',
        **{key: body[key] for key in ("location", "tags", "zones", "identity") if key in body},
    }
    properties = body["properties"]
    properties["osProfile"].pop("customData", None)
    properties |= {
        "provisioningState": one.provisioning,
        "vmId": one.vm_id,
        "timeCreated": one.created.isoformat(),
    }
    if view:
        properties["instanceView"] = {"statuses": statuses(one)}
    return {**shown, "properties": properties}


def status_only(subscription: Subscription, one: Machine) -> dict[str, Any]:
    """What a list of states has of it: in rare cases without the power state, as Azure's pages say."""
    told = [s for s in statuses(one) if one.name not in subscription.silent or not s["code"].startswith("PowerState")]
    return {
        "id": subscription.path(one.group, VM, one.name).upper(),  # ids come back in any case
        "name": one.name,
        "type": VM,
        "location": one.location,
        "properties": {
            "provisioningState": one.provisioning,
            "vmId": one.vm_id,
            "instanceView": {"statuses": told},
        },
    }


def statuses(one: Machine) -> list[dict[str, Any]]:
    word = one.provisioning.lower()
    code = f"ProvisioningState/{word}"
    made: dict[str, Any] = {"code": code, "level": "Info", "displayStatus": f"Provisioning {word}"}
    if one.error is not None:
        made |= {"code": f"{code}/{one.error[0]}", "level": "Error", "message": one.error[1]}
        made["displayStatus"] = "Provisioning failed"
    found = [made]
    if one.power is not None:
        found.append({"code": f"PowerState/{one.power}", "level": "Info", "displayStatus": f"VM {one.power}"})
    if one.hibernated and one.power == "deallocated":
        found.append({"code": "HibernationState/Hibernated", "level": "Info", "displayStatus": "VM hibernated"})
    return found


def part(subscription: Subscription, one: Part, *, expand: str = "") -> dict[str, Any]:
    path = subscription.path(one.group, one.kind, one.name)
    ready = one.ready_at is None or subscription.now >= one.ready_at
    body = copy.deepcopy(one.body)
    shown = {"id": path, "name": one.name, "type": one.kind, "etag": 'W/"1"', **body}
    properties = shown.setdefault("properties", {})
    properties["provisioningState"] = "Succeeded" if ready else "Updating"
    match one.kind:
        case "Microsoft.Compute/disks":
            properties["diskState"] = "Attached" if one.owner else "Unattached"
            if one.owner:
                shown["managedBy"] = _written(subscription, one.owner)
        case "Microsoft.Network/networkInterfaces":
            if one.owner:
                properties["virtualMachine"] = {"id": _written(subscription, one.owner)}
            if "publicipaddress" in expand.lower():
                _expand(subscription, properties)
        case "Microsoft.Network/publicIPAddresses":
            if one.owner:
                properties["ipConfiguration"] = {"id": f"{_written(subscription, one.owner)}/ipConfigurations/ip"}
        case "Microsoft.Network/networkSecurityGroups":
            users = [nic for nic in subscription.of_kind(NIC) if _rules_of(nic).lower() == path.lower()]
            if users:
                properties["networkInterfaces"] = [{"id": subscription.path(nic.group, NIC, nic.name)} for nic in users]
        case _:
            for subnet in properties.get("subnets", ()):
                _fill_subnet(subscription, path, subnet)
    return shown


def _expand(subscription: Subscription, properties: dict[str, Any]) -> None:
    for config in properties.get("ipConfigurations", ()):
        address = config["properties"].get("publicIPAddress")
        found = subscription.parts.get(address["id"].lower()) if address else None
        if found is not None:
            config["properties"]["publicIPAddress"] = part(subscription, found)


def _fill_subnet(subscription: Subscription, network: str, subnet: dict[str, Any]) -> None:
    subnet["id"] = f"{network}/subnets/{subnet['name']}"
    properties = subnet.setdefault("properties", {})
    properties["provisioningState"] = "Succeeded"
    users = [nic for nic in subscription.of_kind(NIC) if subnet_of(nic).lower() == subnet["id"].lower()]
    properties.pop("ipConfigurations", None)
    if users:
        paths = [subscription.path(nic.group, NIC, nic.name) for nic in users]
        properties["ipConfigurations"] = [{"id": f"{path}/ipConfigurations/ip"} for path in paths]


def subnet_of(nic: Part) -> str:
    return str(nic.body["properties"]["ipConfigurations"][0]["properties"]["subnet"]["id"])


def _rules_of(nic: Part) -> str:
    return str((nic.body["properties"].get("networkSecurityGroup") or {}).get("id", ""))


def _written(subscription: Subscription, key: str) -> str:
    """The path of what is attached to, as it was written."""
    if key in subscription.machines:
        one = subscription.machines[key]
        return subscription.path(one.group, VM, one.name)
    owner = subscription.parts[key]
    return subscription.path(owner.group, owner.kind, owner.name)
