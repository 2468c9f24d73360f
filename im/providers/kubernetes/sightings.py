"""A claim and its pod, as one machine."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from typing import Any

from im.domain.cause import UNKNOWN_CAUSE, Hand
from im.domain.instance import WAITS_FOR
from im.domain.sighting import Sighting
from im.domain.spec.terms import Terms
from im.domain.state import Observed
from im.providers.errors import Unavailable
from im.providers.kubernetes import labels, pending
from im.providers.kubernetes.addresses import Address
from im.providers.kubernetes.api import Shown
from im.providers.kubernetes.errors import CLOUD
from im.providers.kubernetes.events import Event
from im.providers.kubernetes.manifests import IMAGE
from im.providers.kubernetes.pending import PATIENCE, Patience
from im.providers.kubernetes.profile import ANYWHERE
from im.providers.kubernetes.shapes import Shape

POD_NAME = "pod"
"""Of the notes: what the pod of a machine that was taken in is called."""
_OVER = ("Succeeded", "Failed")


def state_of(claim: Shown, pod: Shown | None) -> Observed:
    """The order of these tests matters: a claim on its way out is gone for whoever starts it."""
    if claim["metadata"].get("deletionTimestamp"):
        return Observed.TERMINATING
    if pod is None:
        return Observed.STOPPED
    phase = str((pod.get("status") or {}).get("phase") or "Pending")
    if phase in _OVER:
        return Observed.STOPPED
    if pod["metadata"].get("deletionTimestamp"):
        return Observed.STOPPING
    return Observed.RUNNING if phase in ("Running", "Unknown") else Observed.PENDING


def sighting(
    claim: Shown,
    pod: Shown | None,
    now: datetime,
    patience: Patience = PATIENCE,
    reached: Address | None = None,
    events: Sequence[Event] = (),
) -> Sighting:
    """Raises Unavailable for what cannot be read: what we do not understand proves nothing. `now`: by the cluster's clock;
    `reached`: where it is reached from outside, if it is; `events`: what is told of it, newest first."""
    try:
        meta = claim["metadata"]
        notes: Mapping[str, str] = meta.get("annotations") or {}
        state, status = state_of(claim, pod), (pod or {}).get("status") or {}
        cause, reason, changed, refused = UNKNOWN_CAUSE, "", None, None
        if state is Observed.PENDING and pod is not None:
            waits = pending.waiting(pod, now, patience, events)
            born = (pod["metadata"].get("annotations") or {}).get(labels.BORN)
            # what was started again has run before: its disk is not taken away because there is no room
            reason, refused = waits.says, waits.refused if born == "launch" else None
        elif state is Observed.STOPPED and pod is not None:
            cause, reason, changed = pending.over(pod)
        elif state is Observed.STOPPED and events:
            cause, reason = pending.gone(manifest_of(claim) or {"metadata": {}}, events)
        elif state is Observed.STOPPING and pod is not None:
            reason = pending.ending(pod)
        slot = notes.get(labels.SLOT, "0")
        return Sighting(
            provider_id=str(meta["name"]),
            state=state,
            zone=_zone(notes, pod),
            public_ip=reached.ip if reached and state is Observed.RUNNING else None,
            private_ip=status.get("podIP") if state is Observed.RUNNING else None,
            launched_at=pending.moment(status.get("startTime")) or pending.moment(meta["creationTimestamp"]),
            reason=reason,
            notes=_notes(state, reason, pod, str(meta["name"]), reached),
            tags=labels.tags_of(meta),
            launch_index=int(slot) if slot.isdigit() else 0,
            changed_at=changed,
            instance_type=notes.get(labels.TYPE) or _type(pod),
            image=notes.get(IMAGE) or _image(pod),
            operator=_operator(pod),
            cause=refused or cause,
            remains=refused is not None,
            interrupted=state is Observed.STOPPED and cause.hand is Hand.SPOT,
        )
    except (KeyError, TypeError, ValueError, AttributeError) as exc:
        raise Unavailable(f"{CLOUD} shows a claim or a pod that cannot be read: {exc} is missing or new to us") from exc


def _notes(state: Observed, reason: str, pod: Shown | None, machine: str, reached: Address | None) -> dict[str, Any]:
    """What is asked for again, and what people read."""
    notes: dict[str, Any] = {WAITS_FOR: reason} if reason and state in (Observed.PENDING, Observed.STOPPING) else {}
    if pod is not None and pod["metadata"]["name"] != machine:
        notes[POD_NAME] = str(pod["metadata"]["name"])
    if reached is not None and state is Observed.RUNNING:
        notes |= Terms(reached.host, reached.port).as_notes()
    return notes


def claims_of(pod: Shown) -> list[str]:
    """The names of the claims that it mounts, in order."""
    volumes = (pod.get("spec") or {}).get("volumes") or []
    named = ((one.get("persistentVolumeClaim") or {}).get("claimName") for one in volumes)
    return [str(name) for name in named if name]


def manifest_of(claim: Shown) -> dict[str, Any] | None:
    """What a start makes the pod of; None where nobody has kept one."""
    kept = (claim["metadata"].get("annotations") or {}).get(labels.POD)
    try:
        found = json.loads(kept) if kept else None
    except ValueError:
        return None
    return found if isinstance(found, dict) else None


def _zone(notes: Mapping[str, str], pod: Shown | None) -> str:
    chosen = ((pod or {}).get("spec") or {}).get("nodeSelector") or {}
    return notes.get(labels.ZONE) or str(chosen.get("topology.kubernetes.io/zone") or ANYWHERE)


def _type(pod: Shown | None) -> str:
    """Of a pod that somebody else has made: what it asks for, as we write it."""
    for one in ((pod or {}).get("spec") or {}).get("containers") or []:
        asked = (one.get("resources") or {}).get("requests") or {}
        cpu, memory = str(asked.get("cpu", "")), str(asked.get("memory", ""))
        if cpu.isdigit() and memory.endswith("Gi") and memory[:-2].isdigit():
            return str(Shape(Decimal(cpu), Decimal(memory[:-2])))
    return "pod"


def _image(pod: Shown | None) -> str:
    for one in ((pod or {}).get("spec") or {}).get("containers") or []:
        return str(one.get("image") or "")
    return ""


def _operator(pod: Shown | None) -> str:
    for owner in ((pod or {}).get("metadata") or {}).get("ownerReferences") or []:
        if owner.get("controller"):
            return f"{owner.get('kind')} {owner.get('name')}"
    return ""
