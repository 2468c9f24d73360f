"""A pod as RunPod shows it, as a sighting; and what a pod is asked for with. Its variables hold secrets: only ours are read."""

from __future__ import annotations

import ipaddress
from collections.abc import Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from typing import Any

from im.domain.cause import UNKNOWN_CAUSE, Cause, Hand
from im.domain.sighting import Sighting
from im.domain.spec.spec import Spec
from im.domain.spec.terms import Terms
from im.domain.state import Observed
from im.providers.errors import InvalidSpec, NoCapacity, Unavailable
from im.providers.runpod import gpus, tags
from im.providers.runpod.api import CLOUD
from im.providers.runpod.billing import DISK
from im.providers.runpod.flags import MOUNTED_AT, NETWORK_VOLUME
from im.providers.runpod.profile import DEFAULT_IMAGE

NEEDS_CUDA = "12.8"
"""What the usual image was built for; a host with an older driver cannot run it (comfyui-mcp#2016)."""
_STATES = {
    "PROVISIONING": Observed.PENDING,
    "STARTING": Observed.PENDING,
    "RUNNING": Observed.RUNNING,
    "EXITED": Observed.STOPPED,
    "ERROR": Observed.STOPPED,
    "TERMINATED": Observed.TERMINATED,
}
LENT_AWAY = (
    "RunPod has given its GPUs to others; /workspace is kept. Wait, and im asks again (im start NAME -d 2h, once it has given up); "
    "or make another and move (im create); or end it (im terminate NAME)"
)
"""What can be done about a start without room."""


def sighting(pod: Mapping[str, Any]) -> Sighting:
    """Raises Unavailable for one that cannot be read: what we do not understand proves nothing."""
    try:
        env = pod.get("env") or {}
        status, state = pod["status"], _STATES[pod["status"]]
        kind = tags.type_of(env) or _type(pod)
        bare = came_back_bare(pod)
        return Sighting(
            provider_id=pod["id"],
            # it bills for what it has, and is of no use: one to be stopped
            state=Observed.HALTED if bare else state,
            zone=pod.get("dataCenterId") or "",
            public_ip=_address(pod),
            launched_at=_moment(pod.get("startedAt") or pod["createdAt"]),
            reason=_reason(status, bare=bare),
            cause=Cause(Hand.CLOUD, NoCapacity.code, f"it came back without a GPU: {LENT_AWAY}")
            if bare
            else UNKNOWN_CAUSE,
            tags=tags.read(str(pod.get("name") or ""), env),
            instance_type=kind,
            image=str(pod.get("image") or ""),
            disk_gb=_kept_gb(pod),
            disk_type=DISK,
            notes=_terms(pod, kind).as_notes() if state is Observed.RUNNING else None,
        )
    except (KeyError, TypeError, AttributeError, ValueError) as exc:
        raise Unavailable(f"{CLOUD} shows a pod that cannot be read: {exc} is missing or new to us") from exc


def came_back_bare(pod: Mapping[str, Any]) -> bool:
    """Does it run without the GPUs that it was launched with?"""
    wished = gpus.parse(tags.type_of(pod.get("env") or {}))
    return pod.get("status") == "RUNNING" and isinstance(wished, gpus.Gpu) and not (pod.get("gpu") or {}).get("count")


def _type(pod: Mapping[str, Any]) -> str:
    if cpu := pod.get("cpu"):
        return f"{cpu['id']}-{cpu['vcpuCount']}"
    gpu = pod.get("gpu") or {}
    return gpus.kind_of(gpu["id"], gpu["count"]) if gpu.get("id") else "unknown"


def _address(pod: Mapping[str, Any]) -> str | None:
    """A pod that is stopped has shown what it had before (runpodctl#315): only one that runs is believed."""
    host = _ssh(pod).get("host")
    try:
        return str(ipaddress.ip_address(host)) if host else None
    except ValueError:
        return None


def _ssh(pod: Mapping[str, Any]) -> Mapping[str, Any]:
    """Where sshd answers; empty until its port is mapped."""
    return ((pod.get("ssh") or {}).get("direct") or {}) if pod.get("status") == "RUNNING" else {}


def _terms(pod: Mapping[str, Any], kind: str) -> Terms:
    """Its port changes with each start; its price is its own, as discounts are in it."""
    ssh, cost = _ssh(pod), pod.get("cost") or 0
    host = "" if _address(pod) else str(ssh.get("host") or "")
    prices = {kind: Decimal(str(cost))} if cost > 0 and not came_back_bare(pod) else {}
    return Terms(ssh_host=host, ssh_port=ssh.get("port"), prices=prices)


def _kept_gb(pod: Mapping[str, Any]) -> int:
    """GB of the volume that a stop keeps; a network volume is nobody's in particular."""
    kept = (pod.get("mounts") or {}).get("persistent") or {}
    return int(kept.get("size") or 0)


def _reason(status: str, *, bare: bool) -> str:
    if bare:
        return "RunPod started it without a GPU"
    return "RunPod cannot run its container" if status == "ERROR" else ""


def _moment(told: str) -> datetime:
    return datetime.fromisoformat(told)


# ---- asked for -------------------------------------------------------------------------------------------------------


def request(spec: Spec, name: str, facts: Mapping[str, str], sold: Sequence[str]) -> dict[str, Any]:
    """`sold`: ids of the GPUs in RunPod's catalogue, needed for one that our table does not have."""
    env = tags.written(facts, spec.tags, spec.instance_type)
    asked: dict[str, Any] = {
        "name": name,
        "image": spec.image,
        "env": {**env, "PUBLIC_KEY": spec.public_key},
        "ports": ["22/tcp"],
        "disk": spec.disks[0].size_gb,
        "startSsh": True,  # with the key above; without one it would be those of the whole account
        "cloud": "SECURE",
        **compute(spec, sold),
    }
    if spec.zone:
        asked["dataCenterIds"] = [spec.zone]
    if kept := spec.disks[1:]:
        asked["mounts"] = {"persistent": {"size": kept[0].size_gb, "path": MOUNTED_AT}}
    if volume := spec.provider_options.get(NETWORK_VOLUME):
        asked["mounts"] = {"network": [{"volumeId": volume, "path": MOUNTED_AT}]}
    return asked


def compute(spec: Spec, sold: Sequence[str]) -> dict[str, Any]:
    kind = gpus.parse(spec.instance_type)
    if isinstance(kind, gpus.Cpu):
        return {"cpu": {"id": kind.flavor, "vcpuCount": kind.vcpus}}
    found = gpus.id_of(kind.word, sold) if kind else ""
    if kind is None or not found:
        raise InvalidSpec(f"RunPod sells no {spec.instance_type}")
    cuda = {"minCudaVersion": NEEDS_CUDA} if spec.image == DEFAULT_IMAGE and found.startswith("NVIDIA") else {}
    return {"gpu": {"id": found, "count": kind.count, **cuda}}
