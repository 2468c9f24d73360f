"""What is no VM: the project itself, types, room, quotas, images, locations, disks."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from werkzeug.wrappers import Request

from im.standins.crusoe import catalog
from im.standins.crusoe.errors import bad, conflict, not_found
from im.standins.crusoe.instances import json_of
from im.standins.crusoe.project import Project, written

if TYPE_CHECKING:
    from im.standins.crusoe.service import Crusoe

_SIZE = re.compile(r"\d+(?:GiB|TiB)")


def register(service: Crusoe) -> None:
    service.handle_anywhere("GET", "/capacities", capacities)
    service.handle_anywhere("GET", "/compute/images", lambda project, request: {"items": list(catalog.images())})
    service.handle_anywhere("GET", "/locations", lambda project, request: {"items": list(catalog.LOCATIONS)})
    service.handle_anywhere("GET", "/organizations/projects", projects)
    service.handle_anywhere("GET", "/organizations/projects/<which>", project)
    service.handle("GET", "/compute/vms/types", lambda project, request: {"items": [*map(catalog.kind, catalog.TYPES)]})
    service.handle("GET", "/quotas", quotas)
    service.handle("GET", "/storage/disks", lambda project, request: {"items": list(project.disks.values())})
    service.handle("POST", "/storage/disks", add_disk)
    service.handle("DELETE", "/storage/disks/<which>", remove_disk)


def capacities(project: Project, request: Request) -> Any:
    """What is not promised to a reservation: some, or nothing."""
    told = []
    for name, one in catalog.TYPES.items():
        for where in catalog.LOCATIONS:
            told.append({"type": name, "location": where, "quantity": 8 if where in project.room(name) else 0})
            told[-1] |= {"num_slices": max(one.gpus, one.cores if not one.gpus else 0)}
    return {"items": told}


def _told(project: Project) -> dict[str, Any]:
    whose = {"id": project.id, "organization_id": f"{'6' * 8}-6666-4666-8666-{'6' * 12}", "name": project.name}
    counts = {"instances": len(project.machines), "disks": len(project.disks), "snapshots": 0, "images": 0}
    resources = {name: {"count": count} for name, count in {**counts, "vpc_networks": 1}.items()}
    return {**whose, "relation": "owner", "resources": resources}


def projects(project: Project, request: Request) -> Any:
    named = request.args.get("project_name")
    return {"items": [_told(project)] if named in (None, "", project.name) else []}


def project(project: Project, request: Request, which: str) -> Any:
    if which != project.id:
        raise not_found("project")
    return _told(project)


def quotas(project: Project, request: Request) -> Any:
    used = len(project.machines)
    left = {"max": project.quota, "used": used, "available": project.quota - used}
    return {
        "quotas": [
            {"programmatic_name": "instances", "category": "Instance", "description": "VMs", "type": "VMS", **left}
        ]
    }


def add_disk(project: Project, request: Request) -> Any:
    asked = json_of(request)
    name, size, where = (str(asked.get(word) or "") for word in ("name", "size", "location"))
    if not name or not _SIZE.fullmatch(size) or where not in catalog.LOCATIONS:
        raise bad("the name, the size or the location is invalid")
    number = project.number()
    made = {"id": number, "name": name, "type": asked.get("type") or "persistent-ssd", "size": size, "location": where}
    more = {"block_size": 4096, "serial_number": number[:8].upper(), "attached_to": []}
    project.disks[number] = {**made, **more, "created_at": written(project.now), "updated_at": written(project.now)}
    return project.begin(number)


def remove_disk(project: Project, request: Request, which: str) -> Any:
    if which not in project.disks:
        raise not_found("disk")
    if any(which in one.disks for one in project.machines.values()):
        raise conflict("the disk is attached to a VM")
    del project.disks[which]
    return project.begin(which)
