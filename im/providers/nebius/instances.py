"""A machine as Nebius shows it, as a sighting; and what its operations tell of one that came to nothing.

A launch that is refused for want of room is accepted first: the machine then stands there stopped, and only the operation says why.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import UTC
from typing import Any

from im.domain.cause import UNKNOWN_CAUSE, Cause, Hand
from im.domain.sighting import Sighting
from im.domain.state import Observed
from im.providers.errors import Unavailable
from im.providers.nebius import tags
from im.providers.nebius.errors import CLOUD, meaning

_STATES = {
    "CREATING": Observed.PENDING,
    "STARTING": Observed.PENDING,
    "RUNNING": Observed.RUNNING,
    "STOPPING": Observed.STOPPING,
    "STOPPED": Observed.STOPPED,
    "ERROR": Observed.STOPPED,
    "DELETING": Observed.TERMINATING,
}
_MADE, _STARTED = "CreateInstanceRequest", "StartInstanceRequest"
_BROKEN = f"{CLOUD} calls its state ERROR: it can only be terminated"


def is_odd(instance: Any) -> bool:
    """Does it stand still though nobody asked it to? Then its operations may know why."""
    return instance.status.state.name in ("STOPPED", "ERROR") and not instance.spec.stopped


def refusals(operations: Iterable[Any]) -> Mapping[str, tuple[str, Cause]]:
    """Machine → what was asked of it last, and what that failed of, where it failed. `operations`: the newest first."""
    last: dict[str, tuple[str, Cause]] = {}
    for one in operations:
        asked = one.request.type_url.rpartition(".")[2]
        if one.resource_id in last or asked not in (_MADE, _STARTED, "StopInstanceRequest"):
            continue
        last[one.resource_id] = (asked, _cause(one.status))
    return {machine: told for machine, told in last.items() if told[1] is not UNKNOWN_CAUSE}


def _cause(status: Any) -> Cause:
    if status is None or status.code.value[0] == 0:
        return UNKNOWN_CAUSE
    told = meaning(status.code.name, status.message or "", status.to_rpc_status().SerializeToString())
    return Cause(Hand.CLOUD, told.code, told.message)


def sighting(instance: Any, region: str, refused: Mapping[str, tuple[str, Cause]] | None = None) -> Sighting:
    """Raises Unavailable for one that cannot be read: what we do not understand proves nothing. `refused`: see `refusals`."""
    try:
        about, spec, status = instance.metadata, instance.spec, instance.status
        asked, cause = (refused or {}).get(about.id, ("", UNKNOWN_CAUSE))
        name = status.state.name
        never_ran = asked == _MADE
        state = Observed.PENDING if never_ran else _state(name, stopped=spec.stopped)
        if name == "ERROR" and cause is UNKNOWN_CAUSE:
            cause = Cause(Hand.CLOUD, says=_BROKEN)
        labels = dict(about.labels)
        place = labels.get(tags.SLOT, "0")
        net = next(iter(status.network_interfaces), None)
        return Sighting(
            provider_id=about.id,
            state=state,
            zone=region,
            public_ip=_address(net.public_ip_address) if net is not None else None,
            private_ip=_address(net.ip_address) if net is not None else None,
            # the creation, not the last start: Nebius dates no start
            launched_at=about.created_at.astimezone(UTC),
            reason=cause.says if cause is not UNKNOWN_CAUSE else "",
            tags=tags.read(labels, about.name),
            launch_index=int(place) if place.isdigit() else 0,
            instance_type=f"{spec.resources.platform}_{spec.resources.preset}",
            image=_image(spec),
            cause=cause,
            remains=never_ran,
        )
    except (KeyError, TypeError, ValueError, AttributeError) as exc:
        raise Unavailable(f"{CLOUD} shows a machine that cannot be read: {exc} is missing or new to us") from exc


def _state(name: str, *, stopped: bool) -> Observed:
    """One that is being updated is in the state that it is meant to be in."""
    if name == "UPDATING":
        return Observed.STOPPED if stopped else Observed.RUNNING
    return _STATES[name]


def _address(told: Any) -> str | None:
    """`203.0.113.4/32` without its mask."""
    return str(told.address).partition("/")[0] or None


def _image(spec: Any) -> str:
    disk = spec.boot_disk.managed_disk
    family = disk.spec.source_image_family if disk is not None else None
    return str(family.image_family) if family is not None else ""
