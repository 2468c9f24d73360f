"""Images: the system's own, and snapshots of servers, which take their time and outlive the server."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from werkzeug.wrappers import Request

from im.standins.hetzner import catalog, labels
from im.standins.hetzner.errors import invalid, no, not_found
from im.standins.hetzner.pages import page
from im.standins.hetzner.project import Project, Server

if TYPE_CHECKING:
    from im.standins.hetzner.service import Hetzner

FILE_GB = 2.3
"""What the file of a snapshot measures: it is compressed, and smaller than the disk."""


def register(service: Hetzner) -> None:
    service.handle("GET", "/images", listed)
    service.handle("GET", "/images/<int:number>", shown)
    service.handle("DELETE", "/images/<int:number>", remove)


def everything(project: Project) -> list[dict[str, Any]]:
    return [*catalog.images(), *(project.image(one) for one in project.images.values())]


def listed(project: Project, request: Request) -> tuple[int, Any]:
    return page(request, "images", everything(project))


def shown(project: Project, request: Request, number: int) -> tuple[int, Any]:
    for one in everything(project):
        if one["id"] == number:
            return 200, {"image": one}
    raise not_found("image", number)


def remove(project: Project, request: Request, number: int) -> tuple[int, Any]:
    if number not in project.images:
        raise not_found("image", number)
    if project.image(project.images[number])["status"] == "creating":
        raise no(409, "conflict", "image is being created")
    del project.images[number]
    return 204, None


def create(project: Project, server: Server, asked: dict[str, Any]) -> tuple[int, Any]:
    """The action `create_image` of a server, which is locked meanwhile."""
    if asked.get("type", "snapshot") != "snapshot":
        raise invalid("type", "backups are not enabled for the server")
    named = labels.checked(asked.get("labels"))
    if len(project.images) >= project.most_images:
        raise no(403, "resource_limit_exceeded", "snapshot limit exceeded")
    action = project.act("create_image", server)
    number = next(project.numbers)
    project.images[number] = {
        "id": number,
        "type": "snapshot",
        "status": "unavailable" if action.error else "available",
        "name": None,
        "description": str(asked.get("description") or ""),
        "image_size": None if action.error else FILE_GB,
        "disk_size": catalog.TYPES[server.kind][3],
        "created": project.now.isoformat(),
        "created_from": {"id": server.id, "name": server.name},
        "bound_to": None,
        "os_flavor": server.image["os_flavor"],
        "os_version": server.image["os_version"],
        "rapid_deploy": False,
        "protection": {"delete": False},
        "deprecated": None,
        "deleted": None,
        "labels": named,
        "architecture": catalog.TYPES[server.kind][4],
        "ready": action.ends.isoformat(),
    }
    return 201, {"action": action.shown(project.now), "image": project.image(project.images[number])}


def chosen(project: Project, said: str, kind: str) -> dict[str, Any]:
    """That of which a server of type `kind` is to be made."""
    architecture, disk = catalog.TYPES[kind][4], catalog.TYPES[kind][3]
    for one in everything(project):
        if said == str(one["id"]) or (said == one["name"] and one["architecture"] == architecture):
            if one["status"] != "available":
                raise no(422, "invalid_input", "image is not available")
            if one["disk_size"] > disk or one["architecture"] != architecture:
                raise no(422, "invalid_input", "image does not fit the server type")
            return one
    raise no(404, "not_found", f"image '{said}' not found")
