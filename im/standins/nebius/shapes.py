"""Things of a tenant as messages of the API."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from nebius.aio.request_status import RequestStatus
from nebius.api.google.protobuf import Any as Packed
from nebius.api.google.rpc import Status
from nebius.api.nebius.common.v1 import Operation as Shown
from nebius.api.nebius.common.v1 import ResourceMetadata
from nebius.api.nebius.compute.v1 import (
    Disk,
    DiskAttachmentStatus,
    DiskSpec,
    DiskStatus,
    DiskStatus__State,
    Instance,
    InstanceSpec,
    InstanceStatus,
    InstanceStatus__InstanceState,
    IPAddressStatus,
    NetworkInterfaceStatus,
    PublicIPAddressStatus,
)

from im.standins.nebius.tenant import Disk as Kept
from im.standins.nebius.tenant import Machine, Operation, Tenant


def metadata(one: Machine | Kept, version: int = 1) -> ResourceMetadata:
    named: dict[str, Any] = {"id": one.id, "parent_id": one.project, "name": one.name, "labels": one.labels}
    return ResourceMetadata(**named, resource_version=version, created_at=one.created)


def shown_machine(tenant: Tenant, one: Machine) -> Instance:
    spec = InstanceSpec.FromString(one.spec)
    status: dict[str, Any] = {"state": InstanceStatus__InstanceState[one.state], "reconciling": bool(one.course)}
    if one.state in ("RUNNING", "STOPPING", "UPDATING") and spec.network_interfaces:
        public = f"203.0.{one.number // 250 % 250}.{one.number % 250 + 1}/32"
        status["network_interfaces"] = [
            NetworkInterfaceStatus(
                name="eth0",
                ip_address=IPAddressStatus(address=f"10.0.{one.number // 250 % 250}.{one.number % 250 + 1}/32"),
                public_ip_address=PublicIPAddressStatus(address=public),
            )
        ]
    status["disk_attachments"] = [
        DiskAttachmentStatus(id=d, name=tenant.disks[d].name, is_managed=tenant.disks[d].managed) for d in one.disks
    ]
    return Instance(metadata=metadata(one, one.version), spec=spec, status=InstanceStatus(**status))


def shown_disk(one: Kept) -> Disk:
    status = DiskStatus(
        state=DiskStatus__State.READY,
        size_bytes=one.gib * 2**30,
        read_write_attachment=one.machine or "",
        managed_by=(one.machine or "") if one.managed else "",
    )
    return Disk(metadata=metadata(one), spec=DiskSpec.FromString(one.spec), status=status)


def shown_operation(one: Operation, now: datetime) -> Shown:
    asked = Packed(type_url=f"type.googleapis.com/nebius.compute.v1.{one.request}", value=b"")
    over = one.finished is not None and one.finished <= now
    more: dict[str, Any] = {}
    if over:
        failed = Status.FromString(one.failed) if one.failed else Status(code=0)
        more = {
            "finished_at": one.finished,
            "status": RequestStatus.from_rpc_status(failed, request_id="", trace_id=""),
        }
    return Shown(id=one.id, resource_id=one.resource, created_at=one.created, request=asked, **more)
