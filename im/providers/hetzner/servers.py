"""A server as Hetzner shows it, as a sighting."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from im.domain.sighting import Sighting
from im.domain.state import Observed
from im.providers.errors import NotFound, Unavailable
from im.providers.kit.tags import LabelCodec
from im.providers.machine import Machine

CODEC = LabelCodec()
_STATES = {
    "initializing": Observed.PENDING,
    "starting": Observed.PENDING,
    "running": Observed.RUNNING,
    "migrating": Observed.RUNNING,
    "rebuilding": Observed.RUNNING,
    "stopping": Observed.STOPPING,
    "off": Observed.STOPPED,
    "deleting": Observed.TERMINATING,
}
SLOT = "im/slot"
"""The place of the server in its launch."""


def sighting(server: dict[str, Any]) -> Sighting:
    """Raises Unavailable for a server that cannot be read: what we do not understand proves nothing."""
    try:
        labels = dict(server["labels"])
        slot = labels.pop(SLOT, "0")
        created = datetime.fromisoformat(server["created"])
        return Sighting(
            provider_id=str(server["id"]),
            state=_STATES[server["status"]],
            zone=server["location"]["name"],
            public_ip=(server["public_net"]["ipv4"] or {}).get("ip"),
            private_ip=next((one["ip"] for one in server["private_net"]), None),
            # the creation, not the last start: Hetzner dates no start, and bills none apart
            launched_at=created,
            tags=CODEC.tags(labels),
            launch_index=int(slot) if slot.isdigit() else 0,
            instance_type=server["server_type"]["name"],
            image=(server["image"] or {}).get("name") or "",
            disk_gb=0,
            disk_type="included",
        )
    except (KeyError, TypeError, ValueError) as exc:
        raise Unavailable(f"Hetzner shows a server that cannot be read: {exc} is missing or new to us") from exc


def path_of(machine: Machine) -> str:
    """Raises NotFound for what is no number: Hetzner would call the whole request wrong."""
    if not machine.id.isdigit():
        raise NotFound(f"Hetzner has no server {machine.id[:40]}")
    return f"/servers/{machine.id}"
