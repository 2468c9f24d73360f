"""An instance as Vast shows it, as a sighting. Its answers hold a secret (`jupyter_token`): nothing of one is kept whole."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from im.domain.cause import UNKNOWN_CAUSE, Cause, Hand
from im.domain.money.bill import disk_item
from im.domain.sighting import Sighting
from im.domain.spec.terms import Terms
from im.domain.state import Observed
from im.providers.errors import Unavailable
from im.providers.vast import tags
from im.providers.vast.api import CLOUD
from im.providers.vast.billing import DISK
from im.providers.vast.gpus import type_of
from im.providers.vast.market import country_of

NOT_BACK = Cause(
    Hand.CLOUD,
    "no_capacity",
    "Vast was asked to run it and it does not: its host has let the GPU to somebody else, or what it runs has ended. Its disk is "
    "kept, and costs: wait (im start tries again), make another elsewhere, or end it",
)
_COMING = frozenset({None, "created", "loading", "scheduling"})
_UP = frozenset({"running", "frozen", "rebooting", "recycling"})
_DOWN = frozenset({"stopped", "exited"})
_AWAY = frozenset({"offline", "unknown"})
_HOURS = Decimal(730)


def sighting(instance: Mapping[str, Any], deployment: str, *, asked: bool = False) -> Sighting:
    """Raises Unavailable for one that cannot be read: what we do not understand proves nothing.

    `asked`: it was asked to run a moment ago. Vast dates a contract's beginning and no start thereafter.
    """
    try:
        state, cause = _state(instance, asked=asked)
        host, port = _door(instance)
        began = instance.get("start_date")
        gpu, memory = str(instance["gpu_name"]), float(instance.get("gpu_ram") or 0)
        label = str(instance.get("label") or "")
        return Sighting(
            provider_id=str(instance["id"]),
            state=state,
            zone=country_of(str(instance.get("geolocation") or "")),
            public_ip=(instance.get("public_ipaddr") or "").strip() or None if state is Observed.RUNNING else None,
            launched_at=datetime.fromtimestamp(float(began), UTC) if began else None,
            reason=_reason(instance),
            tags=tags.read(label, deployment),
            instance_type=type_of(gpu, memory, int(instance.get("num_gpus") or 1)),
            image=str(instance.get("image_uuid") or ""),
            disk_gb=round(float(instance.get("disk_space") or 0)),
            disk_type=DISK,
            cause=cause,
            notes=Terms(host, port, _prices(instance), _until(instance)).as_notes(),
        )
    except (KeyError, TypeError, ValueError, AttributeError, ArithmeticError, OverflowError) as exc:
        raise Unavailable(f"{CLOUD} shows an instance that cannot be read: {exc} is missing or new to us") from exc


def _state(instance: Mapping[str, Any], *, asked: bool) -> tuple[Observed, Cause]:
    actual, runs = instance.get("actual_status"), instance.get("intended_status") != "stopped"
    if actual in _UP:
        return (Observed.RUNNING if runs else Observed.STOPPING), UNKNOWN_CAUSE
    if actual in _DOWN:
        if not runs:
            return Observed.STOPPED, UNKNOWN_CAUSE
        return (Observed.PENDING, UNKNOWN_CAUSE) if asked else (Observed.STOPPED, NOT_BACK)
    if actual in _COMING:
        if runs:
            return Observed.PENDING, UNKNOWN_CAUSE
        return (Observed.STOPPED if actual is None else Observed.STOPPING), UNKNOWN_CAUSE
    if actual in _AWAY:
        # nobody knows: its host does not answer. What is wanted of it is taken for so, and it costs at least its disk
        return (Observed.RUNNING if runs else Observed.STOPPED), UNKNOWN_CAUSE
    raise KeyError(f"the status {str(actual)[:40]}")


def _reason(instance: Mapping[str, Any]) -> str:
    if instance.get("actual_status") in _AWAY:
        return "its host does not answer Vast"
    if instance.get("actual_status") == "frozen":
        return "Vast has paused it; it is charged for all the same"
    return ""


def _door(instance: Mapping[str, Any]) -> tuple[str, int | None]:
    """Where its ssh answers: at the host itself where a port is open for that, else through Vast's own proxy."""
    ports = instance.get("ports")
    direct = ports.get("22/tcp") if isinstance(ports, Mapping) else None
    address = str(instance.get("public_ipaddr") or "").strip()
    if isinstance(direct, list) and direct and address:
        return address, int(direct[0]["HostPort"])
    if instance.get("ssh_host") and instance.get("ssh_port"):
        return str(instance["ssh_host"]), int(instance["ssh_port"])
    return "", None


def _prices(instance: Mapping[str, Any]) -> dict[str, Decimal]:
    """Of the GPUs by the hour, and of the disk by the GB and month as it is charged by the hour."""
    prices = {}
    kind = type_of(str(instance["gpu_name"]), float(instance.get("gpu_ram") or 0), int(instance.get("num_gpus") or 1))
    parts, size = instance.get("instance") or {}, Decimal(str(instance.get("disk_space") or 0))
    if instance.get("dph_base") is not None:
        prices[kind] = Decimal(str(instance["dph_base"]))
    if parts.get("diskHour") is not None and size:
        prices[disk_item(DISK)] = (Decimal(str(parts["diskHour"])) * _HOURS / size).quantize(Decimal("0.000001"))
    elif instance.get("storage_cost") is not None:
        prices[disk_item(DISK)] = Decimal(str(instance["storage_cost"]))
    return prices


def _until(instance: Mapping[str, Any]) -> datetime | None:
    end = instance.get("end_date")
    return datetime.fromtimestamp(float(end), UTC) if end else None
