"""VMs: made, started, stopped and deleted by operations; listed a page at a time."""

from __future__ import annotations

import base64
import binascii
from datetime import datetime
from typing import TYPE_CHECKING, Any

from werkzeug.wrappers import Request

from im.standins.crusoe import catalog
from im.standins.crusoe.errors import bad, conflict, no, not_found
from im.standins.crusoe.project import Machine, Project

if TYPE_CHECKING:
    from im.standins.crusoe.service import Crusoe

_VMS = "/compute/vms/instances"
_FIELDS = frozenset(
    {
        *("name", "type", "location", "ssh_public_key", "image", "custom_image", "startup_script", "shutdown_script"),
        *("network_interfaces", "disks", "host_channel_adapters", "maintenance_policy", "reservation_specification"),
        *(
            "install_crusoe_watch_agent",
            "crusoe_watch_agent_install_mode",
            "nvlink_domain_id",
            "virtualization_features",
        ),
    }
)
_OUT = ("out_of_stock", "There are no more VMs of this type available in this location.")


def register(service: Crusoe) -> None:
    service.handle("GET", _VMS, listed)
    service.handle("POST", _VMS, launched)
    service.handle("GET", f"{_VMS}/<which>", shown)
    service.handle("PATCH", f"{_VMS}/<which>", changed)
    service.handle("DELETE", f"{_VMS}/<which>", deleted)
    service.handle("GET", f"{_VMS}/operations", operations)
    service.handle("GET", f"{_VMS}/operations/<which>", operation)


def listed(project: Project, request: Request) -> Any:
    wanted = {name: set(filter(None, request.args.get(name, "").split(","))) for name in _FILTERS}
    found = [one for one in project.visible() if all(_has(one, name, some) for name, some in wanted.items())]
    found.sort(key=lambda one: one.id)
    if after := request.args.get("next_token"):
        found = [one for one in found if one.id > _plain(after)]
    limit = request.args.get("limit", str(project.page))
    if not limit.isdigit() or not 0 < int(limit) <= 500:
        raise bad("limit is invalid")
    page = found[: int(limit)]
    token = base64.urlsafe_b64encode(page[-1].id.encode()).decode() if len(page) < len(found) else ""
    return {"items": [project.machine(one) for one in page], "next_page_token": token, "prev_page_token": ""}


_FILTERS = ("ids", "names", "types", "locations", "states")


def _has(one: Machine, name: str, some: set[str]) -> bool:
    own = {
        "ids": one.id,
        "names": one.name,
        "types": one.kind,
        "locations": one.location,
        "states": f"STATE_{one.state}",
    }
    return not some or own[name] in some


def _plain(token: str) -> str:
    try:
        return base64.urlsafe_b64decode(token).decode()
    except (binascii.Error, ValueError):
        raise bad("next_token is invalid") from None


def _machine(project: Project, which: str) -> Machine:
    found = next((one for one in project.visible() if one.id == which), None)
    if found is None:
        raise not_found("instance")
    return found


def shown(project: Project, request: Request, which: str) -> Any:
    return project.machine(_machine(project, which))


def launched(project: Project, request: Request) -> Any:
    asked = json_of(request)
    if strange := sorted(asked.keys() - _FIELDS):
        raise bad(f"unknown fields: {', '.join(strange)}")
    for name in ("name", "type", "location", "ssh_public_key"):
        if not isinstance(asked.get(name), str) or not asked[name]:
            raise bad(f"{name} is required")
    kind, where = asked["type"], asked["location"]
    if kind not in catalog.TYPES or where not in catalog.LOCATIONS:
        raise bad("the type or the location is unknown")
    if bool(asked.get("image")) is bool(asked.get("custom_image")):
        raise bad("either image or custom_image is required")
    if asked.get("image") and asked["image"].partition(":")[0] not in catalog.IMAGES:
        raise bad("the image is unknown")
    if len(project.machines) >= project.quota:
        raise no(403, "forbidden", "quota exceeded for this project")
    disks = [_disk(project, one) for one in asked.get("disks") or []]
    one = Machine(project.number(), asked["name"], kind, where, project.now, disks=disks, key=asked["ssh_public_key"])
    one.image = asked.get("image") or asked.get("custom_image") or ""
    one.script = asked.get("startup_script") or ""
    room = project.has_room(kind, where)
    if room or project.leaves_errors:
        one.course = [(project.now + project.takes, "RUNNING" if room else "ERROR")]
        one.seen_at = project.now + project.shows_after if project.shows_after else None
        project.machines[one.id] = one
    if room:
        project.ever.append(one.id)
    return project.begin(one.id, None if room else _OUT)


def _disk(project: Project, named: dict[str, Any]) -> str:
    number = str(named.get("disk_id"))
    if number not in project.disks:
        raise not_found("disk")
    if any(number in one.disks for one in project.machines.values()):
        raise conflict("the disk is attached to another VM")
    return number


def changed(project: Project, request: Request, which: str) -> Any:
    one, action = _machine(project, which), json_of(request).get("action")
    leads = {"START": (("STOPPED", "SHUTOFF"), "STARTING", "RUNNING"), "STOP": (("RUNNING",), "STOPPING", "STOPPED")}
    if action not in leads:
        raise bad("action is invalid")
    out_of, passing, end = leads[action]
    if one.course:
        raise conflict("another operation on this VM is in progress")
    if one.state not in out_of:
        raise bad(f"the VM cannot be changed so in state {one.state}")
    if action == "START" and not project.has_room(one.kind, one.location):
        project.turn(one, passing, "STOPPED")
        return project.begin(one.id, _OUT)
    project.turn(one, passing, end)
    return project.begin(one.id)


def deleted(project: Project, request: Request, which: str) -> Any:
    one = _machine(project, which)
    if one.state == "DELETING":
        raise conflict("another operation on this VM is in progress")
    project.turn(one, "DELETING", "gone")
    project.ended.append(one.id)
    return project.begin(one.id)


def operations(project: Project, request: Request) -> Any:
    """Those under way, and those that have ended and that nobody has asked for since."""
    states = set(filter(None, ",".join(request.args.getlist("state")).split(",")))
    since, about = request.args.get("lower_time_bound"), request.args.get("resource_id")
    at = _moment(since) if since else None
    found = []
    for one in project.operations.values():
        state = one.state(project.now)
        if (
            one.told
            or (states and state not in states)
            or (about and one.machine != about)
            or (at and one.began_at < at)
        ):
            continue
        found.append(project.operation(one))
        one.told = state != "IN_PROGRESS"
    return {"items": found}


def operation(project: Project, request: Request, which: str) -> Any:
    one = project.operations.get(which)
    if one is None:
        raise not_found("operation")
    one.told = one.state(project.now) != "IN_PROGRESS"
    return project.operation(one)


def _moment(text: str) -> datetime:
    try:
        return datetime.fromisoformat(text)
    except ValueError:
        raise bad("lower_time_bound is invalid") from None


def json_of(request: Request) -> dict[str, Any]:
    asked = request.get_json(silent=True)
    if not isinstance(asked, dict):
        raise bad("the body is no JSON object")
    return asked
