"""What is asked for a machine: one insert for each slot, under a name and a requestId that a repeated launch has again.

The name holds the instance and the launch, and is never used twice: a disk that was left behind under a machine's name would be
attached to the next machine of that name in place of a new one (discovery document, initializeParams.diskName).
"""

from __future__ import annotations

import base64
import hashlib
import uuid
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

from im.domain import tags
from im.domain.sighting import Sighting
from im.domain.spec.disk import Disk
from im.domain.spec.spec import Spec
from im.domain.state import Observed
from im.providers.contract import Slot
from im.providers.errors import Ambiguous
from im.providers.gcp.labels import KEEP, SLOT, of_machine
from im.providers.gcp.launch import images, types
from im.providers.gcp.launch.firewalls import network_path
from im.providers.gcp.places import region_of
from im.providers.kit.names import server_name

_SPACE = uuid.UUID("b4a4d2f6-3c55-4d0e-9f3e-6f6ef1c0a6b1")
ONCE = """#!/bin/sh
# this image reads no user data, and runs this script at every start: what im was given runs at the first one alone
stamp=/var/lib/im-user-data
[ -e "$stamp" ] && exit 0
at=http://metadata.google.internal/computeMetadata/v1/instance/attributes
curl -sf -H 'Metadata-Flavor: Google' "$at/user-data" > "$stamp.raw" || exit 1
if curl -sf -H 'Metadata-Flavor: Google' "$at/user-data-encoding" | grep -q base64
then base64 -d "$stamp.raw" > "$stamp"; else mv "$stamp.raw" "$stamp"; fi
chmod 700 "$stamp"
exec "$stamp"
"""


def machine_name(slot: Slot, token: str) -> str:
    mark = hashlib.sha256(token.encode()).hexdigest()[:6]
    name = server_name(slot.name, f"{slot.instance_id}-{mark}", 60)
    return name if name[0].isalpha() else f"im-{name}"


def request_id(slot: Slot, token: str, zone: str) -> str:
    return str(uuid.uuid5(_SPACE, f"{token}/{slot.instance_id}/{zone}"))


def facts(spec: Spec, deployment: str, token: str, slot: Slot) -> dict[str, str]:
    return {
        **spec.tags,
        tags.DEPLOYMENT: deployment,
        tags.LAUNCH: token,
        tags.OWNER: spec.owner,
        tags.INSTANCE: slot.instance_id,
        tags.NAME: slot.name,
    }


def body(
    spec: Spec, project: str, deployment: str, token: str, slot: Slot, at: int, network_tags: Sequence[str]
) -> dict[str, Any]:
    """The machine that is asked for, at its place `at` in the launch."""
    zone, kind = spec.zone, spec.instance_type
    labels = of_machine(facts(spec, deployment, token, slot), region_of(zone))
    gpu, _, number = str(spec.provider_options.get("gpu", "")).partition(":")
    asked: dict[str, Any] = {
        "name": machine_name(slot, token),
        "machineType": f"zones/{zone}/machineTypes/{kind}",
        "labels": {**labels, SLOT: str(at)},
        "tags": {"items": list(network_tags)},
        "disks": [_disk(spec, one, n, project, labels) for n, one in enumerate(spec.disks)],
        "networkInterfaces": [_interface(spec)],
        "metadata": {"items": [{"key": key, "value": value} for key, value in _metadata(spec).items()]},
        "scheduling": _scheduling(spec, gpu=types.has_gpu(kind, gpu)),
        "deletionProtection": False,
    }
    if gpu:
        accelerator = f"zones/{zone}/acceleratorTypes/{gpu}"
        asked["guestAccelerators"] = [{"acceleratorType": accelerator, "acceleratorCount": int(number)}]
    return asked


def _disk(spec: Spec, disk: Disk, number: int, project: str, labels: dict[str, str]) -> dict[str, Any]:
    made_of: dict[str, Any] = {
        "diskType": f"zones/{spec.zone}/diskTypes/{disk.kind or types.default_disk(spec.instance_type)}",
        "labels": {**labels, KEEP: "yes"} if disk.keep else labels,
    }
    if disk.snapshot:
        path = disk.snapshot if "/" in disk.snapshot else f"projects/{project}/global/snapshots/{disk.snapshot}"
        made_of["sourceSnapshot"] = path
    elif number == 0:
        made_of["sourceImage"] = images.path_of(spec.image, spec.instance_type, project)
    for name, value in (
        ("diskSizeGb", disk.size_gb),
        ("provisionedIops", disk.iops),
        ("provisionedThroughput", disk.throughput),
    ):
        if value is not None:
            made_of[name] = str(value)
    return {"boot": number == 0, "autoDelete": not disk.keep, "initializeParams": made_of}


def _interface(spec: Spec) -> dict[str, Any]:
    options = spec.provider_options
    network, subnet = str(options.get("network", "")), str(options.get("subnet", ""))
    made: dict[str, Any] = {}
    if subnet:
        made["subnetwork"] = subnet if "/" in subnet else f"regions/{region_of(spec.zone)}/subnetworks/{subnet}"
    if network or not subnet:
        made["network"] = network_path(network)
    if spec.public_ip is not False:
        made["accessConfigs"] = [{"type": "ONE_TO_ONE_NAT", "name": "External NAT"}]
    return made


def _metadata(spec: Spec) -> dict[str, str]:
    made = {"block-project-ssh-keys": "TRUE", "enable-oslogin": "FALSE"}
    if spec.public_key:
        made["ssh-keys"] = f"{spec.ssh_user}:{spec.public_key} {spec.ssh_user}"
    if spec.user_data is not None:
        try:
            made["user-data"] = spec.user_data.decode()
        except UnicodeDecodeError:
            made |= {"user-data": base64.b64encode(spec.user_data).decode(), "user-data-encoding": "base64"}
        if not images.has_cloud_init(spec.image):
            made["startup-script"] = ONCE
    return made


def _scheduling(spec: Spec, *, gpu: bool) -> dict[str, Any]:
    made: dict[str, Any] = {}
    if gpu or spec.spot is not None:
        made["onHostMaintenance"] = "TERMINATE"
    if spec.spot is not None:
        ends = "DELETE" if spec.spot.once else "STOP"
        made |= {"provisioningModel": "SPOT", "instanceTerminationAction": ends, "automaticRestart": False}
    return made


def launched(operation: dict[str, Any], spec: Spec, deployment: str, token: str, slot: Slot, at: int) -> Sighting:
    """The machine that an insert has named; whether it ever runs, its operation tells. Raises Ambiguous when none is named."""
    number = str(operation.get("targetId") or "")
    if not number.isdigit():
        raise Ambiguous("Google Cloud accepted the launch and named no machine")
    root, *more = spec.disks
    kind = root.kind or types.default_disk(spec.instance_type)
    size = root.size_gb or images.size_of(spec.image)
    own = sum(disk.size_gb or 0 for disk in more if disk.kind in (None, kind))
    begun = operation.get("insertTime")
    return Sighting(
        provider_id=number,
        state=Observed.PENDING,
        zone=spec.zone,
        launched_at=datetime.fromisoformat(begun).astimezone(UTC) if begun else None,
        tags=dict(facts(spec, deployment, token, slot)),
        launch_index=at,
        instance_type=spec.instance_type,
        image=spec.image,
        disk_gb=size + own if size else None,
        disk_type=kind,
        notes={
            "zone": spec.zone,
            "name": machine_name(slot, token),
            "operation": str(operation.get("name", "")),
            "spot": spec.spot is not None,
        },
    )
