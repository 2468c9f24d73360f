"""A VM as Crusoe shows it, as a sighting. Its name is all that it carries of ours."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from im.domain.cause import UNKNOWN_CAUSE, Cause
from im.domain.sighting import Sighting
from im.domain.state import Observed
from im.providers.crusoe.api import CLOUD
from im.providers.crusoe.billing import DISK
from im.providers.errors import Unavailable
from im.providers.kit.one_name import NameCodec

CODEC = NameCodec()
_STATES = {
    "INITIALIZING": Observed.PENDING,
    "CREATING": Observed.PENDING,
    "STARTING": Observed.PENDING,
    "BLOCKED": Observed.PENDING,
    "RUNNING": Observed.RUNNING,
    "STOPPING": Observed.STOPPING,
    "STOPPED": Observed.STOPPED,
    "SHUTOFF": Observed.STOPPED,
    "CRASHED": Observed.STOPPED,
    "POWER_SUSPENDED": Observed.STOPPED,
    "ERROR": Observed.STOPPED,
    "DELETING": Observed.TERMINATING,
    "DELETED": Observed.TERMINATED,
}
_UNUSUAL = ("BLOCKED", "CRASHED", "POWER_SUSPENDED", "ERROR")
_SIZE = re.compile(r"(\d+)\s*GiB", re.ASCII | re.IGNORECASE)


def word_of(vm: Mapping[str, Any]) -> str:
    """Its state, as it is written with or without `STATE_` before it, and in letters of any size."""
    return str(vm["state"]).strip().upper().replace(" ", "_").removeprefix("STATE_")


def is_understood(vm: Mapping[str, Any]) -> bool:
    """False: its state is one of which nothing can be said, like UNDEFINED."""
    return word_of(vm) in _STATES


def sighting(vm: Mapping[str, Any], deployment: str, failed: Cause = UNKNOWN_CAUSE) -> Sighting:
    """`failed`: why the operation that was to bring it up came to nothing. Raises Unavailable for what cannot be read.

    Crusoe dates no start: since when it runs is for whoever first sees it running.
    """
    try:
        word = word_of(vm)
        state = _STATES[word]
        refused = word == "ERROR" and failed is not UNKNOWN_CAUSE
        public, private = _addresses(vm)
        return Sighting(
            provider_id=str(vm["id"]),
            # what never came up is not stopped; whether it ever ran, its row knows
            state=Observed.PENDING if refused else state,
            zone=str(vm["location"]),
            public_ip=public,
            private_ip=private,
            reason=f"Crusoe calls it {word}" if word in _UNUSUAL else "",
            tags=CODEC.read(str(vm["name"]), deployment),
            disk_gb=_gb(vm),
            disk_type=DISK,
            instance_type=str(vm["type"]),
            cause=failed if refused or state is Observed.STOPPED else UNKNOWN_CAUSE,
            remains=refused,
        )
    except (KeyError, TypeError, AttributeError) as exc:
        raise Unavailable(f"{CLOUD} shows a VM that cannot be read: {exc} is missing or new to us") from exc


def _addresses(vm: Mapping[str, Any]) -> tuple[str | None, str | None]:
    """(public, private); a machine that stands still may have neither."""
    for interface in vm.get("network_interfaces") or []:
        for one in interface.get("ips") or []:
            found = [(one.get(kind) or {}).get("address") or None for kind in ("public_ipv4", "private_ipv4")]
            return found[0], found[1]
    return None, None


def _gb(vm: Mapping[str, Any]) -> int | None:
    """Of all disks that go with it."""
    disks = [one for one in vm.get("disks") or [] if one.get("attachment_type") == "os"]
    sizes = [found[1] for one in disks if (found := _SIZE.fullmatch(str(one.get("size"))))]
    return sum(map(int, sizes)) if sizes else None
