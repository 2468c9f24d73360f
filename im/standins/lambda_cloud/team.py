"""One team: its instances and what they are launched with, and how an instance goes from one state to the next as time passes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from im.standins.lambda_cloud import catalog
from im.standins.limits import Bucket
from im.standins.numbers import Numbers

SHOWN_FOR = timedelta(minutes=1)
"""So long a terminated instance is still listed."""
_BLOCKED: Mapping[str, tuple[str, str]] = {
    "booting": ("vm-has-not-launched", "The instance has not launched."),
    "terminating": ("vm-is-terminating", "The instance is being terminated."),
}
_ACTIONS = ("migrate", "rebuild", "restart", "cold_reboot", "terminate")


@dataclass
class Instance:
    id: str
    name: str
    kind: str
    region: str
    tags: list[dict[str, str]]
    keys: list[str]
    file_systems: list[str]
    rulesets: list[str]
    user_data: str
    image: Any
    hostname: str
    status: str = "booting"
    course: list[tuple[datetime, str]] = field(default_factory=list)
    """What becomes of it, and when; `gone` is the end."""
    seen_at: datetime | None = None
    """It does not show before; None: from the first."""


@dataclass
class Team:
    """All that one API key can see."""

    name: str
    now: datetime
    takes: timedelta
    numbers: Numbers = field(default_factory=lambda: Numbers(0xA0001))
    instances: dict[str, Instance] = field(default_factory=dict)
    keys: dict[str, dict[str, str]] = field(default_factory=dict)
    rulesets: dict[str, dict[str, Any]] = field(default_factory=dict)
    file_systems: dict[str, dict[str, Any]] = field(default_factory=dict)
    ever: list[str] = field(default_factory=list)
    """Every instance that was ever made, in order."""
    ended: list[str] = field(default_factory=list)
    """The same of those that were asked to end."""
    # what a test may set
    active: bool = True
    quota: int = 100
    rooms: dict[str, tuple[str, ...]] = field(default_factory=dict)
    """Type → regions with room, where that is not what the catalogue says."""
    lacking: set[tuple[str, str]] = field(default_factory=set)
    """(type, region) without room, though the list of types says that there is some."""
    shows_after: timedelta = timedelta(0)
    """How long a new instance takes to show."""
    refuses_tags: bool = False
    boots_to_the_end: bool = False
    """An instance that boots cannot be terminated."""
    second: Bucket = field(init=False)
    launches: Bucket = field(init=False)

    def __post_init__(self) -> None:
        self.second = Bucket.full(1, 1, self.now)
        self.launches = Bucket.full(1, 1 / 12, self.now)

    @property
    def lrn(self) -> str:
        return f"lrn:cloud:account:{self.name.encode().hex():0>32}"

    def number(self) -> str:
        return f"{next(self.numbers):032x}"

    def settle(self, now: datetime) -> None:
        """Let happen what is due."""
        self.now = now
        for one in list(self.instances.values()):
            while one.course and one.course[0][0] <= now:
                _, one.status = one.course.pop(0)
            if one.status == "gone":
                del self.instances[one.id]

    def visible(self) -> list[Instance]:
        return [one for one in self.instances.values() if one.seen_at is None or one.seen_at <= self.now]

    def room(self, kind: str) -> tuple[str, ...]:
        return self.rooms.get(kind, catalog.TYPES[kind].regions)

    def end(self, one: Instance) -> None:
        one.status = "terminating"
        self.ended.append(one.id)
        over = self.now + self.takes
        one.course = [(over, "terminated"), (over + SHOWN_FOR, "gone")]

    # ---- as the API shows them ----

    def instance(self, one: Instance) -> dict[str, Any]:
        code, why = _BLOCKED.get(one.status, ("", ""))
        able = {"available": not code, **({"reason_code": code, "reason_description": why} if code else {})}
        shown: dict[str, Any] = {
            "id": one.id,
            "name": one.name,
            "status": one.status,
            "ssh_key_names": one.keys,
            "file_system_names": one.file_systems,
            "region": catalog.region(one.region),
            "instance_type": catalog.kind(one.kind),
            "hostname": one.hostname,
            "actions": dict.fromkeys(_ACTIONS, able),
            "tags": one.tags,
            "firewall_rulesets": [{"id": wall} for wall in one.rulesets],
        }
        if not self.boots_to_the_end and one.status == "booting":
            shown["actions"] = {**shown["actions"], "terminate": {"available": True}}
        if one.status not in ("booting", "terminated"):
            number = int(one.id, 16)
            shown |= {"ip": f"203.0.{number // 250 % 250}.{number % 250 + 1}", "private_ip": f"10.19.0.{number % 250}"}
            shown |= {"jupyter_token": "a-secret", "jupyter_url": "https://jupyter.example/?token=a-secret"}
        return shown

    def ruleset(self, one: dict[str, Any]) -> dict[str, Any]:
        used = [i.id for i in self.instances.values() if one["id"] in i.rulesets and i.status != "terminated"]
        return {**one, "instance_ids": used}

    def files(self, one: dict[str, Any]) -> dict[str, Any]:
        used = any(one["name"] in i.file_systems for i in self.instances.values() if i.status != "terminated")
        return {**one, "is_in_use": used}
