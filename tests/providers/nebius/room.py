"""Nebius, as its stand-in serves it by gRPC, with a clock that only tests move."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from email import message_from_string
from typing import Any

from nebius.api.nebius.compute.v1 import (
    AttachedDiskSpec,
    DiskSpec,
    InstanceSpec,
    ManagedDisk,
    ResourcesSpec,
    SourceImageFamily,
)
from nebius.api.nebius.vpc.v1 import SecurityRuleSpec

from im.domain.cause import Hand
from im.providers.contract import Provider
from im.providers.nebius.account import PRETENDED_PROJECTS
from im.providers.nebius.api import NebiusApi
from im.providers.nebius.credentials import Sandbox
from im.providers.nebius.profile import PROFILE
from im.providers.nebius.projects import Projects
from im.providers.nebius.provider import NebiusProvider
from im.standins.nebius import Nebius
from im.standins.nebius.tenant import Machine, Tenant
from tests.providers.clouds import DEPLOYMENT, Room, SteppedClock

ACCOUNT = "acme"


def connected(
    url: str, clock: Callable[[], datetime], deployment: str, token: str = f"{ACCOUNT}.secret"
) -> NebiusProvider:
    api = NebiusApi(Sandbox(token), url.partition("://")[2])
    projects = Projects(api, lambda: [f"{one}{ACCOUNT}" for one in PRETENDED_PROJECTS])
    return NebiusProvider(api, projects, deployment, clock)


class NebiusRoom(Room):
    profile = PROFILE
    names_at_launch = True
    forgets_what_is_gone = True
    has_ipv6 = False
    tells_causes = False
    tells_time = False

    def __init__(self, cloud: Nebius, clock: SteppedClock, url: str) -> None:
        super().__init__()
        self.cloud, self.clock, self.url = cloud, clock, url
        self.provider = self.of_deployment(DEPLOYMENT)
        self.wish()

    def of_deployment(self, deployment: str) -> Provider:
        return connected(self.url, self.clock, deployment)

    @property
    def tenant(self) -> Tenant:
        return self.cloud.tenant(ACCOUNT)

    def settle(self) -> None:
        self.clock.step(seconds=20)

    def outside(self, verb: str, machine_id: str) -> None:
        one = self.tenant.machines[machine_id]
        one.state = {"stop": "STOPPED", "start": "RUNNING", "terminate": "gone"}[verb]
        self.settle()

    def stopped_by(self, hand: Hand, machine_id: str) -> None:
        self.outside("stop", machine_id)

    def ways_in(self, machine_id: str) -> set[str] | None:
        tenant = self.tenant
        (net,) = InstanceSpec.FromString(tenant.machines[machine_id].spec).network_interfaces
        if not net.security_groups:
            return None
        opened: dict[tuple[str, str], set[int]] = {}
        for _, written in tenant.groups[net.security_groups[0].id].rules.values():
            rule = SecurityRuleSpec.FromString(written)
            if rule.ingress is not None:
                (source,) = rule.ingress.source_cidrs
                opened.setdefault((rule.protocol.name.lower(), source), set()).update(rule.ingress.destination_ports)
        return {f"{span}/{protocol}@{source}" for (protocol, source), ports in opened.items() for span in _spans(ports)}

    def disks(self, machine_id: str) -> list[tuple[int, bool]]:
        tenant = self.tenant
        there = [tenant.disks[one] for one in tenant.machines[machine_id].disks]
        return [(one.gib, not one.managed) for one in there]

    def left(self) -> list[int]:
        return [one.gib for one in self.tenant.disks.values() if one.machine is None]

    def user_data(self, machine_id: str) -> bytes | None:
        told = InstanceSpec.FromString(self.tenant.machines[machine_id].spec).cloud_init_user_data
        parts: Any = message_from_string(told).get_payload()
        return parts[0].get_payload(decode=True) if isinstance(parts, list) else None

    def foreign(self) -> str:
        return foreign(self.tenant, "not-ours")

    def alive(self) -> set[str]:
        alive = ("CREATING", "STARTING", "RUNNING")
        return {one.id for one in self.tenant.machines.values() if one.state in alive}


def _spans(ports: set[int]) -> Iterator[str]:
    for first in sorted(one for one in ports if one - 1 not in ports):
        last = next(one for one in range(first, 65536) if one + 1 not in ports)
        yield str(first) if first == last else f"{first}-{last}"


def foreign(tenant: Tenant, name: str) -> str:
    """A machine that somebody else has made."""
    project, kind = tenant.project_in("eu-north1"), ("cpu-d3", "4vcpu-16gb")
    which, labels = tenant.new_id("computeinstance", project), {"team": "web"}
    image = DiskSpec(source_image_family=SourceImageFamily(image_family="ubuntu22.04-driverless"))
    boot = AttachedDiskSpec(managed_disk=ManagedDisk(name=name, spec=image))
    spec = InstanceSpec(resources=ResourcesSpec(platform=kind[0], preset=kind[1]), boot_disk=boot).SerializeToString()
    tenant.machines[which] = Machine(
        which, project, name, labels, spec, kind, tenant.now, next(tenant.numbers), "RUNNING"
    )
    return which


def nebius(clock: SteppedClock) -> Nebius:
    return Nebius("secret", clock, timedelta(seconds=5))
