"""One machine, as the cloud showed it; and how a listing of a scope went."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Any

from im.domain.cause import UNKNOWN_CAUSE, Cause

if TYPE_CHECKING:
    from im.domain.state import Observed


@dataclass(frozen=True, slots=True)
class Sighting:
    """One machine as the cloud showed it at one moment. A thin sighting carries id and state only."""

    provider_id: str
    state: Observed
    zone: str = ""
    public_ip: str | None = None
    private_ip: str | None = None
    launched_at: datetime | None = None
    reason: str = ""
    """Why the cloud says it is in this state, in the cloud's own words."""
    tags: Mapping[str, str] = field(default_factory=dict)
    launch_index: int = 0
    """The machine's place in the call that launched it."""
    changed_at: datetime | None = None
    """When, by the cloud's own word, it came into this state; None where the cloud does not say."""
    disk_gb: int | None = None
    disk_type: str | None = None
    """Its root disk, with the volumes of the same type; told by the launch alone."""
    instance_type: str = ""
    image: str = ""
    ssh_user: str = ""
    """Who logs in, where the image says so; told by the launch alone."""
    windows: bool = False
    """The price of its hours holds the licence of Windows."""
    notes: Mapping[str, Any] | None = None
    """What the provider has to be told again of this machine (JSON values); None: as before."""
    spot_request: str = ""
    """The cloud's request behind a spot machine, which may bring another one after it."""
    operator: str = ""
    """The service that alone may change it, where the cloud runs it for one."""
    was: Observed | None = None
    """What it was as it was asked to change, where this is the answer to that."""
    cause: Cause = UNKNOWN_CAUSE
    """Of a machine that stopped or ended: whose hand it was."""
    remains: bool = False
    """Its launch was refused after all, as `cause` says, and it stands there nevertheless, to be taken away."""
    interrupted: bool = False
    """It was stopped or ended by the cloud, which needs its spare room back; only the cloud starts it again."""


@dataclass(frozen=True, slots=True)
class Listed:
    """How a listing went; only one without an error counts as refreshed."""

    began_at: datetime
    error_code: str | None = None
    error: str | None = None
    clock_skew: float | None = None
    """Seconds, positive when the cloud's clock is ahead of ours; None when it did not tell."""
