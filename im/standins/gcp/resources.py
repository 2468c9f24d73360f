"""What is no machine: lists, disks, firewall rules, operations, types, places, the project itself, and what is beside Compute."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from werkzeug.wrappers import Request

from im.standins.gcp import catalog, errors, machines
from im.standins.gcp.asked import body_of, last, project_needs
from im.standins.gcp.lists import Shown, everywhere, page
from im.standins.gcp.project import Disk, Operation, Project, moment

if TYPE_CHECKING:
    from im.standins.gcp.service import Gcp

_CPUS = 1000.0


def register(service: Gcp) -> None:
    service.handle("GET", "", project_shown, "compute.projects.get")
    service.handle("GET", "/aggregated/instances", all_machines, "compute.instances.list")
    service.handle("GET", "/aggregated/disks", all_disks, "compute.disks.list")
    service.handle("GET", "/aggregated/machineTypes", all_types, "compute.machineTypes.list")
    service.handle("GET", "/zones", zones, "compute.zones.list")
    service.handle("GET", "/zones/<zone>/instances", zone_machines, "compute.instances.list")
    service.handle("GET", "/zones/<zone>/machineTypes/<name>", machine_type, "compute.machineTypes.get")
    service.handle("GET", "/zones/<zone>/disks", zone_disks, "compute.disks.list")
    service.handle("GET", "/zones/<zone>/disks/<name>", disk, "compute.disks.get")
    service.handle("DELETE", "/zones/<zone>/disks/<name>", remove_disk, "compute.disks.delete")
    service.handle("GET", "/zones/<zone>/operations", zone_operations, "compute.zoneOperations.list")
    service.handle("GET", "/zones/<zone>/operations/<name>", operation, "compute.zoneOperations.get")
    service.handle("GET", "/global/operations/<name>", operation, "compute.globalOperations.get")
    service.handle("GET", "/regions/<region>", region_shown, "compute.regions.get")
    service.handle("GET", "/global/firewalls", firewalls, "compute.firewalls.list")
    service.handle("POST", "/global/firewalls", add_firewall, "compute.firewalls.create")
    service.handle("GET", "/global/firewalls/<name>", firewall, "compute.firewalls.get")
    service.handle("DELETE", "/global/firewalls/<name>", remove_firewall, "compute.firewalls.delete")
    service.beside("POST", "/v1/projects/<project>:testIamPermissions", permissions)
    service.beside("GET", "/v1/services/6F81-5844-456A/skus", skus)


def project_shown(project: Project, request: Request) -> tuple[int, Any]:
    items = [{"key": "enable-oslogin", "value": "TRUE"}] if project.oslogin else []
    common = {"kind": "compute#metadata", "items": items}
    return 200, {"kind": "compute#project", "id": "7001", "name": project.name, "commonInstanceMetadata": common}


def _machines(project: Project) -> list[dict[str, Any]]:
    """By what they are chosen: nobody filters by more."""
    return [
        {
            "id": str(one.id),
            "name": one.name,
            "zone": f"{project.base}/zones/{one.zone}",
            "status": one.status,
            "labels": one.labels,
        }
        for one in project.machines.values()
        if one.shown_from <= project.now
    ]


def _whole(project: Project) -> Shown:
    return lambda one: machines.shown(project, project.machines[int(one["id"])])


def all_machines(project: Project, request: Request) -> tuple[int, Any]:
    return 200, everywhere(project, request, "instance", "instances", _machines(project), _whole(project))


def zone_machines(project: Project, request: Request, zone: str) -> tuple[int, Any]:
    if zone not in catalog.ALL_ZONES:
        raise errors.not_found(f"projects/{project.name}/zones/{zone}")
    here = sorted((one for one in _machines(project) if last(one["zone"]) == zone), key=lambda one: int(one["id"]))
    return 200, page(request, "instance", here, zone, zone in project.unreachable, _whole(project))


def zones(project: Project, request: Request) -> tuple[int, Any]:
    made = [
        {
            "kind": "compute#zone",
            "id": str(2000 + n),
            "name": zone,
            "status": "UP",
            "region": f"{project.base}/regions/{catalog.region_of(zone)}",
        }
        for n, zone in enumerate(catalog.ALL_ZONES)
    ]
    return 200, page(request, "zone", made)


def region_shown(project: Project, request: Request, region: str) -> tuple[int, Any]:
    if region not in catalog.ZONES:
        raise errors.not_found(f"projects/{project.name}/regions/{region}")
    quota = {"metric": "CPUS", "limit": _CPUS, "usage": 2.0 * len(project.machines)}
    zones_here = [f"{project.base}/zones/{region}-{letter}" for letter in catalog.ZONES[region]]
    number = str(1000 + list(catalog.ZONES).index(region))
    made = {
        "kind": "compute#region",
        "id": number,
        "name": region,
        "status": "UP",
        "zones": zones_here,
        "quotas": [quota],
    }
    return 200, made


def all_types(project: Project, request: Request) -> tuple[int, Any]:
    made = [
        catalog.machine_type(kind, zone, project.base)
        for zone in catalog.ALL_ZONES
        for kind in catalog.TYPES
        if catalog.sold_in(kind, zone)
    ]
    return 200, everywhere(project, request, "machineType", "machineTypes", made)


def machine_type(project: Project, request: Request, zone: str, name: str) -> tuple[int, Any]:
    if name not in catalog.TYPES or not catalog.sold_in(name, zone):
        raise errors.not_found(f"projects/{project.name}/zones/{zone}/machineTypes/{name}")
    return 200, catalog.machine_type(name, zone, project.base)


# ---- disks -----------------------------------------------------------------------------------------------------------


def _disk(project: Project, one: Disk) -> dict[str, Any]:
    zone, user = f"{project.base}/zones/{one.zone}", project.machines.get(one.user or 0)
    return {
        "kind": "compute#disk",
        "id": str(one.id),
        "name": one.name,
        "zone": zone,
        "sizeGb": str(one.gb),
        "type": f"{zone}/diskTypes/{one.kind}",
        "status": "READY",
        "labels": one.labels,
        "creationTimestamp": moment(one.made),
        **({"users": [f"{zone}/instances/{user.name}"]} if user else {}),
    }


def all_disks(project: Project, request: Request) -> tuple[int, Any]:
    return 200, everywhere(project, request, "disk", "disks", [_disk(project, one) for one in project.disks.values()])


def zone_disks(project: Project, request: Request, zone: str) -> tuple[int, Any]:
    here = [_disk(project, one) for one in project.disks.values() if one.zone == zone]
    return 200, page(request, "disk", here, zone)


def _find_disk(project: Project, zone: str, name: str) -> Disk:
    if (zone, name) not in project.disks:
        raise errors.not_found(f"projects/{project.name}/zones/{zone}/disks/{name}")
    return project.disks[zone, name]


def disk(project: Project, request: Request, zone: str, name: str) -> tuple[int, Any]:
    return 200, _disk(project, _find_disk(project, zone, name))


def remove_disk(project: Project, request: Request, zone: str, name: str) -> tuple[int, Any]:
    one = _find_disk(project, zone, name)
    if one.user is not None:
        message = f"The disk resource '{name}' is already being used by an instance"
        raise errors.no(400, "resourceInUseByAnotherResource", message)
    del project.disks[zone, name]
    return 200, project.shown(project.operate("delete", zone, f"zones/{zone}/disks/{name}", one.id, project.takes * 0))


# ---- operations ------------------------------------------------------------------------------------------------------


def zone_operations(project: Project, request: Request, zone: str) -> tuple[int, Any]:
    here = [project.shown(one) for one in project.operations.values() if one.zone == zone]
    return 200, page(request, "operation", here, zone)


def operation(project: Project, request: Request, name: str, zone: str | None = None) -> tuple[int, Any]:
    one: Operation | None = project.operations.get(name)
    if one is None or one.zone != zone:
        where = f"zones/{zone}" if zone else "global"
        raise errors.not_found(f"projects/{project.name}/{where}/operations/{name}")
    return 200, project.shown(one)


# ---- firewall rules --------------------------------------------------------------------------------------------------


def firewalls(project: Project, request: Request) -> tuple[int, Any]:
    return 200, page(request, "firewall", list(project.firewalls.values()))


def firewall(project: Project, request: Request, name: str) -> tuple[int, Any]:
    if name not in project.firewalls:
        raise errors.not_found(f"projects/{project.name}/global/firewalls/{name}")
    return 200, project.firewalls[name]


def add_firewall(project: Project, request: Request) -> tuple[int, Any]:
    asked = body_of(request)
    name, network = str(asked.get("name") or ""), last(asked.get("network") or "default")
    project_needs(project, "compute.networks.updatePolicy", f"projects/{project.name}/global/networks/{network}")
    if name in project.firewalls:
        raise errors.taken(f"projects/{project.name}/global/firewalls/{name}")
    if network not in project.networks:
        raise errors.not_found(f"projects/{project.name}/global/networks/{network}")
    sources = asked.get("sourceRanges") or []
    if len({":" in one for one in sources}) > 1:
        raise errors.invalid("resource.sourceRanges", "IPv4 and IPv6 ranges cannot be in one rule")
    if bool(asked.get("allowed")) is bool(asked.get("denied")):
        raise errors.invalid("resource.allowed", "Exactly one of allowed and denied is needed")
    number = next(project.numbers)
    address = f"{project.base}/global/firewalls/{name}"
    made = {
        "kind": "compute#firewall",
        "id": str(number),
        "creationTimestamp": moment(project.now),
        "selfLink": address,
    }
    project.firewalls[name] = {**asked, **made, "network": f"{project.base}/global/networks/{network}"}
    return 200, project.shown(project.operate("insert", None, f"global/firewalls/{name}", number))


def remove_firewall(project: Project, request: Request, name: str) -> tuple[int, Any]:
    _, one = firewall(project, request, name)
    project_needs(project, "compute.networks.updatePolicy", one["network"])
    del project.firewalls[name]
    return 200, project.shown(project.operate("delete", None, f"global/firewalls/{name}", int(one["id"])))


# ---- beside Compute --------------------------------------------------------------------------------------------------


def permissions(project: Project, request: Request) -> tuple[int, Any]:
    """Those of the ones asked for that the caller has."""
    asked = body_of(request).get("permissions") or []
    if len(asked) > 100:
        raise errors.invalid("permissions", "at most 100")
    return 200, {"permissions": [one for one in asked if project.granted is None or one in project.granted]}


def skus(project: Project, request: Request) -> tuple[int, Any]:
    made, at = catalog.skus(), int(request.args.get("pageToken") or 0)
    size = min(int(request.args.get("pageSize") or 5000), 5000, 10)
    more = {"nextPageToken": str(at + size)} if at + size < len(made) else {"nextPageToken": ""}
    return 200, {"skus": made[at : at + size], **more}
