"""A virtual machine as Azure shows it, as a sighting; and its path, of which its id is made."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from im.domain import tags
from im.domain.cause import UNKNOWN_CAUSE, Cause, Hand
from im.domain.sighting import Sighting
from im.domain.state import Observed
from im.providers.azure.arm import MACHINES
from im.providers.azure.errors import RUNS_ALL_THE_SAME, meaning
from im.providers.azure.sizes import KINDS, tier_of
from im.providers.errors import NotFound, Unavailable, Unknown
from im.providers.machine import Machine

SLOT = "im:slot"
"""The place of the machine in its launch."""
GUARD = "im:guard"
"""The orders to deallocate it that wait: Azure lists them nowhere."""
VM_ID, OPERATION, RAN = "vm_id", "operation", "ran"
"""Notes of a machine: Azure's own number of it, the operation that makes it, and that it was seen to run."""
_FACTS = (tags.DEPLOYMENT, tags.LAUNCH, tags.OWNER, tags.INSTANCE, tags.NAME, tags.MARK, SLOT, GUARD)
_POWER = {
    "creating": Observed.PENDING,
    "starting": Observed.PENDING,
    "running": Observed.RUNNING,
    "stopped": Observed.HALTED,
    "stopping": Observed.HALTED,
    "deallocating": Observed.STOPPING,
    "deallocated": Observed.STOPPED,
    "hibernated": Observed.STOPPED,
}
_KIND_OF = {azure: ours for ours, azure in KINDS.items()}


@dataclass(frozen=True, slots=True)
class Addresses:
    public: str | None = None
    private: str | None = None


NOWHERE = Addresses()


def machine_id(path: str) -> str:
    """`group/name` of a machine's full path, in small letters: Azure shows them in any case."""
    words = path.lower().strip("/").split("/")
    try:
        return f"{words[words.index('resourcegroups') + 1]}/{words[words.index('virtualmachines') + 1]}"
    except (ValueError, IndexError) as exc:
        raise Unavailable(f"Azure shows a machine whose path cannot be read: {path[:80]}") from exc


def path_of(machine: Machine) -> str:
    """Below the subscription. Raises NotFound for what is no id of Azure's."""
    group, slash, name = machine.id.partition("/")
    if not slash or not group or not name or "/" in name:
        raise NotFound(f"Azure has no machine {machine.id[:40]}")
    return f"/resourceGroups/{group}/providers/{MACHINES}/{name}"


def state_of(provisioning: str, statuses: Sequence[Mapping[str, Any]]) -> Observed | None:
    """None: Azure does not say, which it sometimes does not."""
    if provisioning.lower() == "deleting":
        return Observed.TERMINATING
    words = [str(one.get("code", "")) for one in statuses]
    power = next((word.partition("/")[2].lower() for word in words if word.startswith("PowerState/")), None)
    if power is not None:
        return _POWER.get(power)
    return Observed.PENDING if provisioning.lower() in ("creating", "updating") else None


def failure_of(statuses: Sequence[Mapping[str, Any]]) -> Cause:
    """What the last operation on it failed of, where it did."""
    for one in statuses:
        words = str(one.get("code", "")).split("/")
        if len(words) == 3 and words[:2] == ["ProvisioningState", "failed"] and words[2] not in RUNS_ALL_THE_SAME:
            return cause_of({"code": words[2], "message": one.get("message", "")})
    return UNKNOWN_CAUSE


def cause_of(error: Mapping[str, Any]) -> Cause:
    """What an operation failed of, as the cause of what came of it."""
    found = meaning(error) or Unknown(f"Azure: {error.get('code')}: {error.get('message')}")
    return Cause(Hand.CLOUD, found.code, found.message)


def was_refused(vm: Mapping[str, Any], statuses: Sequence[Mapping[str, Any]], notes: Mapping[str, Any]) -> bool:
    """Did it never come to be? It stands there as failed, without a power state, and is to be taken away."""
    failed = str(vm["properties"].get("provisioningState", "")).lower() == "failed"
    power = any(str(one.get("code", "")).startswith("PowerState/") for one in statuses)
    return failed and not power and not notes.get(RAN) and failure_of(statuses).hand is Hand.CLOUD


def tags_of(vm: Mapping[str, Any]) -> dict[str, str]:
    """Names of tags are the same in any case, and a policy may have rewritten them."""
    ours = {fact.lower(): fact for fact in _FACTS}
    return {ours.get(key.lower(), key): str(value) for key, value in (vm.get("tags") or {}).items()}


def sighting(
    vm: Mapping[str, Any],
    statuses: Sequence[Mapping[str, Any]] | None,
    addresses: Addresses = NOWHERE,
    notes: Mapping[str, Any] | None = None,
) -> Sighting | None:
    """None: its state is not told. Raises Unavailable for a machine that cannot be read.

    `statuses`: None where nobody asked for them, as of one that has just been made. `notes`: what is known of it already, None
    where that is not known.
    """
    try:
        properties = vm["properties"]
        known = {**(notes or {}), VM_ID: properties["vmId"]}
        refused = statuses is not None and was_refused(vm, statuses, known)
        state = Observed.PENDING if statuses is None else state_of(properties.get("provisioningState", ""), statuses)
        if refused:
            state = Observed.PENDING  # until it is taken away
        if state is None:
            return None
        if state in (Observed.RUNNING, Observed.HALTED):
            known = {**known, RAN: True}
        found = tags_of(vm)
        slot = found.pop(SLOT, "0")
        zones = vm.get("zones") or []
        location = str(vm["location"]).lower().replace(" ", "")
        disk = properties.get("storageProfile", {}).get("osDisk") or {}
        kind = _KIND_OF.get((disk.get("managedDisk") or {}).get("storageAccountType", ""))
        tier = tier_of(kind, int(disk["diskSizeGB"])) if kind and disk.get("diskSizeGB") else None
        return Sighting(
            provider_id=machine_id(vm["id"]),
            state=state,
            zone=f"{location}-{zones[0]}" if zones else location,
            public_ip=addresses.public,
            private_ip=addresses.private,
            # the creation, not the last start: Azure dates no start
            launched_at=datetime.fromisoformat(properties["timeCreated"]),
            tags=found,
            launch_index=int(slot) if slot.isdigit() else 0,
            instance_type=properties["hardwareProfile"]["vmSize"],
            image=_image(properties),
            disk_gb=tier[1] if tier else None,
            disk_type=tier[0] if tier else None,
            ssh_user=(properties.get("osProfile") or {}).get("adminUsername") or "",
            windows=disk.get("osType") == "Windows",
            # a list does not know what is noted already, and takes nothing of it away
            notes=known if notes is not None or statuses is None or RAN in known else None,
            operator=_operator(vm),
            remains=refused,
            cause=failure_of(statuses or ()) if refused or state is Observed.STOPPED else UNKNOWN_CAUSE,
        )
    except (KeyError, TypeError, ValueError, AttributeError) as exc:
        raise Unavailable(f"Azure shows a machine that cannot be read: {exc} is missing or new to us") from exc


def _image(properties: Mapping[str, Any]) -> str:
    reference = properties.get("storageProfile", {}).get("imageReference") or {}
    if "id" in reference:
        return str(reference["id"])
    return ":".join(str(reference.get(word, "")) for word in ("publisher", "offer", "sku", "version")).strip(":")


def _operator(vm: Mapping[str, Any]) -> str:
    scale_set = (vm["properties"].get("virtualMachineScaleSet") or {}).get("id", "")
    return str(scale_set).rpartition("/")[2]
