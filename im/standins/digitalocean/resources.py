"""What is no droplet: the account, keys, tags, firewalls, and the catalogue."""

from __future__ import annotations

import re
from functools import partial
from typing import TYPE_CHECKING, Any
from uuid import UUID

from werkzeug.wrappers import Request

from im.standins.digitalocean import catalog, snapshots
from im.standins.digitalocean.droplets import TAG, checked_tags, json_of
from im.standins.digitalocean.errors import no, not_found, unprocessable
from im.standins.digitalocean.pages import page
from im.standins.digitalocean.team import Team, fingerprint, written

if TYPE_CHECKING:
    from im.standins.digitalocean.service import DigitalOcean

_WALL = re.compile(r"[a-zA-Z0-9][a-zA-Z0-9.\-]+")


def register(service: DigitalOcean) -> None:
    service.handle("GET", "/account", account, "account:read")
    service.handle("GET", "/regions", partial(catalogue, what="regions"), "regions:read")
    service.handle("GET", "/sizes", partial(catalogue, what="sizes"), "sizes:read", "regions:read")
    service.handle("GET", "/images", images, "image:read")
    service.handle("GET", "/images/<image>", image_shown, "image:read")
    service.handle("GET", "/account/keys", keys, "ssh_key:read")
    service.handle("POST", "/account/keys", add_key, "ssh_key:create")
    service.handle("GET", "/account/keys/<key>", show_key, "ssh_key:read")
    service.handle("DELETE", "/account/keys/<key>", remove_key, "ssh_key:delete")
    service.handle("GET", "/tags", tags, "tag:read")
    service.handle("POST", "/tags", add_tag, "tag:create")
    service.handle("GET", "/tags/<name>", show_tag, "tag:read")
    service.handle("DELETE", "/tags/<name>", remove_tag, "tag:delete")
    service.handle("POST", "/tags/<name>/resources", partial(tag_things, on=True), "tag:create")
    service.handle("DELETE", "/tags/<name>/resources", partial(tag_things, on=False), "tag:delete")
    service.handle("GET", "/firewalls", firewalls, "firewall:read")
    service.handle("POST", "/firewalls", add_firewall, "firewall:create")
    service.handle("GET", "/firewalls/<wall>", show_firewall, "firewall:read")
    service.handle("DELETE", "/firewalls/<wall>", remove_firewall, "firewall:delete")
    service.handle("POST", "/firewalls/<wall>/tags", tag_firewall, "firewall:update")


def account(team: Team, request: Request) -> tuple[int, Any]:
    told = "" if team.status == "active" else "Please contact support."
    who = {"uuid": team.uuid, "email": "owner@example.com", "name": "Owner", "email_verified": True}
    may = {"droplet_limit": team.droplet_limit, "floating_ip_limit": 5, "reserved_ip_limit": 5, "volume_limit": 100}
    state = {"status": team.status, "status_message": told, "team": {"uuid": team.uuid, "name": team.name}}
    return 200, {"account": {**who, **may, **state}}


def catalogue(team: Team, request: Request, what: str) -> tuple[int, Any]:
    if what == "regions":
        return page(request, what, [catalog.region(slug) for slug in catalog.REGIONS])
    return page(request, what, [catalog.size(slug) for slug in catalog.SIZES])


def images(team: Team, request: Request) -> tuple[int, Any]:
    """The team's own alone, where that is asked for."""
    own = [snapshots.image(one) for one in snapshots.there(team)]
    return page(request, "images", own if request.args.get("private") == "true" else [*catalog.images(), *own])


def image_shown(team: Team, request: Request, image: str) -> tuple[int, Any]:
    for one in catalog.images():
        if image in (one["slug"], str(one["id"])):
            return 200, {"image": one}
    raise not_found()


# ---- keys ------------------------------------------------------------------------------------------------------------


def keys(team: Team, request: Request) -> tuple[int, Any]:
    return page(request, "ssh_keys", list(team.keys.values()))


def add_key(team: Team, request: Request) -> tuple[int, Any]:
    asked = json_of(request)
    name, text = str(asked.get("name") or ""), str(asked.get("public_key") or "").strip()
    mark = fingerprint(text)
    if not name or mark is None:
        raise unprocessable("Key invalid, key should be of the format `[type] [key] [comment]`")
    if any(one["fingerprint"] == mark for one in team.keys.values()):
        raise unprocessable("SSH Key is already in use on your account")
    number = next(team.numbers)
    team.keys[number] = {"id": number, "fingerprint": mark, "public_key": text, "name": name}
    return 201, {"ssh_key": team.keys[number]}


