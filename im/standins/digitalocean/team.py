"""One team: its droplets and what belongs to them, and how a droplet goes from one state to the next as time passes."""

from __future__ import annotations

import base64
import hashlib
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any
from uuid import NAMESPACE_DNS, uuid5

from im.standins.digitalocean import catalog
from im.standins.digitalocean.errors import no
from im.standins.limits import Bucket
from im.standins.numbers import Numbers

NO_TIME = timedelta(0)


def written(at: datetime) -> str:
    return at.strftime("%Y-%m-%dT%H:%M:%SZ")


@dataclass
class Action:
    """Work on a droplet: under way until `ends`, then completed, or errored."""

    id: int
    type: str
    droplet: int
    region: str
    started: datetime
    ends: datetime
    fails: bool = False

    def shown(self, now: datetime) -> dict[str, Any]:
        over = now >= self.ends
        return {
            "id": self.id,
            "status": "in-progress" if not over else "errored" if self.fails else "completed",
            "type": self.type,
            "started_at": written(self.started),
            "completed_at": written(self.ends) if over else None,
            "resource_id": self.droplet,
            "resource_type": "droplet",
            "region": catalog.region(self.region),
            "region_slug": self.region,
        }


@dataclass
class Droplet:
    id: int
    name: str
    size: str
    region: str
    image: dict[str, Any]
    tags: list[str]
    """In lower case, by which they are compared."""
    created: datetime
    user_data: str
    keys: list[int]
    status: str = "new"
    course: list[tuple[datetime, str]] = field(default_factory=list)
    """What becomes of it, and when; `gone` is the end."""
    busy_until: datetime | None = None
    tagged_at: datetime | None = None
    """Its tags do not show before; None: from the first."""
    seen_at: datetime | None = None
    """The same for itself."""

    @property
    def gpu(self) -> bool:
        return catalog.SIZES[self.size].gpus > 0


