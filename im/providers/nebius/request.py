"""A launch as Nebius takes it: one machine, with its disks, its labels, and a key that makes it happen once."""

from __future__ import annotations

import json
import uuid
from dataclasses import dataclass
from email.encoders import encode_base64
from email.mime.multipart import MIMEMultipart
from email.mime.nonmultipart import MIMENonMultipart
from email.mime.text import MIMEText
from typing import Any

from im.domain import tags
from im.domain.spec.spec import Spec
from im.providers.contract import Slot
from im.providers.kit.names import server_name
from im.providers.nebius.disks import DEFAULT_KIND, in_api
from im.providers.nebius.profile import family_of, parts_of
from im.providers.nebius.sdk import part
from im.providers.nebius.tags import labels

_KEYS = uuid.UUID("5f1c4b0e-6a63-5d0b-9d0b-6b8d7a3d2b11")
"""Of a namespace of our own."""


def key_of(token: str, slot: Slot, place: int) -> str:
    """Never used for another body: the place in its launch and the instance go in."""
    return str(uuid.uuid5(_KEYS, f"{token}/{place}/{slot.instance_id}"))


@dataclass(frozen=True, slots=True)
class Place:
    """Where a launch goes, as ids of Nebius'."""

    project: str
    subnet: str
    group: str
    """The security group; empty: the network's own."""


def launch_request(spec: Spec, where: Place, deployment: str, token: str, slot: Slot, place: int) -> Any:
    compute, common = part("compute.v1"), part("common.v1")
    platform, preset = parts_of(spec.instance_type)
    facts = {
        **spec.tags,
        tags.LAUNCH: token,
        tags.OWNER: spec.owner,
        tags.INSTANCE: slot.instance_id,
        tags.NAME: slot.name,
    }
    marked, name = labels(deployment, facts, place), server_name(slot.name, slot.instance_id)
    disks = [_disk(spec, at, name, marked) for at in range(len(spec.disks))]
    net = compute.NetworkInterfaceSpec(
        name="eth0",
        subnet_id=where.subnet,
        ip_address=compute.IPAddress(),
        public_ip_address=compute.PublicIPAddress(),
        security_groups=[compute.SecurityGroup(id=where.group)] if where.group else [],
    )
    asked = compute.InstanceSpec(
        resources=compute.ResourcesSpec(platform=platform, preset=preset),
        boot_disk=disks[0],
        secondary_disks=disks[1:],
        network_interfaces=[net],
        cloud_init_user_data=user_data(spec),
        # with RECOVER a machine that its guest has shut down is started again
        recovery_policy=compute.InstanceRecoveryPolicy.FAIL,
    )
    about = common.ResourceMetadata(parent_id=where.project, name=name, labels=marked)
    return compute.CreateInstanceRequest(metadata=about, spec=asked)


def _disk(spec: Spec, at: int, name: str, marked: dict[str, str]) -> Any:
    """Labelled like its machine: one that outlives it after all is found again by that."""
    compute, disk = part("compute.v1"), spec.disks[at]
    made: dict[str, Any] = {
        "size_gibibytes": disk.size_gb,
        "type": compute.DiskSpec__DiskType[in_api(disk.kind or DEFAULT_KIND)],
    }
    if at == 0:
        made["source_image_family"] = compute.SourceImageFamily(image_family=family_of(spec))
    managed = compute.ManagedDisk(name=f"{name}-{at}" if at else name, labels=marked, spec=compute.DiskSpec(**made))
    return compute.AttachedDiskSpec(attach_mode=compute.AttachedDiskSpec__AttachMode.READ_WRITE, managed_disk=managed)


def user_data(spec: Spec) -> str:
    """What cloud-init reads: who may log in, and before it a person's own, whatever it is, in a part of its own."""
    if spec.user_data is None:
        return f"#cloud-config\n{cloud_config(spec)}\n"
    both = MIMEMultipart(boundary="==im==")
    # of plain text cloud-init looks at how it begins: a script, a cloud-config, …
    packed = spec.user_data.startswith(b"\x1f\x8b")
    theirs = MIMENonMultipart("application", "x-gzip") if packed else MIMENonMultipart("text", "plain")
    theirs.set_payload(spec.user_data)
    encode_base64(theirs)
    both.attach(theirs)
    both.attach(MIMEText(cloud_config(spec), "cloud-config", "utf-8"))
    return both.as_string()


def cloud_config(spec: Spec) -> str:
    """Images of Nebius' come without a login. YAML, of which JSON is a part; users of a person's own cloud-config stay."""
    user = {
        "name": spec.ssh_user,
        "sudo": "ALL=(ALL) NOPASSWD:ALL",
        "shell": "/bin/bash",
        "ssh_authorized_keys": [spec.public_key],
    }
    return json.dumps({"users": [user], "merge_how": "list(append)+dict(no_replace,recurse_list)+str()"})
