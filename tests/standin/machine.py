"""One machine: the facts its launch shares with others, and what is its own. State moves in `lifecycle`, not here."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

State = Literal["pending", "running", "shutting-down", "terminated", "stopping", "stopped"]
CODES: dict[State, int] = {
    "pending": 0,
    "running": 16,
    "shutting-down": 32,
    "terminated": 48,
    "stopping": 64,
    "stopped": 80,
}
OCCUPYING: frozenset[State] = frozenset({"pending", "running", "stopping"})
"""The states in which a machine takes up capacity and quota."""


@dataclass(frozen=True, slots=True)
class Disk:
    """As asked for or as the image says; sizes in GiB."""

    device: str
    size: int
    type: str
    encrypted: bool = False
    keep: bool = False
    """Outlives its machine (DeleteOnTermination false)."""
    iops: int | None = None
    throughput: int | None = None
    kms_key: str | None = None
    snapshot: str | None = None


@dataclass(frozen=True, slots=True)
class Facts:
    """What all machines of one launch, and of launches like it, have in common."""

    account: str
    image: str
    instance_type: str
    architecture: str
    vcpus: int
    zone: str
    subnet: str
    vpc: str
    key_name: str | None
    groups: tuple[tuple[str, str], ...]
    """(id, name) of each security group."""
    disks: tuple[Disk, ...]
    root_device: str
    windows: bool = False
    http_tokens: str = "optional"
    hibernation: bool = False
    lifecycle: str | None = None
    """`spot`, or None for on-demand."""
    can_stop: bool = True
    """False for one-time spot."""
    monitoring: str = "disabled"
    public: bool = True
    """It has a public address while it runs."""
    profile: str | None = None


class Volume:
    __slots__ = ("created", "disk", "id", "machine", "number", "tags", "zone")

    def __init__(
        self, number: int, volume_id: str, disk: Disk, zone: str, created: float, tags: dict[str, str]
    ) -> None:
        self.number = number
        self.id = volume_id
        self.disk = disk
        self.zone = zone
        self.created = created
        self.tags = tags
        self.machine: Machine | None = None


class Machine:
    """Times are seconds since the epoch by the stand-in's clock."""

    __slots__ = (
        "doomed",
        "epoch",
        "facts",
        "falls",
        "id",
        "index",
        "interface_tags",
        "launched",
        "number",
        "private_ip",
        "protected",
        "public_ip",
        "reason",
        "reservation",
        "shutdown_behavior",
        "since",
        "spot_request",
        "state",
        "state_reason",
        "stop_protected",
        "tags",
        "token",
        "user_data",
        "visible_at",
        "volumes",
    )

    def __init__(self, number: int, machine_id: str, facts: Facts, now: float) -> None:
        self.number = number
        """Its place in every listing of its region."""
        self.id = machine_id
        self.facts = facts
        self.reservation = ""
        self.token = ""
        self.index = 0
        self.tags: dict[str, str] = {}
        self.interface_tags: dict[str, str] = {}
        self.state: State = "pending"
        self.since = self.launched = self.visible_at = now
        self.private_ip: str | None = None
        self.public_ip: str | None = None
        self.reason = ""
        self.state_reason: tuple[str, str] | None = ("pending", "pending")
        self.volumes: tuple[Volume, ...] = ()
        self.protected = self.stop_protected = False
        self.shutdown_behavior = "stop"
        self.user_data: str | None = None
        self.spot_request: str | None = None
        self.doomed: tuple[str, str] | None = None
        """The StateReason with which it will end instead of running."""
        self.falls: list[tuple[str, str]] = []
        """The StateReasons with which its next starts come to nothing."""
        self.epoch = 0
        """Counts its transitions: an end that belongs to an earlier one is void."""
