"""Instances: launched one a call, listed all at once, renamed, terminated."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from werkzeug.wrappers import Request

from im.standins.lambda_cloud import catalog
from im.standins.lambda_cloud.errors import invalid, no, not_found, unknown
from im.standins.lambda_cloud.team import Instance, Team

if TYPE_CHECKING:
    from im.standins.lambda_cloud.service import Lambda

_FIELDS = frozenset(
    {
        *("region_name", "instance_type_name", "ssh_key_names", "file_system_names", "file_system_mounts", "hostname"),
        *("name", "image", "user_data", "tags", "firewall_rulesets"),
    }
)
_TAG, _HOSTNAME = re.compile(r"[a-z][a-z0-9-:]+"), re.compile(r"[a-z0-9][0-9a-z-]{0,62}")


def register(service: Lambda) -> None:
    service.handle("GET", "/instances", listed)
    service.handle("GET", "/instances/<which>", shown)
    service.handle("POST", "/instances/<which>", renamed)
    service.handle("POST", "/instance-operations/launch", launched)
    service.handle("POST", "/instance-operations/terminate", terminated)
    service.handle("GET", "/instance-types", types)


def listed(team: Team, request: Request) -> Any:
    return [team.instance(one) for one in team.visible()]


def _instance(team: Team, which: str) -> Instance:
    found = next((one for one in team.visible() if one.id == which), None)
    if found is None:
        raise not_found("Specified instance does not exist.")
    return found


def shown(team: Team, request: Request, which: str) -> Any:
    return team.instance(_instance(team, which))


def renamed(team: Team, request: Request, which: str) -> Any:
    one, asked = _instance(team, which), json_of(request)
    if "name" in asked:
        one.name = _name(asked["name"])
    return team.instance(one)


def types(team: Team, request: Request) -> Any:
    return {
        name: {
            "instance_type": catalog.kind(name),
            "regions_with_capacity_available": [catalog.region(where) for where in team.room(name)],
        }
        for name in catalog.TYPES
    }


def launched(team: Team, request: Request) -> Any:
    asked = json_of(request)
    if strange := sorted(asked.keys() - _FIELDS):
        raise invalid(f"Unknown parameters: {', '.join(strange)}")
    kind, where = asked.get("instance_type_name"), asked.get("region_name")
    if kind not in catalog.TYPES or where not in catalog.REGIONS:
        raise not_found("The instance type or the region does not exist.")
    keys = asked.get("ssh_key_names") or []
    if len(keys) != 1:
        raise invalid("Exactly one SSH key must be specified.")
    named = [one for one in team.keys.values() if one["name"] == keys[0]]
    if not named:
        raise not_found("The SSH key does not exist.")
    if len({one["public_key"] for one in named}) > 1:
        raise unknown()
    name, hostname = _name(asked.get("name") or ""), str(asked.get("hostname") or "")
    if hostname and not _HOSTNAME.fullmatch(hostname):
        raise invalid("The hostname is invalid.")
    tags = _tags(team, asked.get("tags") or [])
    files = [_files(team, str(one), where) for one in asked.get("file_system_names") or []]
    walls = [_wall(team, one, where) for one in asked.get("firewall_rulesets") or []]
    image = asked.get("image")
    if image is not None and not any(
        where == one["region"]["name"] and image in ({"family": one["family"]}, {"id": one["id"]})
        for one in catalog.images()
    ):
        raise not_found("The image does not exist.")
    if len(team.instances) >= team.quota:
        raise no(400, "global/quota-exceeded", "Quota exceeded.")
    if where not in team.room(kind) or (kind, where) in team.lacking:
        told = "Not enough capacity to fulfill launch request."
        raise no(400, "instance-operations/launch/insufficient-capacity", told)
    data = str(asked.get("user_data") or "")
    one = Instance(team.number(), name, kind, where, tags, keys, files, walls, data, image, hostname or "10-19-0-1")
    one.course = [(team.now + team.takes, "active")]
    if team.shows_after:
        one.seen_at = team.now + team.shows_after
    team.instances[one.id] = one
    team.ever.append(one.id)
    return {"instance_ids": [one.id]}


def terminated(team: Team, request: Request) -> Any:
    """All, or none: one that is not there or ends already sinks the others."""
    ids = json_of(request).get("instance_ids")
    if not isinstance(ids, list) or not ids:
        raise invalid("instance_ids is missing.")
    found = [_instance(team, str(one)) for one in ids]
    if any(one.status in ("terminating", "terminated") for one in found):
        raise unknown()
    if team.boots_to_the_end and any(one.status == "booting" for one in found):
        raise no(409, "global/conflict", "The instance has not launched.")
    for one in found:
        team.end(one)
    return {"terminated_instances": [team.instance(one) for one in found]}


def json_of(request: Request) -> dict[str, Any]:
    asked = request.get_json(silent=True)
    if not isinstance(asked, dict):
        raise invalid("The body is no JSON object.")
    return asked


def _name(given: object) -> str:
    if not isinstance(given, str) or len(given) > 64:
        raise invalid("The name must be 64 characters or fewer.")
    return given


def _tags(team: Team, given: list[Any]) -> list[dict[str, str]]:
    if given and team.refuses_tags:
        raise invalid("The parameter tags is not supported.")
    for one in given:
        if not (_TAG.fullmatch(one["key"]) and len(one["key"]) <= 55 and len(one["value"]) <= 128):
            raise invalid(f"The tag {one['key']} is invalid.")
    return [{"key": one["key"], "value": one["value"]} for one in given]


def _files(team: Team, name: str, where: str) -> str:
    found = next((one for one in team.file_systems.values() if one["name"] == name), None)
    if found is None:
        raise not_found("Filesystem was not found.")
    if found["region"]["name"] != where:
        told = "The filesystem is in another region."
        raise no(400, "instance-operations/launch/file-system-in-wrong-region", told)
    return name


def _wall(team: Team, named: dict[str, Any], where: str) -> str:
    found = team.rulesets.get(str(named.get("id")))
    if found is None or found["region"]["name"] != where:
        raise not_found("Firewall ruleset does not exist or you do not have permission to access it.")
    return str(found["id"])
