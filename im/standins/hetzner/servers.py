"""Servers: made, listed, changed, ended."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from werkzeug.wrappers import Request

from im.standins.hetzner import catalog, images, labels
from im.standins.hetzner.errors import invalid, locked, no, not_found, taken
from im.standins.hetzner.pages import page
from im.standins.hetzner.project import PrimaryIp, Project, Server

if TYPE_CHECKING:
    from im.standins.hetzner.service import Hetzner

_HOSTNAME = re.compile(r"[A-Za-z0-9]([A-Za-z0-9-]{0,61}[A-Za-z0-9])?(\.[A-Za-z0-9]([A-Za-z0-9-]{0,61}[A-Za-z0-9])?)*")
_BUTTON = timedelta(seconds=1)
"""What it takes to press a power button; what comes of it is another matter."""


def register(service: Hetzner) -> None:
    def listed(project: Project, request: Request) -> tuple[int, Any]:
        return page(request, "servers", list(project.servers.values()), project.server)

    service.handle("GET", "/servers", listed)
    service.handle("POST", "/servers", create)
    service.handle("GET", "/servers/<int:number>", shown)
    service.handle("PUT", "/servers/<int:number>", change)
    service.handle("DELETE", "/servers/<int:number>", delete)
    service.handle("POST", "/servers/<int:number>/actions/<command>", act)


def _server(project: Project, number: int) -> Server:
    if number not in project.servers:
        raise not_found("server", number)
    return project.servers[number]


def shown(project: Project, request: Request, number: int) -> tuple[int, Any]:
    return 200, {"server": project.server(_server(project, number))}


def create(project: Project, request: Request) -> tuple[int, Any]:
    asked = json_of(request)
    name = str(asked.get("name", ""))
    if not _HOSTNAME.fullmatch(name) or len(name) > 253:
        raise invalid("name", "must be a valid hostname")
    if any(one.name == name for one in project.servers.values()):
        raise taken("server name")
    kind, place = _type(asked), str(asked.get("location") or "")
    if "datacenter" in asked:
        raise invalid("datacenter", "is no longer supported")
    sold = catalog.TYPES[kind][8]
    place = place or sold[0]
    if place not in catalog.LOCATIONS:
        raise no(404, "not_found", f"location '{place}' not found")
    if place not in sold:
        raise no(422, "invalid_input", "unsupported location for server type")
    image = images.chosen(project, str(asked.get("image", "")), kind)
    made_of = labels.checked(asked.get("labels"))
    keys = [_key(project, one) for one in asked.get("ssh_keys") or []]
    walls = [_firewall(project, one) for one in asked.get("firewalls") or []]
    user_data = str(asked.get("user_data") or "")
    if len(user_data.encode()) > 32768:
        raise invalid("user_data", "must be at most 32 KiB")
    if len(project.servers) >= project.most_servers:
        raise no(403, "resource_limit_exceeded", "server limit exceeded")
    if (kind, place) in project.lacking:
        raise no(412, "resource_unavailable", "error during placement")
    net = asked.get("public_net") or {}
    number = next(project.numbers)
    given = {kind: _given(project, net, kind, place) for kind in ("ipv4", "ipv6")}  # before anything is made
    four, six = (_address(project, net, kind, place, number, given[kind]) for kind in given)
    server = Server(number, name, kind, place, image, made_of, project.now, user_data, keys, walls, four, six)
    project.servers[number] = server
    project.ever.append(number)
    starts = asked.get("start_after_create", True)
    failed = "start_server" in project.failing
    making = project.act("create_server", server)
    following = [project.act("start_server", server)] if starts else []
    half = project.now + project.takes / 2
    server.course = [(half, "starting"), (project.now + project.takes, "off" if failed or not starts else "running")]
    password = None if keys else "a-password-of-the-stand-in"
    answer = {"server": project.server(server), "action": making.shown(project.now), "root_password": password}
    return 201, {**answer, "next_actions": [one.shown(project.now) for one in following]}


def _given(project: Project, net: dict[str, Any], kind: str, place: str) -> PrimaryIp | None:
    """The address that is named; None where one is to be made, or none wanted."""
    said = net.get(kind)
    if said is None or not net.get(f"enable_{kind}", True):
        return None
    if said not in project.ips:
        raise not_found("primary IP", said)
    ip = project.ips[said]
    if ip.kind != kind:
        raise no(422, "primary_ip_version_mismatch", "primary IP has the wrong version")
    if ip.server is not None:
        raise no(422, "primary_ip_assigned", "primary IP is already assigned to a server")
    if ip.location != place:
        raise no(422, "primary_ip_datacenter_mismatch", "primary IP is in a different datacenter")
    return ip


def _address(
    project: Project, net: dict[str, Any], kind: str, place: str, server: int, given: PrimaryIp | None
) -> int | None:
    if not net.get(f"enable_{kind}", True):
        return None
    ip = given or project.add_ip(kind, place, None, auto_delete=True)
    ip.server = server
    return ip.id


def change(project: Project, request: Request, number: int) -> tuple[int, Any]:
    server, asked = _server(project, number), json_of(request)
    if "name" in asked:
        name = str(asked["name"])
        if not _HOSTNAME.fullmatch(name):
            raise invalid("name", "must be a valid hostname")
        if any(one.name == name and one is not server for one in project.servers.values()):
            raise taken("server name")
        server.name = name
    if "labels" in asked:
        server.labels = labels.checked(asked["labels"])
    return 200, {"server": project.server(server)}


def delete(project: Project, request: Request, number: int) -> tuple[int, Any]:
    server = _server(project, number)
    if server.protected:
        raise no(423, "protected", "server deletion is protected")
    if project.is_locked(server):
        raise locked()
    action = project.act("delete_server", server)
    project.go(server, "deleting", final="gone")
    return 200, {"action": action.shown(project.now)}


def act(project: Project, request: Request, number: int, command: str) -> tuple[int, Any]:
    server = _server(project, number)
    if command not in ("poweron", "poweroff", "shutdown", "change_protection", "create_image"):
        raise no(404, "not_found", "action not found")
    if project.is_locked(server):
        raise locked()
    if command == "create_image":
        return images.create(project, server, json_of(request))
    if command == "change_protection":
        asked = json_of(request)
        if asked.get("delete") is not asked.get("rebuild"):
            raise no(422, "invalid_input", "delete and rebuild protection must be the same")
        server.protected = bool(asked.get("delete"))
        return 201, {"action": project.act(command, server, lasts=timedelta(0)).shown(project.now)}
    failing = command in project.failing
    lasts = _BUTTON if command == "shutdown" else project.takes
    action = project.act(
        {"poweron": "start_server", "poweroff": "stop_server"}.get(command, "shutdown_server"), server, lasts=lasts
    )
    if failing:
        project.failing.remove(command)
        action.error = ("action_failed", f"{command} failed")
    elif command == "poweron" and server.status == "off":
        project.go(server, "starting", final="running")
    elif command == "poweroff" and server.status != "off":
        project.go(server, "stopping", final="off")
    elif command == "shutdown" and server.status == "running" and not server.deaf:
        project.go(server, "running", final="off")
    return 201, {"action": action.shown(project.now)}


def json_of(request: Request) -> dict[str, Any]:
    asked = request.get_json(silent=True)
    if not isinstance(asked, dict):
        raise no(400, "json_error", "the request body could not be parsed")
    return asked


def _type(asked: dict[str, Any]) -> str:
    said = str(asked.get("server_type", ""))
    for name, facts in catalog.TYPES.items():
        if said in (name, str(facts[0])):
            return name
    raise no(404, "not_found", f"server type '{said}' not found")


def _key(project: Project, said: object) -> int:
    for number, key in project.keys.items():
        if str(said) in (str(number), key["name"]):
            return number
    raise no(404, "not_found", f"SSH key '{said}' not found")


def _firewall(project: Project, said: Any) -> int:
    number = said.get("firewall") if isinstance(said, dict) else None
    if number not in project.firewalls:
        raise not_found("firewall", number)
    return int(number)
