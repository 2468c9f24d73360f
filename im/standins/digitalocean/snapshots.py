"""Snapshots of droplets: an action makes one, it is listed once it is there, and it outlives its droplet."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from werkzeug.wrappers import Request

from im.standins.digitalocean import catalog
from im.standins.digitalocean.errors import not_found, pending, unprocessable
from im.standins.digitalocean.pages import page
from im.standins.digitalocean.team import Droplet, Team, written

if TYPE_CHECKING:
    from im.standins.digitalocean.service import DigitalOcean

FILE_GB = 2.34
"""What is used of the disk, and billed."""


def register(service: DigitalOcean) -> None:
    service.handle("GET", "/snapshots", listed, "snapshot:read")
    service.handle("GET", "/snapshots/<int:number>", shown, "snapshot:read")
    service.handle("DELETE", "/snapshots/<int:number>", remove, "snapshot:delete", "image:delete")


def there(team: Team) -> list[dict[str, Any]]:
    return [one for one in team.snapshots.values() if one["ready"] <= team.now]


def listed(team: Team, request: Request) -> tuple[int, Any]:
    wanted = request.args.get("resource_type", "droplet")
    return page(request, "snapshots", there(team) if wanted == "droplet" else [], _snapshot)


def _found(team: Team, number: int) -> dict[str, Any]:
    found = next((one for one in there(team) if one["id"] == number), None)
    if found is None:
        raise not_found()
    return found


def shown(team: Team, request: Request, number: int) -> tuple[int, Any]:
    return 200, {"snapshot": _snapshot(_found(team, number))}


def remove(team: Team, request: Request, number: int) -> tuple[int, Any]:
    del team.snapshots[_found(team, number)["id"]]
    return 204, None


def begin(team: Team, droplet: Droplet, asked: dict[str, Any]) -> tuple[int, Any]:
    """The droplet takes no other action meanwhile; of a failed one there is no snapshot."""
    if team.is_busy(droplet):
        raise pending()
    if len(team.snapshots) >= team.snapshot_limit:
        raise unprocessable("You have reached the snapshot limit of your account.")
    action = team.act("snapshot", droplet, droplet.status)
    if not action.fails:
        number = next(team.numbers)
        team.snapshots[number] = {
            "id": number,
            "name": str(asked.get("name") or f"{droplet.name}-{action.id}"),
            "created_at": written(team.now),
            "region": droplet.region,
            "min_disk_size": catalog.SIZES[droplet.size].disk,
            "droplet": droplet.id,
            "distribution": droplet.image["distribution"],
            "ready": action.ends + team.snapshots_after,
        }
    return 201, {"action": action.shown(team.now)}


def _snapshot(one: dict[str, Any]) -> dict[str, Any]:
    """As a snapshot: its id is text here, and a number as an image."""
    return {
        "id": str(one["id"]),
        "name": one["name"],
        "created_at": one["created_at"],
        "regions": [one["region"]],
        "min_disk_size": one["min_disk_size"],
        "size_gigabytes": FILE_GB,
        "resource_id": str(one["droplet"]),
        "resource_type": "droplet",
        "tags": [],
    }


def image(one: dict[str, Any]) -> dict[str, Any]:
    return {
        "id": one["id"],
        "name": one["name"],
        "type": "snapshot",
        "distribution": one["distribution"],
        "slug": None,
        "public": False,
        "regions": [one["region"]],
        "created_at": one["created_at"],
        "min_disk_size": one["min_disk_size"],
        "size_gigabytes": FILE_GB,
        "description": "",
        "tags": [],
        "status": "available",
    }


def chosen(team: Team, said: object, kind: str, place: str) -> dict[str, Any]:
    """That of which a droplet is to be made. A snapshot is in its own region, and wants as large a disk."""
    for one in catalog.images():
        if said in (one["id"], one["slug"]):
            return one
    mine = next((one for one in there(team) if one["id"] == said), None)
    if mine is None:
        raise unprocessable("You specified an invalid image for Droplet creation.")
    if mine["region"] != place:
        raise unprocessable("The image you specified is not available in the selected region.")
    if mine["min_disk_size"] > catalog.SIZES[kind].disk:
        raise unprocessable("This size cannot be used with this image: its disk is too small.")
    return image(mine)