def _key(team: Team, said: str) -> dict[str, Any]:
    for one in team.keys.values():
        if said in (str(one["id"]), one["fingerprint"]):
            return one
    raise not_found()


def show_key(team: Team, request: Request, key: str) -> tuple[int, Any]:
    return 200, {"ssh_key": _key(team, key)}


def remove_key(team: Team, request: Request, key: str) -> tuple[int, Any]:
    del team.keys[_key(team, key)["id"]]
    return 204, None


# ---- tags ------------------------------------------------------------------------------------------------------------


def tags(team: Team, request: Request) -> tuple[int, Any]:
    return page(request, "tags", [team.tag(name) for name in team.tags])


def add_tag(team: Team, request: Request) -> tuple[int, Any]:
    name = str(json_of(request).get("name") or "")
    if not TAG.fullmatch(name):
        raise unprocessable("Tags may contain letters, numbers, colons, dashes, and underscores.")
    checked_tags(team, [name])
    return 201, {"tag": team.tag(team.know_tag(name))}


def _tag(team: Team, name: str) -> str:
    if name.lower() not in team.tags:
        raise not_found()
    return name.lower()


def show_tag(team: Team, request: Request, name: str) -> tuple[int, Any]:
    return 200, {"tag": team.tag(_tag(team, name))}


def remove_tag(team: Team, request: Request, name: str) -> tuple[int, Any]:
    """From everything that carries it, too."""
    known = _tag(team, name)
    del team.tags[known]
    for one in team.droplets.values():
        one.tags = [tag for tag in one.tags if tag != known]
    for wall in team.firewalls.values():
        wall["tags"] = [tag for tag in wall["tags"] if tag != known]
    return 204, None


def tag_things(team: Team, request: Request, name: str, on: bool) -> tuple[int, Any]:
    known = _tag(team, name)
    for one in json_of(request).get("resources") or []:
        number = str(one.get("resource_id") or "")
        if one.get("resource_type") != "droplet" or not number.isdigit() or int(number) not in team.droplets:
            raise not_found()
        droplet = team.droplets[int(number)]
        droplet.tags = [tag for tag in droplet.tags if tag != known] + ([known] if on else [])
    return 204, None


# ---- firewalls -------------------------------------------------------------------------------------------------------


def firewalls(team: Team, request: Request) -> tuple[int, Any]:
    return page(request, "firewalls", list(team.firewalls.values()))


def add_firewall(team: Team, request: Request) -> tuple[int, Any]:
    asked = json_of(request)
    name, inward, outward = (asked.get(one) for one in ("name", "inbound_rules", "outbound_rules"))
    if not name or not _WALL.fullmatch(str(name)):
        raise unprocessable("name is required and must be alphanumeric")
    if not inward and not outward:
        raise unprocessable("at least one rule must be provided")
    if any(one["name"] == name for one in team.firewalls.values()):
        raise no(409, "duplicate name")
    rules = [*(inward or []), *(outward or [])]
    if len(rules) > 50 or any(
        not one.get("ports") or not (one.get("sources") or one.get("destinations")) for one in rules
    ):
        raise unprocessable("each rule has a protocol, ports and whom it is for, and there are 50 at most")
    given = [str(one) for one in asked.get("tags") or []]
    if given:
        team.need("tag:read", "tag:create")
    if any(one.lower() not in team.tags for one in given) or len(given) > 5:
        raise unprocessable("a tag of the firewall does not exist")
    number = str(UUID(int=next(team.numbers), version=4))
    team.firewalls[number] = {
        "id": number,
        "name": name,
        "status": "succeeded",
        "created_at": written(team.now),
        "pending_changes": [],
        "droplet_ids": [int(one) for one in asked.get("droplet_ids") or []],
        "tags": given,
        "inbound_rules": inward or [],
        "outbound_rules": outward or [],
    }
    return 202, {"firewall": team.firewalls[number]}


def show_firewall(team: Team, request: Request, wall: str) -> tuple[int, Any]:
    if wall not in team.firewalls:
        raise not_found()
    return 200, {"firewall": team.firewalls[wall]}


def tag_firewall(team: Team, request: Request, wall: str) -> tuple[int, Any]:
    _, shown = show_firewall(team, request, wall)
    given = [str(one) for one in json_of(request).get("tags") or []]
    if any(one.lower() not in team.tags for one in given):
        raise unprocessable("a tag of the firewall does not exist")
    shown["firewall"]["tags"] += [one for one in given if one not in shown["firewall"]["tags"]]
    return 204, None


def remove_firewall(team: Team, request: Request, wall: str) -> tuple[int, Any]:
    if team.firewalls.pop(wall, None) is None:
        raise not_found()
    return 204, None
