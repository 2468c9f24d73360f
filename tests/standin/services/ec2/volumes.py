"""DescribeVolumes and DeleteVolume: the disks that came with machines, and those that outlived them."""

from __future__ import annotations

from typing import Any

from tests.standin import filters
from tests.standin.clock import iso
from tests.standin.errors import AwsError
from tests.standin.machine import Volume
from tests.standin.registry import Call, action
from tests.standin.services.ec2.tags import shown

FACETS: filters.Facets[Volume] = {
    "attachment.instance-id": lambda one: [one.machine.id] if one.machine else [],
    "attachment.device": lambda one: [one.disk.device] if one.machine else [],
    "status": lambda one: ["in-use" if one.machine else "available"],
    "volume-id": lambda one: [one.id],
    "volume-type": lambda one: [one.disk.type],
    "availability-zone": lambda one: [one.zone],
    "encrypted": lambda one: ["true" if one.disk.encrypted else "false"],
}


@action("ec2", "DescribeVolumes")
def describe_volumes(call: Call) -> dict[str, Any]:
    asked, volumes = call.asked, call.region.volumes
    ids = asked.get("VolumeIds") or ()
    for one in ids:
        if one not in volumes:
            raise AwsError("InvalidVolume.NotFound", f"The volume '{one}' does not exist.")
    named = [volumes[one] for one in ids] or volumes.values()
    found = filters.select(named, filters.asked(asked), FACETS, lambda one: one.tags)
    page, more = filters.page(list(found), asked, "VolumeIds")
    return {"Volumes": [_shown(one) for one in page], "NextToken": more}


@action("ec2", "DeleteVolume", mutating=True)
def delete_volume(call: Call) -> dict[str, Any]:
    name = call.asked["VolumeId"]
    volume = call.region.volumes.get(name)
    if volume is None:
        raise AwsError("InvalidVolume.NotFound", f"The volume '{name}' does not exist.")
    if volume.machine:
        raise AwsError("VolumeInUse", f"Volume {name} is currently attached to {volume.machine.id}")
    del call.region.volumes[name]
    call.effects[name] = "deleted"
    return {}


def _shown(volume: Volume) -> dict[str, Any]:
    disk, machine = volume.disk, volume.machine
    attachment = machine and {
        "VolumeId": volume.id,
        "InstanceId": machine.id,
        "Device": disk.device,
        "State": "attached",
        "AttachTime": iso(volume.created),
        "DeleteOnTermination": not disk.keep,
    }
    return {
        "VolumeId": volume.id,
        "Size": disk.size,
        "SnapshotId": disk.snapshot or "",
        "AvailabilityZone": volume.zone,
        "State": "in-use" if machine else "available",
        "CreateTime": iso(volume.created),
        "Attachments": [attachment] if attachment else [],
        "Tags": shown(volume.tags),
        "VolumeType": disk.type,
        "Iops": disk.iops or (3000 if disk.type == "gp3" else 100),
        "Throughput": disk.throughput or (125 if disk.type == "gp3" else None),
        "Encrypted": disk.encrypted,
        "KmsKeyId": disk.kms_key,
        "MultiAttachEnabled": False,
    }
