"""DiskService, and the disks that a machine is made with: managed ones go with it, others stay."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from nebius.api.nebius.compute.v1 import (
    CreateDiskRequest,
    DeleteDiskRequest,
    DiskSpec,
    DiskSpec__DiskType,
    GetDiskRequest,
    ListDisksRequest,
    ListDisksResponse,
)

from im.standins.nebius import catalog
from im.standins.nebius.errors import bad_state, invalid, not_found
from im.standins.nebius.pages import page
from im.standins.nebius.shapes import shown_disk
from im.standins.nebius.tenant import Disk, Machine, Operation, Tenant

if TYPE_CHECKING:
    from im.standins.nebius.service import Nebius

_SERVICE = "compute.v1.DiskService"
_USUAL = 10
"""GiB of an image's disk."""


def register(service: Nebius) -> None:
    service.changes(f"{_SERVICE}/Create", CreateDiskRequest, create)
    service.changes(f"{_SERVICE}/Delete", DeleteDiskRequest, delete)
    service.reads(f"{_SERVICE}/Get", GetDiskRequest, lambda tenant, asked: shown_disk(_disk(tenant, asked.id)))
    service.reads(f"{_SERVICE}/List", ListDisksRequest, listed)


def listed(tenant: Tenant, asked: Any) -> Any:
    tenant.region_of(asked.parent_id)
    there = [shown_disk(one) for one in tenant.disks.values() if one.project == asked.parent_id]
    return page(there, asked, ListDisksResponse)


def _disk(tenant: Tenant, which: str) -> Disk:
    if which not in tenant.disks:
        raise not_found(which)
    return tenant.disks[which]


def create(tenant: Tenant, asked: Any) -> Operation:
    about = asked.metadata
    tenant.region_of(about.parent_id)
    made = _made(tenant, about.parent_id, about.name, dict(about.labels), asked.spec)
    return tenant.operate("CreateDiskRequest", made.id, made.project, tenant.takes * 0)


def delete(tenant: Tenant, asked: Any) -> Operation:
    one = _disk(tenant, asked.id)
    if one.machine is not None:
        raise bad_state(one.id, f"the disk is attached to {one.machine}")
    del tenant.disks[one.id]
    return tenant.operate("DeleteDiskRequest", one.id, one.project, tenant.takes * 0)


def _made(tenant: Tenant, project: str, name: str, labels: dict[str, str], spec: DiskSpec) -> Disk:
    kind = DiskSpec__DiskType(spec.type).name
    if kind == "UNSPECIFIED":
        raise invalid("spec.type", "the type of the disk is required")
    gib = spec.size_gibibytes or (spec.size_bytes or 0) // 2**30 or _USUAL
    if gib % catalog.STEPS.get(kind, 1):
        raise invalid("spec.size", f"the size is no multiple of {catalog.STEPS[kind]} GiB")
    if spec.source_image_family is not None and spec.source_image_family.image_family not in catalog.FAMILIES:
        raise not_found(spec.source_image_family.image_family)
    tenant.check_name(project, name, tenant.disks)
    which = tenant.new_id("computedisk", project)
    made = Disk(which, project, name, labels, spec.SerializeToString(), tenant.now, gib)
    tenant.disks[which] = made
    return made


def attached(tenant: Tenant, asked: Any, machine: Machine) -> str:
    """The id of the disk, made with its machine or there before it."""
    if asked.managed_disk is not None:
        one = asked.managed_disk
        made = _made(tenant, machine.project, one.name, dict(one.labels), one.spec)
        made.machine, made.managed = machine.id, True
        return made.id
    if asked.existing_disk is None:
        raise invalid("spec.boot_disk", "the disk is required")
    found = _disk(tenant, asked.existing_disk.id)
    if found.machine is not None:
        raise bad_state(found.id, f"the disk is attached to {found.machine}")
    found.machine = machine.id
    return found.id
