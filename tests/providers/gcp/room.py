"""Google Cloud, as its stand-in serves it over HTTP, with a clock that only tests move."""

from __future__ import annotations

import base64
from datetime import timedelta
from typing import Any

from im.domain.cause import Hand
from im.providers.contract import Provider, Slot
from im.providers.gcp.profile import PROFILE
from im.providers.gcp.provider import GcpProvider, connected
from im.providers.request import Ask
from im.standins.gcp import Gcp
from im.standins.gcp.project import Disk, Machine, Project
from tests.providers.clouds import DEPLOYMENT, Room, SteppedClock, public_key

PROJECT, REGION = "project", "us-central1"
LOST = {"error": {"code": 503, "message": "Backend Error", "errors": [{"reason": "backendError"}]}}
SLOT = Slot("im-0123456789", "web")
A, KIND = "us-central1-a", "e2-small"
EVENTS = {
    Hand.GUEST: "compute.instances.guestTerminate",
    Hand.RETIRED: "compute.instances.hostError",
}


class GcpRoom(Room):
    profile = PROFILE
    names_at_launch = True
    forgets_what_is_gone = True

    def __init__(self, cloud: Gcp, clock: SteppedClock, url: str) -> None:
        super().__init__()
        self.cloud, self.clock, self.url = cloud, clock, url
        self.provider = self.of_deployment(DEPLOYMENT)
        self.wish()

    def of_deployment(self, deployment: str) -> Provider:
        return self.gcp(deployment)

    def gcp(self, deployment: str = DEPLOYMENT) -> GcpProvider:
        return connected(self.url, PROJECT, {"Authorization": f"Bearer {PROJECT}.secret"}, deployment)

    def wish(self, **asked: Any) -> None:
        kind = asked.get("instance_type")
        if kind is not None and "." in kind:  # another cloud's word for something small
            asked["instance_type"] = "e2-small"
        ask = Ask(**{"public_key": public_key(), "owner": "me", **asked})
        self.scope, self.spec = PROFILE.plan(ask, account="default", default_region=REGION)

    @property
    def project(self) -> Project:
        return self.cloud.project(PROJECT)

    def machine(self, machine_id: str) -> Machine:
        return self.project.machines[int(machine_id)]

    def settle(self) -> None:
        self.clock.step(seconds=20)

    def outside(self, verb: str, machine_id: str) -> None:
        project, one = self.project, self.machine(machine_id)
        kind = {"stop": "stop", "start": "start", "terminate": "delete"}[verb]
        path = f"zones/{one.zone}/instances/{one.name}"
        project.operate(kind, one.zone, path, one.id, timedelta(0), "eve@example.com")
        project.go(
            one,
            *{"stop": ("STOPPING", "TERMINATED"), "start": ("STAGING", "RUNNING"), "terminate": ("STOPPING", "gone")}[
                verb
            ],
        )
        self.settle()

    def stopped_by(self, hand: Hand, machine_id: str) -> None:
        if hand is Hand.OUTSIDE:
            self.outside("stop", machine_id)
            return
        one = self.machine(machine_id)
        self.project.event(EVENTS[hand], one)
        self.project.go(one, "STOPPING", "TERMINATED")
        self.settle()

    def take_back(self, machine_id: str) -> None:
        """Google needs the room of a spot machine, and has it."""
        self.project.preempt(self.machine(machine_id))
        self.settle()

    def ways_in(self, machine_id: str) -> set[str] | None:
        tags = set(self.machine(machine_id).tags)
        rules = [one for one in self.project.firewalls.values() if tags & set(one["targetTags"])]
        if not any("denied" in one for one in rules):
            return None
        return {
            f"{port}/{what['IPProtocol']}@{source}"
            for rule in rules
            for what in rule.get("allowed", ())
            for port in what["ports"]
            for source in rule["sourceRanges"]
        }

    def _disks(self, machine_id: str) -> list[Disk]:
        one = self.machine(machine_id)
        return [self.project.disks[one.zone, name] for name in one.disks]

    def disks(self, machine_id: str) -> list[tuple[int, bool]]:
        return [(one.gb, not one.auto_delete) for one in self._disks(machine_id)]

    def left(self) -> list[int]:
        return [one.gb for one in self.project.disks.values() if one.user is None]

    def user_data(self, machine_id: str) -> bytes | None:
        told = self.machine(machine_id).metadata
        if told.get("user-data-encoding") == "base64":
            return base64.b64decode(told["user-data"])
        return told["user-data"].encode() if "user-data" in told else None

    def foreign(self) -> str:
        project = self.project
        number = next(project.numbers)
        name = f"foreign-{number}"
        disk = Disk(next(project.numbers), name, "us-central1-a", "pd-balanced", 10, {}, self.clock.now, "debian-12")
        project.disks["us-central1-a", name] = disk
        disk.user = number
        labels = {"team": "web", "im-name": "not-ours"}
        body = {"networkInterfaces": [{"network": "global/networks/default"}]}
        made = Machine(number, name, "us-central1-a", "e2-micro", body, labels, self.clock.now, [name], self.clock.now)
        made.status, made.started = "RUNNING", self.clock.now
        project.machines[number] = made
        return str(number)

    def alive(self) -> set[str]:
        alive = ("PROVISIONING", "STAGING", "RUNNING")
        return {str(one.id) for one in self.project.machines.values() if one.status in alive}


def launch(room: GcpRoom, launched_by: str = "tok", slot: Slot = SLOT) -> list[str]:
    return [one.provider_id for one in room.provider.launch(room.scope, room.spec, token=launched_by, slots=[slot])]


def gcp(clock: SteppedClock) -> Gcp:
    return Gcp("secret", clock, timedelta(seconds=5))
