"""The one PUT that makes a machine, with its interface, its address and its disks, each of which is deleted with it."""

from __future__ import annotations

import base64
import hashlib
import re
from collections.abc import Mapping
from typing import Any

from im.domain import tags
from im.domain.spec.spec import Spec
from im.providers.azure.network import Ground
from im.providers.azure.sightings import SLOT
from im.providers.azure.sizes import KINDS, check_disk, reference
from im.providers.contract import Slot
from im.providers.kit.names import prefix, server_name

NETWORK_VERSION = "2022-11-01"
"""Of the interfaces that come with a machine: the newest that Azure's models name for them."""
_LONGEST = 56
"""Characters of a name that leave room in the 64 of a machine's."""
_TAG = re.compile(r"[^<>%&\\?/]{1,512}")
_RESERVED = ("microsoft", "azure", "windows")


def machine_name(slot: Slot, token: str) -> str:
    """Used once in all time: it holds the instance's id and the launch's mark."""
    return f"{server_name(slot.name, slot.instance_id, _LONGEST)}-{hashlib.sha256(token.encode()).hexdigest()[:6]}"


def disk_name(deployment: str, machine: str, number: int) -> str:
    """Disks that come with a machine have no tags: their names say whose they are."""
    return f"{prefix(deployment)}{machine}-{f'data{number}' if number else 'os'}"


def own_tags(spec_tags: Mapping[str, str], facts: Mapping[str, str]) -> dict[str, str]:
    """A person's tags as far as Azure takes them, and our facts. What it does not take stays in the row alone."""
    taken = {
        key: value[:256]
        for key, value in spec_tags.items()
        if _TAG.fullmatch(key) and not key.lower().startswith(_RESERVED)
    }
    return {**taken, **facts}


def body_of(
    spec: Spec, *, name: str, location: str, said: Mapping[str, str], at: int, deployment: str, ground: Ground
) -> dict[str, Any]:
    """`said`: its tags; `at`: its place in the launch."""
    marked = {**said, SLOT: str(at)}
    zone = spec.zone.partition("-")[2]
    properties: dict[str, Any] = {
        "hardwareProfile": {"vmSize": spec.instance_type},
        "storageProfile": _storage(spec, name, deployment),
        "osProfile": _login(spec, said.get(tags.NAME, name)),
        "networkProfile": {
            "networkApiVersion": NETWORK_VERSION,
            "networkInterfaceConfigurations": [_interface(name, marked, ground)],
        },
    }
    if (spare := spec.spot) is not None:
        properties |= {
            "priority": "Spot",
            "evictionPolicy": "Delete" if spare.once else "Deallocate",
            "billingProfile": {"maxPrice": float(spare.max_price) if spare.max_price is not None else -1},
        }
    if spec.hibernate:
        properties["additionalCapabilities"] = {"hibernationEnabled": True}
    body: dict[str, Any] = {"location": location, "tags": marked, "properties": properties}
    return {**body, "zones": [zone]} if zone else body


def _storage(spec: Spec, name: str, deployment: str) -> dict[str, Any]:
    made = []
    for number, one in enumerate(spec.disks):
        disk = check_disk(one, root=number == 0)
        assert disk.kind is not None
        made.append(
            {
                "name": disk_name(deployment, name, number),
                "createOption": "Empty" if number else "FromImage",
                "deleteOption": "Detach" if disk.keep else "Delete",
                "diskSizeGB": disk.size_gb,
                "managedDisk": {"storageAccountType": KINDS[disk.kind]},
            }
        )
    root, *more = made
    data = [{**one, "lun": lun} for lun, one in enumerate(more)]
    found: dict[str, Any] = {"imageReference": reference(spec.image, spec.instance_type), "osDisk": root}
    return {**found, "dataDisks": data} if data else found


def _login(spec: Spec, called: str) -> dict[str, Any]:
    path = f"/home/{spec.ssh_user}/.ssh/authorized_keys"
    host = re.sub(r"[^a-z0-9-]", "-", called.lower())[:63].strip("-") or "machine"
    profile: dict[str, Any] = {
        "computerName": host,
        "adminUsername": spec.ssh_user,
        "linuxConfiguration": {
            "disablePasswordAuthentication": True,
            "ssh": {"publicKeys": [{"path": path, "keyData": spec.public_key}]},
        },
    }
    if spec.user_data is not None:
        profile["customData"] = base64.b64encode(spec.user_data).decode()
    return profile


def _interface(name: str, marked: Mapping[str, str], ground: Ground) -> dict[str, Any]:
    address = {
        "name": f"{name}-ip",
        "sku": {"name": "Standard"},
        "tags": dict(marked),
        "properties": {"deleteOption": "Delete", "publicIPAllocationMethod": "Static"},
    }
    inner = {"primary": True, "subnet": {"id": ground.subnet}, "publicIPAddressConfiguration": address}
    properties: dict[str, Any] = {
        "primary": True,
        "deleteOption": "Delete",
        "ipConfigurations": [{"name": "ip", "properties": inner}],
    }
    if ground.rules is not None:
        properties["networkSecurityGroup"] = {"id": ground.rules}
    return {"name": f"{name}-nic", "tags": dict(marked), "properties": properties}
