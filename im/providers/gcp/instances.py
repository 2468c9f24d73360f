"""A machine as Compute Engine shows it, as a sighting. TERMINATED means stopped there; what is gone is 404."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from im.domain.cause import UNKNOWN_CAUSE, Cause
from im.domain.sighting import Sighting
from im.domain.state import Observed
from im.providers.errors import Unavailable
from im.providers.gcp.api import last
from im.providers.gcp.labels import SLOT, tags_of

FIELDS = (
    "id,name,zone,status,labels,machineType,creationTimestamp,lastStartTimestamp,lastStopTimestamp,"
    "networkInterfaces(networkIP,accessConfigs/natIP),disks(boot,licenses),resourceStatus/shutdownDetails"
)
"""Of a machine, all that we read in a listing."""
STATE_FIELDS = "id,status,lastStartTimestamp,resourceStatus/shutdownDetails"

_STATES = {
    "PENDING": Observed.PENDING,
    "PROVISIONING": Observed.PENDING,
    "STAGING": Observed.PENDING,
    "RUNNING": Observed.RUNNING,
    "REPAIRING": Observed.RUNNING,
    "PENDING_STOP": Observed.STOPPING,
    "STOPPING": Observed.STOPPING,
    "SUSPENDING": Observed.STOPPING,
    "DEPROVISIONING": Observed.TERMINATING,
    "STOPPED": Observed.STOPPED,
    "TERMINATED": Observed.STOPPED,
    "SUSPENDED": Observed.STOPPED,
}
"""All of the API's twelve words (discovery document, Instance.status)."""


def state(machine: Mapping[str, Any]) -> Observed:
    """Raises Unavailable for a word that is new to us: what we do not understand proves nothing."""
    found = _STATES.get(str(machine.get("status")))
    if found is None:
        raise Unavailable(
            f"Google Cloud shows a machine in a state that is new to us: {str(machine.get('status'))[:40]}"
        )
    target = ((machine.get("resourceStatus") or {}).get("shutdownDetails") or {}).get("targetState")
    if found is Observed.STOPPING and target == "DELETED":
        return Observed.TERMINATING
    if found is Observed.STOPPING and not machine.get("lastStartTimestamp"):
        # a launch that is about to be refused for want of room shows as STOPPING for a moment: nobody stops it
        return Observed.PENDING
    return found


def sighting(machine: Mapping[str, Any], cause: Cause = UNKNOWN_CAUSE) -> Sighting:
    """Raises Unavailable for a machine that cannot be read."""
    try:
        labels, now, zone = dict(machine.get("labels") or {}), state(machine), last(machine["zone"])
        slot = str(labels.get(SLOT, "0"))
        net: Mapping[str, Any] = next(iter(machine.get("networkInterfaces") or []), {})
        access: Mapping[str, Any] = next(iter(net.get("accessConfigs") or []), {})
        disks: Sequence[Mapping[str, Any]] = machine.get("disks") or []
        licenses = next((one.get("licenses") or [] for one in disks if one.get("boot")), [])
        stopped = _moment(machine.get("lastStopTimestamp"))
        seen = Sighting(
            provider_id=str(machine["id"]),
            state=now,
            zone=zone,
            public_ip=access.get("natIP") or None,
            private_ip=net.get("networkIP"),
            launched_at=_moment(machine.get("lastStartTimestamp")) or _moment(machine["creationTimestamp"]),
            changed_at=stopped if now is Observed.STOPPED else None,
            tags=tags_of(labels),
            launch_index=int(slot) if slot.isdigit() else 0,
            instance_type=last(machine["machineType"]),
            image=last(next(iter(licenses), "")) or "an image of its own",
            cause=cause,
        )
        # while it is being made, the notes of its launch name the operation that may yet refuse it
        return seen if now is Observed.PENDING else replace(seen, notes={"zone": zone, "name": machine["name"]})
    except (KeyError, TypeError, ValueError, AttributeError) as exc:
        raise Unavailable(f"Google Cloud shows a machine that cannot be read: {exc} is missing or new to us") from exc


def stopped_at(machine: Mapping[str, Any]) -> datetime | None:
    return _moment(machine.get("lastStopTimestamp"))


def _moment(text: Any) -> datetime | None:
    """Times come with an offset of whichever office Google thinks of."""
    return datetime.fromisoformat(text).astimezone(UTC) if text else None
