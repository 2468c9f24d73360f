"""The machine that was asked for."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from im.domain.spec.disk import Disk
from im.domain.spec.spot import SPOT, Spot

if TYPE_CHECKING:
    from im.domain.spec.firewall import Rule

ON_DEMAND = "on_demand"
WINDOWS = "windows"
"""On demand, with the licence in the price of every hour."""
WINDOWS_SPOT = "windows_spot"
SPOTS = (SPOT, WINDOWS_SPOT)
"""Both have prices that change within hours."""
PLAIN_DISKS = (Disk(),)
SAID = "said"
"""Of a spec's options: what was said by flags that its cloud alone has, so that the same can be typed again."""


@dataclass(frozen=True, slots=True)
class Candidate:
    """A place where a launch may be tried."""

    instance_type: str
    zone: str

    def __str__(self) -> str:
        return f"{self.instance_type} in {self.zone}"


@dataclass(frozen=True, slots=True)
class Aside:
    """User data that is stored elsewhere, until it was used."""

    id: str
    size: int
    """Bytes."""


@dataclass(frozen=True, slots=True)
class Spec:
    """What to launch, in terms that clouds have in common; what only its own understands is in `provider_options`."""

    instance_type: str
    zone: str
    image: str
    public_key: str
    ssh_user: str
    owner: str
    tags: Mapping[str, str] = field(default_factory=dict)
    """Those that a person gave; ours are not among them."""
    firewall: tuple[Rule, ...] | None = None
    """None: the network is left as it is."""
    disks: tuple[Disk, ...] = PLAIN_DISKS
    """The root disk first."""
    windows: bool = False
    """A licence is in the price of every hour."""
    spot: Spot | None = None
    """From the cloud's spare room; None: on demand."""
    hibernate: bool = False
    """Its memory is kept when it is stopped."""
    public_ip: bool | None = None
    """Whether somebody wished it a public address, or none; None: the network decides."""
    candidates: tuple[Candidate, ...] = ()
    """All places that are tried, in order (im.domain.spec.placement); empty: its own type and zone alone."""
    retry: bool = False
    """When every place has refused for want of room: begin again, until the deadline."""
    user_data: bytes | None = field(default=None, repr=False)
    """What the machine runs at its first start. It may hold secrets, so it is never stored or shown with the spec."""
    user_data_aside: Aside | None = None
    provider_options: Mapping[str, Any] = field(default_factory=dict)
    """JSON values, read in that provider's folder only."""

    @property
    def market(self) -> str:
        """Which price list the machine is billed by."""
        if self.spot is not None:
            return WINDOWS_SPOT if self.windows else SPOT
        return WINDOWS if self.windows else ON_DEMAND
