"""Why a pod does not run yet, or no longer: what scheduler and kubelet say, in people's words, and whether waiting helps."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from im.domain.cause import UNKNOWN_CAUSE, Cause, Hand
from im.providers.kit.text import scrubbed
from im.providers.kubernetes import labels
from im.providers.kubernetes.events import Event, latest

GUARD_FIRED = "its guard in the cluster stopped it"
"""What the pod's first process leaves behind when it ended by itself, at the moment that its annotation says."""
NO_CAPACITY, INVALID = "no_capacity", "invalid_spec"
_IMAGE = frozenset({"ErrImagePull", "ImagePullBackOff", "InvalidImageName", "ErrImageNeverPull", "ImageInspectError"})
_BROKEN = frozenset({"CreateContainerConfigError", "CreateContainerError", "RunContainerError"})
_UNMOUNTED = {
    "FailedMount": "its disk cannot be mounted",
    "FailedAttachVolume": "its disk cannot be attached to its node",
    "FailedMapVolume": "its disk cannot be mounted",
    "FailedCreatePodSandBox": "its node cannot make its surroundings",
}
_UNBOUND = ("ProvisioningFailed", "FailedBinding")
_COMES, _NEVER = ("TriggeredScaleUp", "Nominated"), ("NotTriggerScaleUp",)
"""Of the cluster autoscaler and of Karpenter: a node is being made for it; none that would help can be made."""
_FEW_ROOM = re.compile(r"Insufficient (\S+?)[,.]?$")
_PART = re.compile(r"(\d+) (.+)")
_WHOLE = re.compile(r"0/(\d+) nodes are available: (.*)", re.DOTALL)
_ONE_MOMENT = timedelta(0)
_LONG = timedelta(seconds=8)


@dataclass(frozen=True, slots=True)
class Patience:
    """How long something may take that may still come right."""

    room: timedelta = timedelta(seconds=30)
    """Until a pod that no node has room for counts as refused; longer where a cluster makes nodes as they are needed."""
    image: timedelta = timedelta(minutes=2)
    """A registry may be away for a moment."""
    mount: timedelta = timedelta(minutes=10)
    """A disk may still be held by the node that had it before."""
    grows: bool = False
    """The cluster makes nodes as they are needed: that none fits now proves nothing."""


PATIENCE = Patience()
GROWING = Patience(room=timedelta(minutes=20), grows=True)


@dataclass(frozen=True, slots=True)
class Waiting:
    """`says`: why it does not run; `refused`: it never will, as far as waiting goes."""

    says: str = ""
    refused: Cause | None = None


def waiting(
    pod: Mapping[str, Any], now: datetime, patience: Patience = PATIENCE, events: Sequence[Event] = ()
) -> Waiting:
    """Of a pod that is pending. `events`: what is told of it and its claim, newest first."""
    status = pod.get("status") or {}
    placed = _condition(pod, "PodScheduled")
    if placed and placed.get("status") == "False":
        since = moment(placed.get("lastTransitionTime")) or now
        if placed.get("reason") == "SchedulingGated":
            return Waiting("it is queued: another program of the cluster holds it back")
        return _unplaced(str(placed.get("message") or ""), now - since, patience, events)
    for one in status.get("containerStatuses") or []:
        told = (one.get("state") or {}).get("waiting") or {}
        word, says = str(told.get("reason") or ""), scrubbed(str(told.get("message") or ""))
        begun = moment(status.get("startTime")) or now
        if word in _IMAGE:
            told_so = f"its image cannot be pulled ({word}): {says or one.get('image', '')}"
            return Waiting(told_so, _cloud(INVALID, told_so) if now - begun >= patience.image else None)
        if word in _BROKEN:
            told_so = f"its container cannot be made ({word}): {says}"
            return Waiting(told_so, _cloud(INVALID, told_so) if now - begun >= patience.image else None)
        if word and word not in ("ContainerCreating", "PodInitializing"):
            return Waiting(f"{word}: {says}" if says else word)
    return _unmounted(now - (moment(status.get("startTime")) or now), patience, events)


def waits_long(pod: Mapping[str, Any], now: datetime) -> bool:
    """So long that its events are worth a call."""
    if (pod.get("status") or {}).get("phase") != "Pending" or pod["metadata"].get("deletionTimestamp"):
        return False
    return now - (moment(pod["metadata"].get("creationTimestamp")) or now) >= _LONG


