"""What a person asks a cloud for."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from im.domain.errors import Refused
from im.domain.spec.disk import Disk

if TYPE_CHECKING:
    from datetime import timedelta
    from decimal import Decimal

    from im.domain.spec.firewall import Rule
    from im.domain.spec.spot import Spot


@dataclass(frozen=True, slots=True)
class Flag:
    """A flag of `im create` that one cloud alone has; what is typed stands under its name in `Ask.options`."""

    name: str
    metavar: str
    help: str
    repeatable: bool = False
    lets_in: bool = False
    """Whoever gives it says with it who may reach the machine."""


@dataclass(frozen=True, slots=True)
class Ask:
    """What a person asked for, unchecked; None means "your default"."""

    instance_type: str | None = None
    zone: str | None = None
    image: str | None = None
    ssh_user: str | None = None
    """Who logs in; None: whoever the image says."""
    public_key: str = ""
    owner: str = ""
    tags: Mapping[str, str] = field(default_factory=dict)
    """What the person wants to find it by, at the cloud and in `im cost --by tag:KEY`."""
    ssh_from: tuple[str, ...] | None = None
    """Networks (CIDR) that may log in; none at all when empty. None, and no ports: the network is left as it is."""
    open_ports: tuple[Rule, ...] = ()
    user_data: bytes | None = field(default=None, repr=False)
    """What the machine runs at its first start."""
    hibernate: bool = False
    """Its memory is written to disk when it is stopped, and read back when it is started."""
    root_disk: Disk | None = None
    volumes: tuple[Disk, ...] = ()
    """Further disks."""
    network: str | None = None
    subnet: str | None = None
    spot: Spot | None = None
    """From the cloud's spare room; None: on demand."""
    max_price: Decimal | None = None
    """USD an hour, at most, where each machine has a price of its own."""
    lasts: timedelta | None = None
    """Until its deadline, where hosts lend for a while alone."""
    options: Mapping[str, Any] = field(default_factory=dict)
    """What only some clouds have, by the name of its flag on the command line."""

    @property
    def disks(self) -> tuple[Disk, ...]:
        """The root disk first; a plain one when nothing was said of it."""
        return (self.root_disk or Disk(), *self.volumes)

    def refuse_options(self, cloud: str, *known: str) -> None:
        """Raises Refused for an option that this cloud does not have."""
        for name, value in self.options.items():
            if value and name not in known:
                raise Refused(
                    f"--{name} is nothing that {cloud} has", f"leave it out, or choose another cloud than {cloud}"
                )
