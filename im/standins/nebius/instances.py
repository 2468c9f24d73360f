"""InstanceService: machines are made, looked at, started, stopped, labelled and deleted, each change by an operation."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from nebius.aio.request_status import RequestStatus
from nebius.api.google.rpc import Status
from nebius.api.nebius.common.v1 import GetByNameRequest, ListOperationsResponse
from nebius.api.nebius.compute.v1 import (
    BatchGetRequest,
    BatchGetResponse,
    BatchGetResponse__BatchGetResult,
    CreateInstanceRequest,
    DeleteInstanceRequest,
    GetInstanceRequest,
    InstanceSpec,
    ListInstancesRequest,
    ListInstancesResponse,
    ListOperationsByParentRequest,
    StartInstanceRequest,
    StopInstanceRequest,
    UpdateInstanceRequest,
)

from im.standins.nebius import catalog
from im.standins.nebius.disks import attached
from im.standins.nebius.errors import bad_state, invalid, no_room, not_found, quota
from im.standins.nebius.pages import page
from im.standins.nebius.shapes import shown_machine, shown_operation
from im.standins.nebius.tenant import Machine, Operation, Tenant

if TYPE_CHECKING:
    from im.standins.nebius.service import Nebius

_SERVICE = "compute.v1.InstanceService"
_KEY, _VALUE = re.compile(r"[a-z][_\-a-z0-9]{0,62}"), re.compile(r"[_\-a-z0-9]{0,63}")


def register(service: Nebius) -> None:
    service.changes(f"{_SERVICE}/Create", CreateInstanceRequest, create)
    service.changes(f"{_SERVICE}/Update", UpdateInstanceRequest, update)
    service.changes(f"{_SERVICE}/Start", StartInstanceRequest, start)
    service.changes(f"{_SERVICE}/Stop", StopInstanceRequest, stop)
    service.changes(f"{_SERVICE}/Delete", DeleteInstanceRequest, delete)
    service.reads(f"{_SERVICE}/Get", GetInstanceRequest, lambda t, asked: shown_machine(t, t.machine(asked.id)))
    service.reads(f"{_SERVICE}/GetByName", GetByNameRequest, by_name)
    service.reads(f"{_SERVICE}/BatchGet", BatchGetRequest, batch)
    service.reads(f"{_SERVICE}/List", ListInstancesRequest, listed)
    service.reads(f"{_SERVICE}/ListOperationsByParent", ListOperationsByParentRequest, operations)


def listed(tenant: Tenant, asked: Any) -> Any:
    tenant.region_of(asked.parent_id)
    there = [one for one in tenant.visible() if one.project == asked.parent_id]
    return page([shown_machine(tenant, one) for one in there], asked, ListInstancesResponse)


def by_name(tenant: Tenant, asked: Any) -> Any:
    for one in tenant.machines.values():
        if (one.project, one.name) == (asked.parent_id, asked.name):
            return shown_machine(tenant, one)
    raise not_found(asked.name)


def batch(tenant: Tenant, asked: Any) -> Any:
    there = {one.id: one for one in tenant.visible()}
    items = {}
    for which in asked.instance_ids:
        if which in there:
            items[which] = BatchGetResponse__BatchGetResult(instance=shown_machine(tenant, there[which]))
        else:
            gone = RequestStatus.from_rpc_status(
                Status(code=5, message=f"{which} not found"), request_id="", trace_id=""
            )
            items[which] = BatchGetResponse__BatchGetResult(error=gone)
    return BatchGetResponse(items=items)


def operations(tenant: Tenant, asked: Any) -> Any:
    """The newest first."""
    there = [one for one in tenant.operations.values() if one.project == asked.parent_id]
    told = [shown_operation(one, tenant.now) for one in reversed(there)]
    found = page(told, asked, lambda items, next_page_token: (items, next_page_token))
    return ListOperationsResponse(operations=found[0], next_page_token=found[1])


def create(tenant: Tenant, asked: Any) -> Operation:
    project, spec = asked.metadata.parent_id, asked.spec
    region = tenant.region_of(project)
    kind = (spec.resources.platform, spec.resources.preset or "")
    sold = catalog.PRESETS.get(kind)
    if sold is None or region not in sold.regions:
        raise invalid("spec.resources", f"platform {kind[0]} with preset {kind[1]} is not available in {region}")
    for label, value in asked.metadata.labels.items():
        if not (_KEY.fullmatch(label) and _VALUE.fullmatch(value)):
            raise invalid("metadata.labels", f"the label {label} is invalid")
    if not spec.network_interfaces or spec.network_interfaces[0].subnet_id != subnet_of(tenant, project):
        raise invalid("spec.network_interfaces", "the subnet is not found")
    for group in spec.network_interfaces[0].security_groups:
        if group.id not in tenant.groups:
            raise not_found(group.id)
    if len(tenant.machines) >= tenant.quota:
        raise quota("compute.instance.count", tenant.quota)
    tenant.check_name(project, asked.metadata.name, tenant.machines)
    number = next(tenant.numbers)
    which = tenant.new_id("computeinstance", project)
    labels = dict(asked.metadata.labels)
    made = Machine(which, project, asked.metadata.name, labels, spec.SerializeToString(), kind, tenant.now, number)
    made.disks = [attached(tenant, one, made) for one in (spec.boot_disk, *spec.secondary_disks)]
    if tenant.shows_after:
        made.seen_at = tenant.now + tenant.shows_after
    tenant.machines[which] = made
    tenant.ever.append(which)
    if (kind[0], region) in tenant.full:
        return _comes_to_nothing(tenant, made, "CreateInstanceRequest", "CREATING")
    return _goes(tenant, made, "CreateInstanceRequest", "CREATING", "STARTING", "RUNNING")


def subnet_of(tenant: Tenant, project: str) -> str:
    return f"{catalog.SUBNET}-{catalog.REGIONS[tenant.region_of(project)]}{tenant.name}"


def _goes(tenant: Tenant, one: Machine, request: str, *states: str) -> Operation:
    made = tenant.operate(request, one.id, one.project, tenant.takes)
    one.operation = made.id
    tenant.go(one, *states)
    return made


def _comes_to_nothing(tenant: Tenant, one: Machine, request: str, passing: str) -> Operation:
    _, told = no_room(one.kind[0])
    made = tenant.operate(request, one.id, one.project, tenant.takes, told)
    one.operation = made.id
    tenant.go(one, passing, "STOPPED")
    return made


def update(tenant: Tenant, asked: Any) -> Operation:
    """Labels alone; whoever read another version is refused."""
    one = tenant.machine(asked.metadata.id)
    tenant.check_idle(one)
    if asked.metadata.resource_version not in (0, one.version):
        raise invalid("metadata.resource_version", "the resource was changed meanwhile")
    if asked.spec.SerializeToString() != one.spec:
        raise invalid("spec", "this stand-in changes labels alone")
    one.labels = {**one.labels, **asked.metadata.labels}
    one.version += 1
    return tenant.operate("UpdateInstanceRequest", one.id, one.project, tenant.takes * 0)


def start(tenant: Tenant, asked: Any) -> Operation:
    one = tenant.machine(asked.id)
    tenant.check_idle(one)
    if one.state != "STOPPED":
        raise bad_state(one.id, f"the instance is {one.state}")
    _stopped(one, stopped=False)
    if (one.kind[0], tenant.region_of(one.project)) in tenant.full:
        return _comes_to_nothing(tenant, one, "StartInstanceRequest", "STARTING")
    return _goes(tenant, one, "StartInstanceRequest", "STARTING", "RUNNING")


def stop(tenant: Tenant, asked: Any) -> Operation:
    one = tenant.machine(asked.id)
    tenant.check_idle(one)
    if one.state != "RUNNING":
        raise bad_state(one.id, f"the instance is {one.state}")
    _stopped(one, stopped=True)
    return _goes(tenant, one, "StopInstanceRequest", "STOPPING", "STOPPED")


def _stopped(one: Machine, *, stopped: bool) -> None:
    spec = InstanceSpec.FromString(one.spec)
    spec.stopped = stopped
    one.spec = spec.SerializeToString()


def delete(tenant: Tenant, asked: Any) -> Operation:
    one = tenant.machine(asked.id)
    tenant.check_idle(one)
    return _goes(tenant, one, "DeleteInstanceRequest", "DELETING", "gone")
