"""One project: its servers and what they are made of, and how a server goes from one state to the next as time passes."""

from __future__ import annotations

import base64
import hashlib
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from im.standins.hetzner import catalog
from im.standins.limits import Bucket
from im.standins.numbers import Numbers


@dataclass
class Action:
    """Work of Hetzner's: under way until `ends`, and then done, or failed with (code, message)."""

    id: int
    command: str
    resource: tuple[str, int]
    started: datetime
    ends: datetime
    error: tuple[str, str] | None = None

    def shown(self, now: datetime) -> dict[str, Any]:
        over = now >= self.ends
        status = "running" if not over else "error" if self.error else "success"
        error = {"code": self.error[0], "message": self.error[1]} if over and self.error else None
        return {
            "id": self.id,
            "command": self.command,
            "status": status,
            "progress": 100 if over else 50,
            "started": self.started.isoformat(),
            "finished": self.ends.isoformat() if over else None,
            "resources": [{"id": self.resource[1], "type": self.resource[0]}],
            "error": error,
        }


@dataclass
class Server:
    id: int
    name: str
    kind: str
    location: str
    image: dict[str, Any]
    labels: dict[str, str]
    created: datetime
    user_data: str
    keys: list[int]
    firewalls: list[int]
    ipv4: int | None
    ipv6: int | None
    status: str = "initializing"
    protected: bool = False
    course: list[tuple[datetime, str]] = field(default_factory=list)
    """What becomes of it, and when; `gone` is the end."""
    locked_until: datetime | None = None
    deaf: bool = False
    """Its guest does not listen to the power button."""


@dataclass
class PrimaryIp:
    id: int
    name: str
    kind: str
    ip: str
    location: str
    auto_delete: bool
    server: int | None
    labels: dict[str, str]
    created: datetime | None = None