def _unmounted(since: timedelta, patience: Patience, events: Sequence[Event]) -> Waiting:
    """It has a node, and no container yet: mostly because its image is on its way, of which nothing is told."""
    told = latest(events, *_UNMOUNTED)
    if told is None:
        return Waiting()
    says = f"{_UNMOUNTED[told.reason]} ({told.reason}): {told.says}"
    return Waiting(says, _cloud(INVALID, says) if since >= patience.mount else None)


def _unplaced(message: str, since: timedelta, patience: Patience, events: Sequence[Event]) -> Waiting:
    says = in_words(message)
    if "unbound" in message and (told := latest(events, *_UNBOUND)) is not None:
        says = f"its disk cannot be made ({told.reason}): {told.says}"
        return Waiting(says, _cloud(INVALID, says) if since >= patience.image else None)
    scaled = latest(events, *_COMES, *_NEVER)
    if scaled is not None and scaled.reason in _COMES:
        says = f"{says}; the cluster makes a node for it"
        return Waiting(says, _cloud(NO_CAPACITY, says) if since >= GROWING.room else None)
    if scaled is not None:
        says = f"{says}; and the cluster makes no node for it: {scaled.says}"
        return Waiting(says, _cloud(NO_CAPACITY, says) if since >= PATIENCE.room else None)
    if "is being deleted" in message or "not found" in message:
        return Waiting(says)
    hopeless = not patience.grows and "Insufficient" not in message and "unbound" not in message
    if hopeless or since >= (patience.room if patience.room > _ONE_MOMENT else _ONE_MOMENT):
        return Waiting(says, _cloud(NO_CAPACITY, says))
    return Waiting(says)


def in_words(message: str) -> str:
    """`0/5 nodes are available: 3 Insufficient nvidia.com/gpu, 2 node(s) didn't match …`, for people."""
    whole = _WHOLE.match(message)
    if whole is None:
        return f"it cannot be placed: {scrubbed(message)}" if message else "it waits for a node"
    number, rest = whole[1], whole[2].partition(" preemption:")[0].rstrip(" .")
    parts = [_part(one.strip()) for one in rest.split(", ")]
    return f"no node has room for it: of {number}, {', '.join(parts)}"


def _part(text: str) -> str:
    found = _PART.fullmatch(text)
    if found is None:
        return _volume(scrubbed(text))
    number, why = found[1], found[2]
    if few := _FEW_ROOM.search(why):
        return f"{number} {_have(number)} too little {_resource(few[1])} free"
    if "node affinity/selector" in why:
        return f"{number} {_are(number)} of another kind or zone"
    if "volume node affinity conflict" in why:
        return f"{number} cannot reach its disk, which is in another zone"
    if "untolerated taint" in why:
        return f"{number} {_are(number)} kept for others{why.partition('taint')[2].rstrip('.')}"
    if "unschedulable" in why:
        return f"{number} {_are(number)} closed to new pods"
    return f"{number} {scrubbed(why)}"


def _volume(text: str) -> str:
    return "its volume cannot be bound" if "unbound" in text else text


def _have(number: str) -> str:
    return "has" if number == "1" else "have"


def _are(number: str) -> str:
    return "is" if number == "1" else "are"


def _resource(name: str) -> str:
    return {"cpu": "CPU", "memory": "memory", "pods": "room for pods"}.get(name, name)


_TAKEN = {
    "PreemptionByScheduler": (Hand.CLOUD, "a pod of higher priority took its place"),
    "DeletionByTaintManager": (Hand.RETIRED, "its node was lost or closed"),
    "EvictionByEvictionAPI": (Hand.RETIRED, "its node is being emptied"),
    "DeletionByPodGC": (Hand.RETIRED, "its node is gone"),
    "TerminationByKubelet": (Hand.CLOUD, "its node was shut down, or ended it for its own sake"),
}
"""Reasons of the condition DisruptionTarget."""
_REFUSED_BY_NODE = frozenset({"UnexpectedAdmissionError", "NodeAffinity", "NodeShutdown"})
_SHUT_DOWN = frozenset({"Terminated", "Shutdown"})
"""Reasons of pods whose node was shut down under them."""
_OF_ITS_NODE = frozenset(
    {"DeletionByTaintManager", "EvictionByEvictionAPI", "DeletionByPodGC", "TerminationByKubelet", "NodeNotReady"}
)