@dataclass
class Team:
    """All that one token can see."""

    name: str
    now: datetime
    takes: timedelta
    numbers: Numbers = field(default_factory=lambda: Numbers(3001))
    droplets: dict[int, Droplet] = field(default_factory=dict)
    keys: dict[int, dict[str, Any]] = field(default_factory=dict)
    firewalls: dict[str, dict[str, Any]] = field(default_factory=dict)
    tags: dict[str, str] = field(default_factory=dict)
    """Each as it was first written, by its lower case: tags belong to the team, and outlive what carried them."""
    actions: dict[int, Action] = field(default_factory=dict)
    snapshots: dict[int, dict[str, Any]] = field(default_factory=dict)
    """As they are listed once they are there, which is from `ready` on."""
    ever: list[int] = field(default_factory=list)
    """Every droplet that was ever made, in order."""
    # what a test may set
    scopes: frozenset[str] | None = None
    """What the token may; None: everything."""
    asked_of: set[str] = field(default_factory=set)
    """Scopes that calls have needed so far."""
    droplet_limit: int = 1000
    snapshot_limit: int = 100
    status: str = "active"
    lacking: set[tuple[str, str]] = field(default_factory=set)
    """(size, region) without room, though the list of sizes does not say so."""
    failing: list[str] = field(default_factory=list)
    """Types of actions of which the next is accepted, and then ends as errored."""
    tags_after: timedelta = NO_TIME
    """How long the tags of a new droplet take to show."""
    shows_after: timedelta = NO_TIME
    """The same for the droplet itself, in lists and by its number."""
    status_lag: timedelta = NO_TIME
    """How long after the end of an action the droplet still shows its old status."""
    snapshots_after: timedelta = NO_TIME
    """How long after the end of its action a snapshot takes to show."""
    oldest_first: bool = False
    """Actions are listed in the order of their ids, and not the newest first."""
    swallows: bool = False
    """A DELETE of a droplet that is new, or has an action under way, is answered with 204, and nothing comes of it."""
    minute: Bucket = field(init=False)
    hour: Bucket = field(init=False)

    def __post_init__(self) -> None:
        self.minute = Bucket.full(250, 250 / 60, self.now)
        self.hour = Bucket.full(5000, 5000 / 3600, self.now)

    @property
    def uuid(self) -> str:
        return str(uuid5(NAMESPACE_DNS, self.name))

    def may(self, *scopes: str) -> bool:
        self.asked_of.update(scopes)
        return self.scopes is None or self.scopes.issuperset(scopes)

    def need(self, *scopes: str) -> None:
        if not self.may(*scopes):
            raise no(403, "You are not authorized to perform this operation")

    def settle(self, now: datetime) -> None:
        """Let happen what is due."""
        self.now = now
        for one in list(self.droplets.values()):
            while one.course and one.course[0][0] <= now:
                _, one.status = one.course.pop(0)
            if one.status == "gone":
                del self.droplets[one.id]

    def visible(self) -> list[Droplet]:
        return [one for one in self.droplets.values() if one.seen_at is None or one.seen_at <= self.now]

    def is_busy(self, one: Droplet) -> bool:
        return one.busy_until is not None and self.now < one.busy_until

    def act(self, kind: str, one: Droplet, becomes: str) -> Action:
        """Begin an action on a droplet, which takes no other one meanwhile."""
        ends = self.now + self.takes
        action = Action(next(self.numbers), kind, one.id, one.region, self.now, ends)
        if kind in self.failing:
            self.failing.remove(kind)
            action.fails = True
        else:
            one.course = [(ends + self.status_lag, becomes)]
        one.busy_until = ends
        self.actions[action.id] = action
        return action

    def tags_of(self, one: Droplet) -> list[str]:
        """As they show now."""
        return one.tags if one.tagged_at is None or one.tagged_at <= self.now else []

    def tagged(self, name: str) -> list[Droplet]:
        return [one for one in self.visible() if name.lower() in self.tags_of(one)]

    def know_tag(self, name: str) -> str:
        self.tags.setdefault(name.lower(), name)
        return name.lower()

    # ---- as the API shows them ----

    def droplet(self, one: Droplet) -> dict[str, Any]:
        size = catalog.SIZES[one.size]
        shown = {
            "id": one.id,
            "name": one.name,
            "memory": size.memory,
            "vcpus": size.vcpus,
            "disk": size.disk,
            "locked": self.is_busy(one),
            "status": one.status,
            "kernel": None,
            "created_at": written(one.created),
            "features": ["private_networking"],
            "backup_ids": [],
            "next_backup_window": None,
            "snapshot_ids": [],
            "image": one.image,
            "volume_ids": [],
            "size": catalog.size(one.size),
            "size_slug": one.size,
            "networks": self._networks(one),
            "region": catalog.region(one.region),
            "tags": [self.tags[name] for name in self.tags_of(one) if name in self.tags],
            "vpc_uuid": str(uuid5(NAMESPACE_DNS, one.region)),
        }
        for field_name, scope in (("tags", "tag:read"), ("image", "image:read")):
            if not self.may(scope):
                del shown[field_name]
        return shown

    def _networks(self, one: Droplet) -> dict[str, Any]:
        """None yet while it is new."""
        if one.status == "new":
            return {"v4": [], "v6": []}
        low, high = one.id % 250 + 1, one.id // 250 % 250
        public = {"ip_address": f"203.0.{high}.{low}", "netmask": "255.255.240.0", "gateway": "203.0.0.1"}
        private = {"ip_address": f"10.100.{high}.{low}", "netmask": "255.255.240.0", "gateway": "10.100.0.1"}
        return {"v4": [{**private, "type": "private"}, {**public, "type": "public"}], "v6": []}

    def tag(self, name: str) -> dict[str, Any]:
        carried = self.tagged(name)
        last = f"https://api.digitalocean.com/v2/droplets/{carried[-1].id}" if carried else ""
        counted = {"count": len(carried), **({"last_tagged_uri": last} if carried else {})}
        return {"name": self.tags[name.lower()], "resources": {**counted, "droplets": counted}}


def fingerprint(public_key: str) -> str | None:
    """MD5 with colons; None for what is no key."""
    words = public_key.split()
    try:
        blob = base64.b64decode(words[1], validate=True)
    except (IndexError, ValueError):
        return None
    digest = hashlib.md5(blob, usedforsecurity=False).hexdigest()
    return ":".join(digest[at : at + 2] for at in range(0, 32, 2))