@dataclass
class Project:
    """All that one token can see."""

    now: datetime
    takes: timedelta
    numbers: Numbers = field(default_factory=lambda: Numbers(1001))
    servers: dict[int, Server] = field(default_factory=dict)
    keys: dict[int, dict[str, Any]] = field(default_factory=dict)
    firewalls: dict[int, dict[str, Any]] = field(default_factory=dict)
    ips: dict[int, PrimaryIp] = field(default_factory=dict)
    actions: dict[int, Action] = field(default_factory=dict)
    images: dict[int, dict[str, Any]] = field(default_factory=dict)
    """Snapshots, as they will be once they are ready."""
    most_images: int = 30
    read_only: bool = False
    most_servers: int = 1000
    lacking: set[tuple[str, str]] = field(default_factory=set)
    """(type, location) without room."""
    failing: list[str] = field(default_factory=list)
    """Commands whose next action is accepted and then fails."""
    ever: list[int] = field(default_factory=list)
    """Every server that was ever made, in order."""
    bucket: Bucket = field(init=False)

    def __post_init__(self) -> None:
        self.bucket = Bucket.full(3600, 1.0, self.now)

    def settle(self, now: datetime) -> None:
        """Let happen what is due."""
        self.now = now
        for server in list(self.servers.values()):
            while server.course and server.course[0][0] <= now:
                _, server.status = server.course.pop(0)
            if server.status == "gone":
                self._remove(server)

    def _remove(self, server: Server) -> None:
        del self.servers[server.id]
        for ip in list(self.ips.values()):
            if ip.server == server.id:
                ip.server = None
                if ip.auto_delete:
                    del self.ips[ip.id]

    def act(self, command: str, server: Server, *, lasts: timedelta | None = None) -> Action:
        """Begin an action on a server, which is locked while it runs."""
        ends = self.now + (self.takes if lasts is None else lasts)
        error = None
        if command in self.failing:
            self.failing.remove(command)
            error = ("action_failed", f"{command} failed")
        action = Action(next(self.numbers), command, ("server", server.id), self.now, ends, error)
        self.actions[action.id] = action
        server.locked_until = ends
        return action

    def is_locked(self, server: Server) -> bool:
        return server.locked_until is not None and self.now < server.locked_until

    def go(self, server: Server, *ways: str, final: str) -> None:
        """Be in the first of `ways` at once, and in `final` when it has taken its time."""
        server.status = ways[0]
        server.course = [(self.now + self.takes, final)]

    def add_ip(self, kind: str, location: str, server: int | None, *, auto_delete: bool, name: str = "") -> PrimaryIp:
        number = next(self.numbers)
        ip = f"203.0.{number // 250 % 250}.{number % 250 + 1}" if kind == "ipv4" else f"2001:db8:{number:x}::/64"
        made = PrimaryIp(number, name or f"primary_ip-{number}", kind, ip, location, auto_delete, server, {}, self.now)
        self.ips[number] = made
        return made

    # ---- as the API shows them ----

    def server(self, one: Server) -> dict[str, Any]:
        return {
            "id": one.id,
            "name": one.name,
            "status": one.status,
            "created": one.created.isoformat(),
            "public_net": {
                "ipv4": self._ipv4(one),
                "ipv6": self._ipv6(one),
                "floating_ips": [],
                "firewalls": [{"id": number, "status": "applied"} for number in one.firewalls],
            },
            "private_net": [],
            "server_type": catalog.server_type(one.kind, frozenset(self.lacking)),
            "location": catalog.location(one.location),
            "image": one.image,
            "iso": None,
            "rescue_enabled": False,
            "locked": self.is_locked(one),
            "backup_window": None,
            "outgoing_traffic": 0,
            "ingoing_traffic": 0,
            "included_traffic": 21990232555520,
            "protection": {"delete": one.protected, "rebuild": one.protected},
            "labels": one.labels,
            "volumes": [],
            "load_balancers": [],
            "primary_disk_size": catalog.TYPES[one.kind][3],
            "placement_group": None,
        }

    def _ipv4(self, one: Server) -> dict[str, Any] | None:
        ip = self.ips.get(one.ipv4 or 0)
        return {"id": ip.id, "ip": ip.ip, "blocked": False, "dns_ptr": "static.example"} if ip else None

    def _ipv6(self, one: Server) -> dict[str, Any] | None:
        ip = self.ips.get(one.ipv6 or 0)
        return {"id": ip.id, "ip": ip.ip, "blocked": False, "dns_ptr": []} if ip else None

    def ip(self, one: PrimaryIp) -> dict[str, Any]:
        return {
            "id": one.id,
            "name": one.name,
            "type": one.kind,
            "ip": one.ip,
            "location": catalog.location(one.location),
            "auto_delete": one.auto_delete,
            "assignee_id": one.server,
            "assignee_type": "server" if one.server else "unassigned",
            "blocked": False,
            "created": (one.created or self.now).isoformat(),
            "dns_ptr": [],
            "labels": one.labels,
            "protection": {"delete": False},
        }

    def image(self, one: dict[str, Any]) -> dict[str, Any]:
        told = {key: value for key, value in one.items() if key != "ready"}
        being_made = self.now < datetime.fromisoformat(one["ready"])
        return {**told, "status": "creating", "image_size": None} if being_made else told

    def __setstate__(self, state: dict[str, Any]) -> None:
        """One that an older version kept knew of no snapshots."""
        self.__dict__.update({"images": {}, "most_images": 30, **state})

    def firewall(self, one: dict[str, Any]) -> dict[str, Any]:
        users = [server.id for server in self.servers.values() if one["id"] in server.firewalls]
        return {**one, "applied_to": [{"type": "server", "server": {"id": number}} for number in users]}


def fingerprint(public_key: str) -> str | None:
    """MD5 with colons, as Hetzner names keys; None for what is no key."""
    words = public_key.split()
    try:
        blob = base64.b64decode(words[1], validate=True)
    except (IndexError, ValueError):
        return None
    digest = hashlib.md5(blob, usedforsecurity=False).hexdigest()
    return ":".join(digest[at : at + 2] for at in range(0, 32, 2))
