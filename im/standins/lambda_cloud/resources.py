"""What is no instance: SSH keys, firewall rulesets, filesystems, images, regions, and what was done in the team."""

from __future__ import annotations

import ipaddress
from typing import TYPE_CHECKING, Any

from werkzeug.wrappers import Request

from im.standins.lambda_cloud import catalog
from im.standins.lambda_cloud.errors import invalid, no, not_found
from im.standins.lambda_cloud.instances import json_of
from im.standins.lambda_cloud.team import Team

if TYPE_CHECKING:
    from im.standins.lambda_cloud.service import Lambda

_GLOBAL = [
    {"protocol": "icmp", "source_network": "0.0.0.0/0", "description": "ping"},
    {"protocol": "tcp", "port_range": [22, 22], "source_network": "0.0.0.0/0", "description": "ssh"},
]


def register(service: Lambda) -> None:
    service.handle("GET", "/audit-events", events)
    service.handle("GET", "/regions", lambda team, request: [catalog.region(one) for one in catalog.REGIONS])
    service.handle("GET", "/images", lambda team, request: list(catalog.images()))
    service.handle("GET", "/ssh-keys", lambda team, request: list(team.keys.values()))
    service.handle("POST", "/ssh-keys", add_key)
    service.handle("DELETE", "/ssh-keys/<which>", remove_key)
    service.handle("GET", "/firewall-rulesets", lambda team, request: [team.ruleset(w) for w in team.rulesets.values()])
    service.handle("POST", "/firewall-rulesets", add_ruleset)
    service.handle("GET", "/firewall-rulesets/global", everywhere)
    service.handle("DELETE", "/firewall-rulesets/<which>", remove_ruleset)
    service.handle("GET", "/file-systems", lambda team, request: [team.files(f) for f in team.file_systems.values()])
    service.handle("POST", "/filesystems", add_files)
    service.handle("DELETE", "/filesystems/<which>", remove_files)


def events(team: Team, request: Request) -> Any:
    """The making of the key is the first thing that a team is told of."""
    one: dict[str, Any] = {
        "service_name": "cloud",
        "resource_name": "api_key",
        "action": "created",
        "catalog_version": "2025-09-06",
        "event_id": f"{1:032x}",
        "event_time": "2025-09-15T10:30:45.123456Z",
        "actor_lrn": f"lrn:cloud:identity:{2:032x}",
        "resource_lrns": [f"lrn:cloud:api_key:{3:032x}"],
        "resource_owner_lrn": team.lrn,
        "request_api_key_lrn": None,
        "additional_details": {},
    }
    return [one]


def add_key(team: Team, request: Request) -> Any:
    asked = json_of(request)
    name, key = str(asked.get("name") or ""), str(asked.get("public_key") or "")
    if not 1 <= len(name) <= 64 or not key.startswith("ssh-"):
        raise invalid("The name or the public key is invalid.")
    number = team.number()
    team.keys[number] = {"id": number, "name": name, "public_key": key}
    return team.keys[number]


def remove_key(team: Team, request: Request, which: str) -> Any:
    if which not in team.keys:
        raise no(404, "global/not-found", "The SSH key does not exist.")  # alone among what can be deleted
    del team.keys[which]
    return {}


def everywhere(team: Team, request: Request) -> Any:
    return {"id": "global", "name": "Default Workspace Global Rules", "rules": _GLOBAL}


def add_ruleset(team: Team, request: Request) -> Any:
    asked = json_of(request)
    name, where, rules = str(asked.get("name") or ""), asked.get("region"), asked.get("rules")
    if not 1 <= len(name) <= 64 or where not in catalog.REGIONS or not isinstance(rules, list):
        raise invalid("The name, the region or the rules are invalid.")
    for one in rules:
        _check_rule(one)
    number = team.number()
    made = {"id": number, "name": name, "region": catalog.region(where), "rules": rules}
    team.rulesets[number] = {**made, "created": team.now.isoformat()}
    return team.ruleset(team.rulesets[number])


def _check_rule(rule: dict[str, Any]) -> None:
    span = rule.get("port_range")
    try:
        ipaddress.IPv4Network(str(rule["source_network"]))
    except ValueError:
        raise invalid("source_network is no IPv4 network.") from None
    if rule.get("protocol") not in ("tcp", "udp", "icmp", "all") or len(str(rule["description"])) > 128:
        raise invalid("The rule is invalid.")
    if (span is None) is not (rule["protocol"] == "icmp"):
        raise invalid("port_range is not allowed for icmp, and required for the others.")


def remove_ruleset(team: Team, request: Request, which: str) -> Any:
    if which not in team.rulesets:
        raise not_found("Firewall ruleset does not exist or you do not have permission to access it.")
    if team.ruleset(team.rulesets[which])["instance_ids"]:
        told = "Firewall ruleset is in use by one or more instances."
        raise no(400, "firewall-rulesets/firewall-ruleset-in-use", told)
    del team.rulesets[which]
    return {}


def add_files(team: Team, request: Request) -> Any:
    asked = json_of(request)
    name, where = str(asked.get("name") or ""), asked.get("region")
    if not name or where not in catalog.REGIONS:
        raise invalid("The name or the region is invalid.")
    if any(one["name"] == name for one in team.file_systems.values()):
        raise no(400, "global/duplicate", "There is a filesystem of that name already.")
    number = team.number()
    who = {"id": f"{5:032x}", "email": "owner@example.com", "status": "active"}
    made = {"id": number, "name": name, "mount_point": f"/lambda/nfs/{name}", "created": team.now.isoformat()}
    team.file_systems[number] = {**made, "created_by": who, "region": catalog.region(where)}
    return team.files(team.file_systems[number])


def remove_files(team: Team, request: Request, which: str) -> Any:
    if which not in team.file_systems:
        raise not_found("Filesystem was not found.")
    if team.files(team.file_systems[which])["is_in_use"]:
        raise no(400, "filesystems/filesystem-in-use", "Filesystem is in use by one or more instances.")
    del team.file_systems[which]
    return {"deleted_ids": [which]}
