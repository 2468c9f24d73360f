"""One account: its pods, and how a pod goes from one state to the next as time passes."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from im.standins.limits import Bucket
from im.standins.numbers import Numbers
from im.standins.runpod import catalog

ACTIONS = {
    "PROVISIONING": ["stop", "terminate"],
    "STARTING": ["stop", "terminate"],
    "RUNNING": ["stop", "restart", "terminate"],
    "EXITED": ["start", "terminate"],
    "ERROR": ["start", "terminate"],
}
SSH = "22/tcp"


@dataclass
class Pod:
    id: str
    name: str
    config: dict[str, Any]
    """`image`, `args`, `disk`, `ports`, `env`, `registry`, `mounts`, `cloud`, and `gpu` or `cpu`, as they were asked for."""
    center: str
    created: datetime
    seen_at: datetime
    """The list does not show it before."""
    status: str = "PROVISIONING"
    course: list[tuple[datetime, str]] = field(default_factory=list)
    """What becomes of it, and when; `mapped` is when its ports are."""
    started: datetime | None = None
    port: int = 0
    """The outer one of its SSH server; 0 until it is mapped."""
    gpus: int = 0
    locked: bool = False
    wiped: int = 0
    """How often its container's disk was emptied."""


@dataclass
class Account:
    """All that one API key can see."""

    name: str
    now: datetime
    takes: timedelta
    numbers: Numbers = field(default_factory=lambda: Numbers(0xA0001))
    pods: dict[str, Pod] = field(default_factory=dict)
    volumes: dict[str, dict[str, Any]] = field(default_factory=dict)
    ever: list[str] = field(default_factory=list)
    """Every pod that was ever made, in order."""
    # what a test may set
    balance: float = 100.0
    may_create: bool = True
    centers: dict[str, tuple[str, ...]] = field(default_factory=dict)
    """GPU → data centers with some, where that is not what the catalogue says."""
    lacking: set[tuple[str, str]] = field(default_factory=set)
    """(GPU, data center) without room, though the catalogue promises some."""
    shows_after: timedelta = timedelta(0)
    """How long a new pod takes to show in the list."""
    lent_away: bool = False
    """The GPUs of every stopped pod are somebody else's by now: a start is refused."""
    comes_back_bare: bool = False
    """The same, and a start makes it run without them."""
    minute: Bucket = field(init=False)
    hour: Bucket = field(init=False)

    def __post_init__(self) -> None:
        self.minute, self.hour = Bucket.full(60, 1, self.now), Bucket.full(3000, 3000 / 3600, self.now)

    def settle(self, now: datetime) -> None:
        """Let happen what is due."""
        self.now = now
        for one in self.pods.values():
            while one.course and one.course[0][0] <= now:
                at, then = one.course.pop(0)
                if then == "mapped":
                    one.port = 20000 + next(self.numbers) % 40000
                    continue
                one.status = then
                one.started = at if then == "STARTING" else one.started

    def visible(self) -> list[Pod]:
        return [one for one in self.pods.values() if one.seen_at <= self.now]

    def stock(self, gpu: str) -> tuple[str, ...]:
        return self.centers.get(gpu, catalog.GPUS[gpu].centers)

    def place(self, gpu: str, wished: list[str]) -> str:
        """A data center with room, of those that are wished; empty where there is none."""
        found = [one for one in self.stock(gpu) if not wished or one in wished]
        return next((one for one in found if (gpu, one) not in self.lacking), "")

    def run(self, one: Pod) -> None:
        """Let it start, with its disk empty."""
        half = self.takes / 2
        one.port = 0
        one.course = [
            (self.now + half, "STARTING"),
            (self.now + self.takes, "RUNNING"),
            (self.now + self.takes + half, "mapped"),
        ]
        one.status = "PROVISIONING"
        wished = one.config.get("gpu")
        one.gpus = 0 if self.comes_back_bare and one.started else (wished or {}).get("count", 0)

    def halt(self, one: Pod) -> None:
        one.status, one.course, one.port = "EXITED", [], 0
        one.wiped += 1

    def rate(self, one: Pod) -> float:
        """USD an hour, now."""
        if one.status in ("EXITED", "ERROR"):
            return 0.0
        if cpu := one.config.get("cpu"):
            return float(catalog.CPUS[cpu["id"]][2] * cpu["vcpuCount"])
        kind = catalog.GPUS[one.config["gpu"]["id"]]
        return (kind.secure if one.config["cloud"] == "SECURE" else kind.community) * one.gpus

    # ---- as the API shows it ----

    def shown(self, one: Pod) -> dict[str, Any]:
        running = one.status == "RUNNING"
        host = f"203.0.113.{10 + sorted(catalog.CENTERS).index(one.center)}"
        direct = _way(host, one.port, "root") if running and one.port else None
        config = {
            key: one.config[key] for key in ("image", "args", "disk", "ports", "env", "registry", "mounts", "cloud")
        }
        told: dict[str, Any] = {
            "id": one.id,
            "name": one.name,
            **config,
            "status": one.status,
            "actions": ACTIONS[one.status],
            "dataCenterId": one.center,
            "cudaVersion": None if "cpu" in one.config else ".".join(map(str, catalog.CUDA)),
            "ssh": {"proxy": _way("ssh.runpod.io", 22, f"{one.id}-64411eb2"), "direct": direct},
            "template": None,
            "cost": self.rate(one),
            "locked": one.locked,
            "globalNetworking": {"enabled": False},
            "runtime": None,
            "createdAt": _at(one.created),
            "startedAt": _at(one.started) if one.started else None,
        }
        if running:
            ports = [{"private": 22, "public": one.port, "type": "tcp", "ip": host}] if one.port else []
            told["runtime"] = {"uptime": int((self.now - (one.started or self.now)).total_seconds()), "ports": ports}
        if cpu := one.config.get("cpu"):
            return {**told, "cpu": {**cpu, "memory": int(cpu["vcpuCount"] * catalog.CPUS[cpu["id"]][3])}}
        return {**told, "gpu": {"id": one.config["gpu"]["id"], "count": one.gpus}}


def _way(host: str, port: int, user: str) -> dict[str, Any]:
    return {"host": host, "port": port, "username": user, "command": f"ssh {user}@{host} -p {port}"}


def _at(moment: datetime) -> str:
    return moment.strftime("%Y-%m-%dT%H:%M:%S.%fZ")
