"""A droplet as DigitalOcean shows it, as a sighting.

A droplet's own status has no word for being on the way, and lags behind: it is `active` until it is off, and `off` until it is
active. So the newest actions of the team are asked for before droplets are, and what is under way there counts.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from im.domain import tags
from im.domain.sighting import Sighting
from im.domain.state import Observed
from im.providers.digitalocean import tags as flat
from im.providers.digitalocean.api import CLOUD, PAGE, DigitalOceanApi, last_page
from im.providers.errors import Forbidden, Unavailable
from im.providers.kit.names import server_name

_STATES = {
    "new": Observed.PENDING,
    "active": Observed.RUNNING,
    "off": Observed.STOPPED,
    "archive": Observed.STOPPED,
}
_ON_THE_WAY = {
    "power_on": (Observed.STOPPED, Observed.PENDING),
    "power_off": (Observed.RUNNING, Observed.STOPPING),
    "shutdown": (Observed.RUNNING, Observed.STOPPING),
}
"""Type of an action → the state that it leads out of, and what a machine is on that way."""
_LAG = timedelta(seconds=10)
"""For so long after an action is completed a droplet may show its old status: droplet_kit#50."""
_SHOWS = timedelta(minutes=2)
"""For so long after it was made a snapshot may be missing in the list: ours, nothing says how long."""
_OURS = re.compile(r"(.+)-([0-9a-z]{1,10})")
_FRESH = re.compile(r".+-[0-9abcdefghjkmnpqrstvwxyz]{10}")
"""What every droplet of a launch is called: a name, and the ten letters of its instance."""
YOUNG = timedelta(minutes=15)
"""Longer than tags can take to show on a new droplet."""


@dataclass(frozen=True, slots=True)
class Actions:
    """What the newest actions of the team tell of its droplets."""

    under_way: Mapping[int, str] = field(default_factory=dict)
    """Droplet → the type of the action that changes it just now."""
    created: frozenset[int] = frozenset()
    """Those whose creation began lately, and whose end did not."""
    snapshots: frozenset[int] = frozenset()
    """Those of which a snapshot is being made, or was so lately that it may not show yet."""


NONE = Actions()


def newest(api: DigitalOceanApi) -> Actions:
    """One page, for what is older has ended. Nothing where the token may not see them."""
    try:
        answer = api.get("/actions", per_page=PAGE)
        actions = answer.body.get("actions") or []
        # nothing says in which order they come: in that of ids the newest stand on the last page
        if actions and actions[0].get("id", 0) < actions[-1].get("id", 0) and (last := last_page(answer)) > 1:
            actions = api.get("/actions", per_page=PAGE, page=last).body.get("actions") or []
    except Forbidden:
        return NONE
    try:
        return _read(actions, answer.date or datetime.now(UTC))
    except (KeyError, TypeError, ValueError) as exc:
        raise Unavailable(f"{CLOUD} shows an action that cannot be read: {exc} is missing or new to us") from exc


def _read(actions: Sequence[dict[str, Any]], now: datetime) -> Actions:
    under_way: dict[int, str] = {}
    created: set[int] = set()
    snapshots: set[int] = set()
    for one in sorted(actions, key=lambda one: int(one["id"])):
        if one.get("resource_type") != "droplet" or one.get("resource_id") is None:
            continue
        number, kind = one["resource_id"], one["type"]
        under_way[number] = kind if _counts(one, now) else ""
        if kind == "snapshot":
            (snapshots.add if _may_show_late(one, now) else snapshots.discard)(number)
        if kind == "create" and one["status"] != "errored" and now - _at(one["started_at"]) < YOUNG:
            created.add(number)
        if kind == "destroy":
            created.discard(number)
    changing = {number: kind for number, kind in under_way.items() if kind}
    return Actions(changing, frozenset(created), frozenset(snapshots))


def _counts(action: dict[str, Any], now: datetime) -> bool:
    """Is it under way, or has it been a moment ago?"""
    if action["status"] == "in-progress":
        return True
    ended = action.get("completed_at")
    return bool(action["status"] == "completed" and ended and now - _at(ended) < _LAG)


def _may_show_late(snapshot: dict[str, Any], now: datetime) -> bool:
    ended = snapshot.get("completed_at")
    made = snapshot["status"] == "completed" and ended and now - _at(ended) < _SHOWS
    return bool(snapshot["status"] == "in-progress" or made)


def _at(written: str) -> datetime:
    return datetime.fromisoformat(written)


def droplet_name(name: str, instance_id: str) -> str:
    """All that tells the droplets of one launch apart: those of one call have the same tags."""
    return server_name(name, instance_id, longest=255)


def sighting(droplet: dict[str, Any], now: Actions = NONE, index: int = 0) -> Sighting:
    """Raises Unavailable for a droplet that cannot be read: what we do not understand proves nothing."""
    try:
        said = flat.read(droplet["tags"])
        return Sighting(
            provider_id=str(droplet["id"]),
            state=_state(_STATES[droplet["status"]], now.under_way.get(droplet["id"], "")),
            zone=droplet["region"]["slug"],
            public_ip=_address(droplet, "public"),
            private_ip=_address(droplet, "private"),
            # the creation, not the last start: DigitalOcean dates no start, and bills none apart
            launched_at=_at(droplet["created_at"]).astimezone(UTC),
            tags=_named(droplet["name"], said),
            launch_index=index,
            instance_type=droplet["size_slug"],
            image=_image(droplet),
            disk_gb=0,
            disk_type="included",
        )
    except (KeyError, TypeError, ValueError) as exc:
        raise Unavailable(f"{CLOUD} shows a droplet that cannot be read: {exc} is missing or new to us") from exc


def may_be_ours(droplet: dict[str, Any], now: datetime) -> bool:
    """Is it called like one of ours, and so young that its tags may not show yet, or not all of them?"""
    if now - _at(droplet["created_at"]) > YOUNG or not _FRESH.fullmatch(droplet["name"]):
        return False
    return not {tags.DEPLOYMENT, tags.LAUNCH} <= flat.read(droplet["tags"]).keys()


def _state(shown: Observed, kind: str) -> Observed:
    if kind == "destroy":
        return Observed.TERMINATING
    leaves, becomes = _ON_THE_WAY.get(kind, (None, shown))
    return becomes if shown is leaves else shown


def _named(name: str, said: dict[str, str]) -> dict[str, str]:
    """A droplet that we launched has its instance in its name; any other is called what it is called."""
    ours = _OURS.fullmatch(name) if tags.LAUNCH in said else None
    if ours is None:
        return {**said, tags.NAME: name}
    return {**said, tags.NAME: ours[1], tags.INSTANCE: said.get(tags.INSTANCE, f"im-{ours[2]}")}


def _address(droplet: dict[str, Any], kind: str) -> str | None:
    return next((one["ip_address"] for one in droplet["networks"].get("v4") or [] if one["type"] == kind), None)


def _image(droplet: dict[str, Any]) -> str:
    image = droplet.get("image") or {}
    return str(image.get("slug") or image.get("name") or "")
