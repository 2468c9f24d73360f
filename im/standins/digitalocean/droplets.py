"""Droplets: made, listed, powered off and on, deleted."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from werkzeug.wrappers import Request

from im.standins.digitalocean import catalog, snapshots
from im.standins.digitalocean.errors import no, not_found, pending, unprocessable
from im.standins.digitalocean.pages import page
from im.standins.digitalocean.team import NO_TIME, Droplet, Team

if TYPE_CHECKING:
    from im.standins.digitalocean.service import DigitalOcean

_NAME = re.compile(r"[a-zA-Z0-9]?[a-z0-9A-Z.\-]*[a-z0-9A-Z]")
TAG = re.compile(r"[a-zA-Z0-9_\-:]{1,255}")
_MOST_NAMES = 10
_CREATE = "droplet:create image:read regions:read sizes:read ssh_key:read vpc:read block_storage:read".split()
_ACTIONS = {"power_off": ("active", "off"), "shutdown": ("active", "off"), "power_on": ("off", "active")}
"""Type → the status that it changes, and into which."""


def register(service: DigitalOcean) -> None:
    service.handle("GET", "/droplets", listed, "droplet:read")
    service.handle("POST", "/droplets", create, *_CREATE)
    service.handle("GET", "/droplets/<int:number>", shown, "droplet:read")
    service.handle("DELETE", "/droplets/<int:number>", delete, "droplet:delete")
    service.handle("POST", "/droplets/<int:number>/actions", act, "droplet:update")
    service.handle("GET", "/actions", actions, "actions:read")
    service.handle("GET", "/actions/<int:number>", action, "actions:read")


def listed(team: Team, request: Request) -> tuple[int, Any]:
    """By one tag, or by name and kind; droplets with GPUs are listed apart, and by no tag."""
    wanted = request.args
    if "tag_name" in wanted and ("name" in wanted or "type" in wanted):
        raise unprocessable("tag_name can not be combined with name or type")
    if "tag_name" in wanted:
        team.need("tag:read")
        found = [one for one in team.tagged(wanted["tag_name"]) if not one.gpu]
    else:
        gpus = wanted.get("type", "droplets") == "gpus"
        found = [one for one in team.visible() if one.gpu is gpus]
    if name := wanted.get("name"):
        found = [one for one in found if one.name.lower() == name.lower()]
    return page(request, "droplets", found, team.droplet)


def _droplet(team: Team, number: int) -> Droplet:
    found = next((one for one in team.visible() if one.id == number), None)
    if found is None:
        raise not_found()
    return found


def shown(team: Team, request: Request, number: int) -> tuple[int, Any]:
    return 200, {"droplet": team.droplet(_droplet(team, number))}


def create(team: Team, request: Request) -> tuple[int, Any]:
    asked = json_of(request)
    names = [str(one) for one in asked.get("names") or [asked.get("name") or ""]]
    if any(len(one) > 255 or not _NAME.fullmatch(one) for one in names):
        raise unprocessable("Only valid hostname characters are allowed. (a-z, A-Z, 0-9, . and -)")
    if len(names) > _MOST_NAMES:
        raise unprocessable(f"You can create {_MOST_NAMES} droplets at a time.")
    kind, place = str(asked.get("size") or ""), str(asked.get("region") or "nyc3")
    if kind not in catalog.SIZES:
        raise unprocessable("You specified an invalid size for Droplet creation.")
    if place not in catalog.REGIONS:
        raise unprocessable("You specified an invalid region for Droplet creation.")
    image = snapshots.chosen(team, asked.get("image"), kind, place)
    keys = [_key(team, one) for one in asked.get("ssh_keys") or []]
    user_data = str(asked.get("user_data") or "")
    if len(user_data.encode()) > 65536:
        raise unprocessable("user_data is too long (maximum is 64 KiB)")
    given = checked_tags(team, asked.get("tags"))
    if team.status == "locked":
        raise no(403, "Your account is locked.")
    if place not in catalog.SIZES[kind].regions or (kind, place) in team.lacking:
        raise unprocessable("Size is not available in this region.")
    if len(team.droplets) + len(names) > team.droplet_limit:
        raise unprocessable("creating this/these droplet(s) will exceed your droplet limit")
    tags = [team.know_tag(one) for one in given]
    made = [_make(team, name, kind, place, image, list(tags), user_data, keys) for name in names]
    links = [{"id": n, "rel": "create", "href": f"https://api.digitalocean.com/v2/actions/{n}"} for _, n in made]
    told = [team.droplet(one) for one, _ in made]
    body: dict[str, Any] = {"droplets": told} if "names" in asked else {"droplet": told[0]}
    return 202, {**body, "links": {"actions": links}}


def _make(
    team: Team,
    name: str,
    kind: str,
    place: str,
    image: dict[str, Any],
    tags: list[str],
    user_data: str,
    keys: list[int],
) -> tuple[Droplet, int]:
    one = Droplet(next(team.numbers), name, kind, place, image, tags, team.now, user_data, keys)
    if team.tags_after > NO_TIME:
        one.tagged_at = team.now + team.tags_after
    if team.shows_after > NO_TIME:
        one.seen_at = team.now + team.shows_after
    team.droplets[one.id] = one
    team.ever.append(one.id)
    return one, team.act("create", one, "active").id


def delete(team: Team, request: Request, number: int) -> tuple[int, Any]:
    one = _droplet(team, number)
    if team.swallows and (one.status == "new" or team.is_busy(one)):
        return 204, None
    if team.is_busy(one):
        raise pending()
    team.act("destroy", one, "gone")
    return 204, None


def act(team: Team, request: Request, number: int) -> tuple[int, Any]:
    one, kind = _droplet(team, number), str(json_of(request).get("type") or "")
    if kind == "snapshot":
        return snapshots.begin(team, one, json_of(request))
    if kind not in _ACTIONS:
        raise unprocessable("The type of the action is none that this droplet knows.")
    if team.is_busy(one):
        raise pending()
    before, after = _ACTIONS[kind]
    if one.status != before:
        raise unprocessable(f"Droplet is already powered {'off' if after == 'off' else 'on'}.")
    return 201, {"action": team.act(kind, one, after).shown(team.now)}


def actions(team: Team, request: Request) -> tuple[int, Any]:
    """The newest first."""
    ordered = sorted(team.actions.values(), key=lambda one: one.id, reverse=not team.oldest_first)
    return page(request, "actions", ordered, lambda one: one.shown(team.now))


def action(team: Team, request: Request, number: int) -> tuple[int, Any]:
    if number not in team.actions:
        raise not_found()
    return 200, {"action": team.actions[number].shown(team.now)}


def json_of(request: Request) -> dict[str, Any]:
    asked = request.get_json(silent=True)
    if not isinstance(asked, dict):
        raise no(400, "Unable to parse the request body.")
    return asked


def checked_tags(team: Team, given: Any) -> list[str]:
    """Raises for letters that no tag has, and for another spelling of a tag that is there."""
    if given:
        team.need("tag:create")
    for one in given or []:
        if not isinstance(one, str) or not TAG.fullmatch(one):
            raise unprocessable("Tags may contain letters, numbers, colons, dashes, and underscores.")
        if team.tags.get(one.lower(), one) != one:
            raise unprocessable(f"Tag {one} is already there as {team.tags[one.lower()]}.")
    return list(given or [])


def _key(team: Team, said: object) -> int:
    """By number or fingerprint, never by name."""
    for number, key in team.keys.items():
        if said in (number, str(number), key["fingerprint"]):
            return number
    raise unprocessable(f"{said} are invalid key identifiers for Droplet creation.")