def is_lent(pod: Mapping[str, Any]) -> bool:
    """Is it on nodes that may be taken back?"""
    return labels.SPOT in (pod["metadata"].get("annotations") or {})


def taken_by(pod: Mapping[str, Any], reason: str) -> tuple[Hand, str]:
    """Whose hand took it, and in words. Of one on a node that is lent, what becomes of the node is that it was taken back."""
    hand, says = _TAKEN.get(reason, (Hand.CLOUD, "the cluster ended it"))
    if reason in _OF_ITS_NODE and is_lent(pod):
        return Hand.SPOT, f"the node that was lent to it was taken back ({says})"
    return hand, says


def gone(manifest: Mapping[str, Any], events: Sequence[Event]) -> tuple[Cause, str]:
    """Of a machine whose pod is no longer there: what is told of its end; nothing where somebody deleted it."""
    told = latest(events, *_GONE)
    if told is None:
        return UNKNOWN_CAUSE, ""
    hand, says = taken_by(manifest, _GONE[told.reason])
    return Cause(hand, says=says), says


_GONE = {
    "Preempted": "PreemptionByScheduler",
    "TaintManagerEviction": "DeletionByTaintManager",
    "Evicted": "EvictionByEvictionAPI",
    "NodeNotReady": "DeletionByTaintManager",
    "NodeShutdown": "TerminationByKubelet",
}
"""Reasons of events of a pod's end → of the condition DisruptionTarget."""


def over(pod: Mapping[str, Any]) -> tuple[Cause, str, datetime | None]:
    """Of a pod that has succeeded or failed: whose hand it was, why in words, and when."""
    status = pod.get("status") or {}
    ended = _terminated(status)
    at = moment(ended.get("finishedAt"))
    reason, code = str(status.get("reason") or ""), ended.get("exitCode")
    taken = _condition(pod, "DisruptionTarget")
    if reason == "Evicted":
        says = f"its node was short of something and evicted it: {scrubbed(str(status.get('message') or ''))}"
        return _cloud("did_not_start", says), says, at
    if reason == "DeadlineExceeded":
        says = "the cluster's own deadline ended it"
        return _cloud("did_not_start", says), says, at
    if reason in _SHUT_DOWN and not taken:
        hand, says = taken_by(pod, "TerminationByKubelet")
        return Cause(hand, says=says), says, at
    if reason in _REFUSED_BY_NODE or reason.startswith("OutOf"):
        says = f"its node refused it after all ({reason}): {scrubbed(str(status.get('message') or ''))}"
        return _cloud(NO_CAPACITY, says), says, at
    if taken and taken.get("status") == "True":
        hand, says = taken_by(pod, str(taken.get("reason")))
        return Cause(hand, says=says), says, at
    if ended.get("reason") == "OOMKilled":
        says = "it used more memory than it has, and was killed (OOMKilled): start it as a larger type"
        return _cloud("did_not_start", says), says, at
    if str(ended.get("message") or "").strip() == GUARD_FIRED:
        return Cause(Hand.GUEST, says=GUARD_FIRED), GUARD_FIRED, at
    says = "its process ended" if code in (0, None) else f"its process ended with code {code}"
    return Cause(Hand.GUEST, says=says), says, at


def ending(pod: Mapping[str, Any]) -> str:
    """Of a pod that is being ended: until when it may, and what it means if it stays longer, for nobody looks again by then."""
    at = moment(pod["metadata"].get("deletionTimestamp"))
    if at is None:
        return ""
    late = "if it stays longer, its node does not answer, and may still run it until it returns or is deleted"
    return f"its pod has until {at:%H:%M:%S} UTC to end; {late}"


def _terminated(status: Mapping[str, Any]) -> Mapping[str, Any]:
    for one in status.get("containerStatuses") or []:
        if found := (one.get("state") or {}).get("terminated"):
            return dict(found)
    return {}


def _condition(pod: Mapping[str, Any], kind: str) -> Mapping[str, Any]:
    found = [one for one in (pod.get("status") or {}).get("conditions") or [] if one.get("type") == kind]
    return found[0] if found else {}


def _cloud(code: str, says: str) -> Cause:
    return Cause(Hand.CLOUD, code, says) if says else UNKNOWN_CAUSE


def moment(text: Any) -> datetime | None:
    return datetime.fromisoformat(str(text)).astimezone(UTC) if text else None
