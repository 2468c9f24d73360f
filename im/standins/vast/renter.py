"""One account: its instances, and how an instance goes from one state to the next as time passes and as its host likes."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from im.standins.numbers import Numbers
from im.standins.vast.hosts import HOSTS, UNVERIFIED, Host

HOURS = 730
"""In a month, by which a price per GB and month comes to one an hour."""


@dataclass
class Instance:
    id: int
    host: Host
    label: str | None
    image: str
    disk: float
    onstart: str
    env: Any
    began: datetime
    intended: str = "running"
    actual: str | None = "loading"
    course: list[tuple[datetime, str]] = field(default_factory=list)
    """What becomes of it, and when."""
    seen_at: datetime | None = None
    """It does not show before; None: from the first."""

    @property
    def ends(self) -> datetime:
        return self.began + timedelta(days=self.host.days)

    @property
    def computes(self) -> bool:
        return self.actual in ("loading", "running") and self.intended == "running"


@dataclass
class Renter:
    """All that one API key can see."""

    name: str
    now: datetime
    takes: timedelta
    numbers: Numbers = field(default_factory=lambda: Numbers(20_000_001))
    instances: dict[int, Instance] = field(default_factory=dict)
    ever: list[int] = field(default_factory=list)
    """Every instance that was ever made, in order."""
    ended: list[int] = field(default_factory=list)
    called: dict[str, datetime] = field(default_factory=dict)
    """Kind of call → when it was last made: they have to be apart."""
    # what a test may set
    hosts: dict[int, Host] = field(default_factory=lambda: {**HOSTS, UNVERIFIED.ask: UNVERIFIED})
    credit: float = 25.0
    let: set[int] = field(default_factory=set)
    """Offers whose GPU somebody else has."""
    vanishing: set[int] = field(default_factory=set)
    """Offers that a search shows, and that are gone when they are to be taken."""
    made_in_vain: set[int] = field(default_factory=set)
    """Offers that are refused, and make an instance that is stopped and charged for."""
    away: set[int] = field(default_factory=set)
    """Machines that do not answer Vast."""
    shows_after: timedelta = timedelta(0)
    """How long a new instance takes to show."""
    unhurried: bool = False
    """Calls need not be apart."""

    def number(self) -> int:
        return next(self.numbers)

    def settle(self, now: datetime) -> None:
        """Let happen what is due."""
        self.now = now
        for one in self.instances.values():
            while one.course and one.course[0][0] <= now:
                _, one.actual = one.course.pop(0)
            if one.ends <= now or self.credit <= 0:
                one.intended, one.actual, one.course = "stopped", "exited", []

    def visible(self) -> list[Instance]:
        there = [one for one in self.instances.values() if one.seen_at is None or one.seen_at <= self.now]
        return sorted(there, key=lambda one: one.id)

    def is_free(self, host: Host, but: Instance | None = None) -> bool:
        others = (one for one in self.instances.values() if one is not but)
        return host.ask not in self.let and not any(one.host.ask == host.ask and one.computes for one in others)

    def make(self, host: Host, asked: dict[str, Any], *, runs: bool) -> Instance:
        one = Instance(
            *(self.number(), host, asked.get("label"), str(asked["image"]), float(asked.get("disk") or 8)),
            *(str(asked.get("onstart") or ""), asked.get("env") or {}, self.now),
        )
        if runs:
            one.course = [(self.now + self.takes, "running")]
        else:
            one.actual = "exited"
        if self.shows_after:
            one.seen_at = self.now + self.shows_after
        self.instances[one.id] = one
        self.ever.append(one.id)
        return one

    def run(self, one: Instance) -> None:
        """What has no room waits, and comes when there is some."""
        one.intended = "running"
        if one.actual != "running" and self.is_free(one.host, one):
            one.actual, one.course = "loading", [(self.now + self.takes, "running")]

    def halt(self, one: Instance) -> None:
        one.intended = "stopped"
        one.course = [(self.now + self.takes, "exited")] if one.actual != "exited" else []

    # ---- as the API shows them ----

    def offer(self, host: Host, disk: float) -> dict[str, Any]:
        return {
            "id": host.ask,
            "ask_contract_id": host.ask,
            "machine_id": host.machine,
            "host_id": host.machine % 17,
            "gpu_name": host.gpu,
            "gpu_ram": host.gpu_ram,
            "num_gpus": host.count,
            "gpu_frac": 1.0,
            "geolocation": host.place,
            "dph_base": host.dph_base,
            "dph_total": host.dph_base + host.storage_cost * disk / HOURS,
            "min_bid": round(host.dph_base / 2, 4),
            "storage_cost": host.storage_cost,
            "inet_up_cost": 0.002,
            "inet_down_cost": 0.002,
            "inet_down": 900.0,
            "inet_up": 800.0,
            "reliability": host.reliability,
            "reliability2": host.reliability,
            "verified": host.verified,
            "verification": "verified" if host.verified else "unverified",
            "rentable": True,
            "rented": False,
            "duration": host.days * 86400,
            "end_date": (self.now + timedelta(days=host.days)).timestamp(),
            "direct_port_count": host.ports,
            "disk_space": host.disk,
            "cuda_max_good": 12.8,
            "compute_cap": 890,
            "cpu_cores": None,
            "static_ip": True,
            "vms_enabled": False,
        }

    def instance(self, one: Instance) -> dict[str, Any]:
        host, last = one.host, one.id % 250 + 1
        away = host.machine in self.away
        shown: dict[str, Any] = {
            "id": one.id,
            "label": one.label,
            "actual_status": "offline" if away else one.actual,
            "intended_status": one.intended,
            "cur_state": one.intended,
            "next_state": one.intended,
            "status_msg": None,
            "public_ipaddr": f"203.0.113.{host.machine % 250}",
            "ports": None,
            "ssh_host": f"ssh{one.id % 9 + 1}.vast.ai",
            "ssh_port": 10_000 + one.id % 20_000,
            "ssh_idx": str(one.id % 9 + 1),
            "start_date": one.began.timestamp(),
            "end_date": one.ends.timestamp(),
            "duration": max(0.0, (one.ends - self.now).total_seconds()),
            "dph_base": host.dph_base,
            "dph_total": host.dph_base + host.storage_cost * one.disk / HOURS,
            "instance": {"diskHour": host.storage_cost * one.disk / HOURS},
            "storage_cost": host.storage_cost,
            "disk_space": one.disk,
            "disk_usage": -1.0,
            "is_bid": False,
            "min_bid": round(host.dph_base / 2, 4),
            "geolocation": host.place,
            "machine_id": host.machine,
            "host_id": host.machine % 17,
            "gpu_name": host.gpu,
            "gpu_ram": host.gpu_ram,
            "num_gpus": host.count,
            "image_uuid": one.image,
            "image_runtype": "ssh_direc ssh_proxy",
            "onstart": one.onstart,
            "extra_env": [[key, str(value)] for key, value in one.env.items()] if isinstance(one.env, dict) else [],
            "jupyter_token": "a-secret",
        }
        if one.actual == "running" and not away:
            shown["ports"] = {"22/tcp": [{"HostIp": "", "HostPort": str(40_000 + last)}]}
        return shown
