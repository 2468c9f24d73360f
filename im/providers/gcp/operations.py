"""What operations tell: that a launch came to nothing after all, and whose hand stopped or ended a machine."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from im.domain.cause import NOT_STARTED, UNKNOWN_CAUSE, Cause, Hand
from im.domain.sighting import Sighting
from im.domain.state import Observed
from im.providers import errors as e
from im.providers.errors import NotFound, ProviderError
from im.providers.gcp.api import GcpApi
from im.providers.gcp.errors import operation_error
from im.providers.machine import Machine

PREEMPTED = "compute.instances.preempted"
_HANDS = {
    PREEMPTED: Hand.SPOT,
    "compute.instances.guestTerminate": Hand.GUEST,
    "compute.instances.hostError": Hand.RETIRED,
    "compute.instances.terminateOnHostMaintenance": Hand.RETIRED,
    "stop": Hand.OUTSIDE,
    "delete": Hand.OUTSIDE,
    "suspend": Hand.OUTSIDE,
}
_SAYS = {
    Hand.SPOT: "Compute Engine preempted it",
    Hand.GUEST: "its guest was shut down",
    Hand.RETIRED: "the host failed or was maintained",
}
_DEFINITE = (e.NoCapacity, e.QuotaExceeded, e.InvalidSpec, e.Forbidden, e.Unsupported)


def of_machine(api: GcpApi, zone: str, number: str) -> list[dict[str, Any]]:
    """Those on one machine, the newest first. Raises ProviderError."""
    found = [
        one
        for page in api.pages(f"/zones/{zone}/operations", filter=f"targetId={number}")
        for one in page.body.get("items") or []
        if str(one.get("targetId")) == number
    ]
    return sorted(found, key=lambda one: str(one.get("insertTime", "")), reverse=True)


def cause_of_stop(operations: list[dict[str, Any]]) -> Cause:
    """Why a machine stands still: the newest of its operations that can have brought it there."""
    for one in operations:
        kind = str(one.get("operationType"))
        if kind in ("start", "resume"):
            failed = operation_error(one)
            return _cloud(failed) if failed is not None else UNKNOWN_CAUSE
        if (hand := _HANDS.get(kind)) is not None and "error" not in one:
            who = f"{kind} by {one['user']}" if one.get("user") else kind
            return Cause(hand, says=_SAYS.get(hand, who))
    return UNKNOWN_CAUSE


def of_the_vanished(api: GcpApi, zone: str, machine: Machine) -> Sighting | None:
    """What became of a machine that is not there: its launch is still under way, or was refused, or it was taken back.

    None: it is not there, and that is all. Raises ProviderError: then nothing is proven.
    """
    named = str(machine.notes.get("operation") or "")
    if named:
        try:
            insert = api.get(f"/zones/{zone}/operations/{named}").body
        except NotFound:  # they are forgotten after some weeks
            return None
        if insert.get("status") != "DONE":
            return Sighting(machine.id, Observed.PENDING, zone)
        failed = operation_error(insert, spot=bool(machine.notes.get("spot")))
        if failed is not None:
            return Sighting(machine.id, Observed.TERMINATED, zone, cause=_cloud(failed))
    for one in of_machine(api, zone, machine.id):
        if one.get("operationType") == PREEMPTED:
            taken = Cause(Hand.SPOT, says=_SAYS[Hand.SPOT])
            return Sighting(machine.id, Observed.TERMINATED, zone, cause=taken, interrupted=True)
        if one.get("operationType") == "delete" and not str(one.get("user", "")).startswith("system"):
            return None  # what it was taken back for before does not matter any more
    return None


def verdict(operation: Mapping[str, Any], *, spot: bool) -> ProviderError | None:
    """The error of an insert whose answer already knows that it came to nothing."""
    return operation_error(operation, spot=spot)


def _cloud(failed: ProviderError) -> Cause:
    code = failed.code if isinstance(failed, _DEFINITE) else NOT_STARTED
    return Cause(Hand.CLOUD, code, failed.message)
