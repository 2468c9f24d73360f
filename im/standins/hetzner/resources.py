"""What is no server: keys, firewalls, primary addresses, actions, and the catalogue."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

from werkzeug.wrappers import Request

from im.standins.hetzner import catalog, labels
from im.standins.hetzner.errors import invalid, no, not_found, taken
from im.standins.hetzner.pages import catalog_pages, page
from im.standins.hetzner.project import PrimaryIp, Project, fingerprint
from im.standins.hetzner.servers import json_of

if TYPE_CHECKING:
    from im.standins.hetzner.service import Hetzner


def register(service: Hetzner) -> None:
    for what in ("locations", "server_types"):
        service.handle("GET", f"/{what}", partial(catalog_pages, what=what))
    service.handle("GET", "/pricing", lambda project, request: (200, {"pricing": catalog.pricing()}))
    service.handle("GET", "/ssh_keys", lambda p, request: page(request, "ssh_keys", list(p.keys.values())))
    service.handle("POST", "/ssh_keys", add_key)
    service.handle("PUT", "/ssh_keys/<int:number>", change_key)
    service.handle("DELETE", "/ssh_keys/<int:number>", remove_key)
    service.handle(
        "GET",
        "/firewalls",
        lambda p, request: page(request, "firewalls", [p.firewall(f) for f in p.firewalls.values()]),
    )
    service.handle("POST", "/firewalls", add_firewall)
    service.handle("DELETE", "/firewalls/<int:number>", remove_firewall)
    service.handle(
        "GET", "/primary_ips", lambda p, request: page(request, "primary_ips", [p.ip(one) for one in p.ips.values()])
    )
    service.handle("GET", "/primary_ips/<int:number>", shown_ip)
    service.handle("PUT", "/primary_ips/<int:number>", change_ip)
    service.handle("DELETE", "/primary_ips/<int:number>", remove_ip)
    service.handle("GET", "/actions", actions)
    service.handle("GET", "/actions/<int:number>", action)
    service.handle("GET", "/servers/<int:server>/actions/<int:number>", action)


def add_key(project: Project, request: Request) -> tuple[int, Any]:
    asked = json_of(request)
    name, text = str(asked.get("name") or ""), str(asked.get("public_key") or "").strip()
    mark = fingerprint(text)
    if not name or mark is None:
        raise invalid("public_key" if name else "name", "is invalid")
    if any(one["name"] == name or one["fingerprint"] == mark for one in project.keys.values()):
        raise taken("SSH key")
    number = next(project.numbers)
    project.keys[number] = {
        "id": number,
        "name": name,
        "fingerprint": mark,
        "public_key": text,
        "labels": labels.checked(asked.get("labels")),
        "created": project.now.isoformat(),
    }
    return 201, {"ssh_key": project.keys[number]}


def change_key(project: Project, request: Request, number: int) -> tuple[int, Any]:
    if number not in project.keys:
        raise not_found("SSH key", number)
    asked = json_of(request)
    if "labels" in asked:
        project.keys[number]["labels"] = labels.checked(asked["labels"])
    project.keys[number]["name"] = str(asked.get("name") or project.keys[number]["name"])
    return 200, {"ssh_key": project.keys[number]}


def remove_key(project: Project, request: Request, number: int) -> tuple[int, Any]:
    if project.keys.pop(number, None) is None:
        raise not_found("SSH key", number)
    return 204, None


def add_firewall(project: Project, request: Request) -> tuple[int, Any]:
    asked = json_of(request)
    name, rules = str(asked.get("name") or ""), asked.get("rules") or []
    if not name:
        raise invalid("name", "is required")
    if any(one["name"] == name for one in project.firewalls.values()):
        raise taken("firewall name")
    if len(rules) > 50 or any(len(one.get("source_ips") or []) > 100 for one in rules):
        raise invalid("rules", "too many")
    number = next(project.numbers)
    made = [{"destination_ips": [], "description": None, "port": None, **one} for one in rules]
    project.firewalls[number] = {
        "id": number,
        "name": name,
        "labels": labels.checked(asked.get("labels")),
        "created": project.now.isoformat(),
        "rules": made,
        "applied_to": [],
    }
    return 201, {"firewall": project.firewall(project.firewalls[number]), "actions": []}


def remove_firewall(project: Project, request: Request, number: int) -> tuple[int, Any]:
    if number not in project.firewalls:
        raise not_found("firewall", number)
    if any(number in server.firewalls for server in project.servers.values()):
        raise no(409, "resource_in_use", "firewall is still in use")
    del project.firewalls[number]
    return 204, None


def _ip(project: Project, number: int) -> PrimaryIp:
    if number not in project.ips:
        raise not_found("primary IP", number)
    return project.ips[number]


def shown_ip(project: Project, request: Request, number: int) -> tuple[int, Any]:
    return 200, {"primary_ip": project.ip(_ip(project, number))}


def change_ip(project: Project, request: Request, number: int) -> tuple[int, Any]:
    """What is not named stays; labels are replaced as a whole."""
    ip, asked = _ip(project, number), json_of(request)
    name, keeps = str(asked.get("name") or ip.name), asked.get("auto_delete", ip.auto_delete)
    if any(one.name == name and one is not ip for one in project.ips.values()):
        raise taken("primary IP name")
    if not isinstance(keeps, bool):
        raise invalid("auto_delete", "must be a boolean")
    if "labels" in asked:
        ip.labels = labels.checked(asked["labels"])
    ip.name, ip.auto_delete = name, keeps
    return 200, {"primary_ip": project.ip(ip)}


def remove_ip(project: Project, request: Request, number: int) -> tuple[int, Any]:
    if _ip(project, number).server is not None:
        raise no(422, "must_be_unassigned", "primary IP is still assigned")
    del project.ips[number]
    return 204, None


def actions(project: Project, request: Request) -> tuple[int, Any]:
    """By id alone: the list of all is gone since 2025."""
    numbers = request.args.getlist("id")
    if not numbers:
        raise no(410, "deprecated_api_endpoint", "listing all actions is no longer possible")
    found = [project.actions[int(one)] for one in numbers if one.isdigit() and int(one) in project.actions]
    shown = [one.shown(project.now) for one in found]
    pagination = {
        "page": 1,
        "per_page": len(shown),
        "previous_page": None,
        "next_page": None,
        "last_page": 1,
        "total_entries": len(shown),
    }
    return 200, {"actions": shown, "meta": {"pagination": pagination}}


def action(project: Project, request: Request, number: int, server: int = 0) -> tuple[int, Any]:
    if number not in project.actions:
        raise not_found("action", number)
    return 200, {"action": project.actions[number].shown(project.now)}
