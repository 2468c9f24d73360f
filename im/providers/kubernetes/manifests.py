"""A machine as two objects of one name: the claim that stays, and the pod that a start makes of the manifest in the claim.

The pod passes the Pod Security Standard `restricted` as it is: https://kubernetes.io/docs/concepts/security/pod-security-standards/.
"""

from __future__ import annotations

import base64
import hashlib
import json
import re
import shlex
from collections.abc import Mapping, Sequence
from typing import Any

from im.domain import tags
from im.domain.spec.spec import Spec
from im.providers.contract import Slot
from im.providers.kubernetes import labels
from im.providers.kubernetes.billing import DEFAULT_GB
from im.providers.kubernetes.entry.sshd import HOME, NAMED, ON_ITS_PORT, PASSWD, PORT
from im.providers.kubernetes.nodes import NOWHERE, Placing
from im.providers.kubernetes.options import EXPOSE, RESTRICTED, Options
from im.providers.kubernetes.pending import GUARD_FIRED
from im.providers.kubernetes.profile import ANYWHERE
from im.providers.kubernetes.shapes import Shape, shape_of

INSIDE = "/im"
"""Where the pod reads what is said of it. The claim is mounted at its home, which alone outlives a stop."""
USER_DATA = "user-data"
WHO = 1000
"""User and group that run in the pod."""
SHM = "/dev/shm"  # noqa: S108 - of a container, which has it to itself
SCRATCH = "10Gi"
IMAGE = f"{labels.PREFIX}image"
ENTRY = f"""\
trap 'exit 143' TERM INT
umask 077
mkdir -p "$HOME/.ssh" "$HOME/.im"
cp {INSIDE}/authorized_keys "$HOME/.ssh/authorized_keys"
{NAMED}if [ -n "$IM_EXPOSE" ]; then
  while :; do
    /bin/sh -c {shlex.quote(ON_ITS_PORT)} > "$HOME/.im/sshd.log" 2>&1
    sleep 30
  done &
fi
if [ -f {INSIDE}/{USER_DATA} ] && [ ! -e "$HOME/.im/begun" ]; then
  : > "$HOME/.im/begun"
  cp {INSIDE}/{USER_DATA} "$HOME/.im/{USER_DATA}"
  chmod 700 "$HOME/.im/{USER_DATA}"
  if [ "$(head -c 2 "$HOME/.im/{USER_DATA}")" = '#!' ]; then
    "$HOME/.im/{USER_DATA}" > "$HOME/.im/{USER_DATA}.log" 2>&1 &
  fi
fi
while :; do
  at=$(cat {INSIDE}/stop-at 2>/dev/null)
  case "$at" in
    '' | *[!0-9]*) ;;
    *)
      if [ "$(date +%s)" -ge "$at" ]; then
        echo "{GUARD_FIRED}" > /dev/termination-log
        exit 0
      fi
      ;;
  esac
  sleep 5 &
  wait $!
done
"""
"""What the pod runs: it is there until it is told to end, or the moment of its guard has come. User data is run once, at first."""


_SAFE = {"allowPrivilegeEscalation": False, "capabilities": {"drop": ["ALL"]}}
_NAMES = {"name": "im", "mountPath": "/etc/passwd", "subPath": "passwd", "readOnly": True}
_NOT_ROOT = {"runAsNonRoot": True, "runAsUser": WHO, "runAsGroup": WHO}
_FILES = {"fsGroup": WHO, "fsGroupChangePolicy": "OnRootMismatch", "seccompProfile": {"type": "RuntimeDefault"}}


def machine_name(slot: Slot, token: str) -> str:
    """Holds the instance and the launch: a repeated launch meets it, and a late end reaches no other machine."""
    return f"{slot.instance_id}-{hashlib.sha256(token.encode()).hexdigest()[:6]}"


def claim(
    spec: Spec, deployment: str, token: str, slot: Slot, at: int, storage_class: str, manifest: Mapping[str, Any]
) -> dict[str, Any]:
    """`storage_class`: the account's; empty: the cluster's usual one. `manifest`: of its pod."""
    name, root = machine_name(slot, token), spec.disks[0]
    marks, notes = _facts(spec, deployment, token, slot, name)
    kind = root.kind or storage_class
    notes |= {
        labels.TYPE: spec.instance_type,
        labels.ZONE: spec.zone,
        labels.SLOT: str(at),
        IMAGE: spec.image,
        **({labels.EXPOSE: spec.provider_options["expose"]} if "expose" in spec.provider_options else {}),
        labels.POD: json.dumps(manifest, separators=(",", ":")),
    }
    return {
        "apiVersion": "v1",
        "kind": "PersistentVolumeClaim",
        "metadata": {"name": name, "labels": marks, "annotations": notes},
        "spec": {
            "accessModes": ["ReadWriteOnce"],
            "resources": {"requests": {"storage": f"{root.size_gb or DEFAULT_GB}Gi"}},
            # left out is the cluster's usual class; an empty word would mean none at all, for ever
            **({"storageClassName": kind} if kind else {}),
        },
    }


def service(spec: Spec, deployment: str, token: str, slot: Slot, owner: Mapping[str, Any]) -> dict[str, Any]:
    """An address of its own for ssh. It belongs to the claim: it stays while the machine is stopped, and goes with it."""
    name = machine_name(slot, token)
    marks, _ = _facts(spec, deployment, token, slot, name)
    return {
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": {"name": name, "labels": marks, "ownerReferences": [_belongs_to(owner)]},
        "spec": {
            "type": EXPOSE[spec.provider_options["expose"]],
            "selector": {labels.MACHINE: name},
            "ports": [{"name": "ssh", "port": 22, "targetPort": PORT, "protocol": "TCP"}],
        },
    }


def _belongs_to(claim: Mapping[str, Any]) -> dict[str, Any]:
    """The cluster itself takes away what it says this of, once the claim is gone."""
    meta = claim["metadata"]
    return {"apiVersion": "v1", "kind": "PersistentVolumeClaim", "name": meta["name"], "uid": meta["uid"]}


def secret(spec: Spec, slot: Slot, token: str, owner: Mapping[str, Any]) -> dict[str, Any]:
    """User data, which may be secret: it belongs to the claim, and goes with it."""
    assert spec.user_data is not None
    name = machine_name(slot, token)
    return {
        "apiVersion": "v1",
        "kind": "Secret",
        "metadata": {
            "name": name,
            "labels": {labels.MANAGED: "im"},
            "ownerReferences": [_belongs_to(owner)],
        },
        "immutable": True,
        "type": "Opaque",
        "data": {USER_DATA: base64.b64encode(spec.user_data).decode()},
    }


def pod(
    spec: Spec, deployment: str, token: str, slot: Slot, options: Options, placing: Placing = NOWHERE
) -> dict[str, Any]:
    name = machine_name(slot, token)
    marks, notes = _facts(spec, deployment, token, slot, name)
    shape = shape_of(spec.instance_type)
    resources = {**shape.resources, "ephemeral-storage": SCRATCH, **placing.resources}
    void = [] if shape.gpu else [{"name": "NVIDIA_VISIBLE_DEVICES", "value": "void"}]
    keep = {"cluster-autoscaler.kubernetes.io/safe-to-evict": "false", "karpenter.sh/do-not-disrupt": "true"}
    container = {
        "name": "main",
        "image": spec.image,
        "command": ["/bin/sh", "-c", ENTRY],
        "workingDir": HOME,
        # who asks for no GPU would else see all of its node's, where the runtime hands them out unasked
        "env": [{"name": "HOME", "value": HOME}, *void, *_exposed(spec)],
        "securityContext": _SAFE if options.security == RESTRICTED else {},
        # the same twice: what is lent beyond it would be taken back at any time
        "resources": {"requests": resources, "limits": resources},
        "volumeMounts": [
            {"name": "home", "mountPath": HOME},
            {"name": "shm", "mountPath": SHM},
            {"name": "im", "mountPath": INSIDE, "readOnly": True},
            *([_NAMES] if options.security == RESTRICTED else []),
        ],
    }
    made: dict[str, Any] = {
        "restartPolicy": "Never",
        "hostname": _hostname(slot.name),
        "automountServiceAccountToken": bool(options.service_account),
        "enableServiceLinks": False,
        "terminationGracePeriodSeconds": 30,
        "securityContext": {**(_NOT_ROOT if options.security == RESTRICTED else {}), **_FILES},
        "containers": [container],
        "volumes": [
            {"name": "home", "persistentVolumeClaim": {"claimName": name}},
            {"name": "shm", "emptyDir": {"medium": "Memory", "sizeLimit": options.shm or _half(shape)}},
            {"name": "im", "projected": {"sources": _said(name, spec)}},
        ],
    }
    zone = {} if spec.zone == ANYWHERE else {"topology.kubernetes.io/zone": spec.zone}
    told = {
        "nodeSelector": {**options.node_selector, **placing.selector, **zone},
        "tolerations": [*options.tolerations, *placing.tolerations],
        "affinity": _one_of(placing.one_of),
        "priorityClassName": options.priority_class,
        "serviceAccountName": options.service_account,
        "runtimeClassName": options.runtime_class,
        "imagePullSecrets": [{"name": one} for one in options.image_pull_secrets],
    }
    made |= {word: value for word, value in told.items() if value}
    lent = {labels.SPOT: "yes"} if spec.spot is not None else {}
    said = {labels.KEY: spec.public_key, labels.PASSWD: PASSWD, **lent}
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": name, "labels": marks, "annotations": {**notes, **keep, **said}},
        "spec": made,
    }


def born_of(manifest: Mapping[str, Any], what: str, stop_at: str = "") -> dict[str, Any]:
    """The manifest of a pod that a launch makes, or a start. `stop_at`: its guard's moment, where it has one to come."""
    meta = manifest["metadata"]
    beside = {labels.BORN: what} | ({labels.STOP_AT: stop_at} if stop_at else {})
    return {**manifest, "metadata": {**meta, "annotations": {**meta.get("annotations", {}), **beside}}}


def _said(name: str, spec: Spec) -> list[dict[str, Any]]:
    """What the pod reads of itself, without asking anybody: annotations reach it as files, and user data as a secret's."""
    key = {"path": "authorized_keys", "fieldRef": {"fieldPath": f"metadata.annotations['{labels.KEY}']"}}
    until = {"path": "stop-at", "fieldRef": {"fieldPath": f"metadata.annotations['{labels.STOP_AT}']"}}
    names = {"path": "passwd", "fieldRef": {"fieldPath": f"metadata.annotations['{labels.PASSWD}']"}}
    sources: list[dict[str, Any]] = [{"downwardAPI": {"items": [key, until, names]}}]
    if spec.user_data is not None:
        sources.append({"secret": {"name": name, "items": [{"key": USER_DATA, "path": USER_DATA}]}})
    return sources


def _exposed(spec: Spec) -> list[dict[str, str]]:
    return [{"name": "IM_EXPOSE", "value": str(PORT)}] if "expose" in spec.provider_options else []


def _facts(spec: Spec, deployment: str, token: str, slot: Slot, name: str) -> tuple[dict[str, str], dict[str, str]]:
    facts = {**spec.tags, tags.DEPLOYMENT: deployment, tags.LAUNCH: token, tags.OWNER: spec.owner}
    marks, notes = labels.written({**facts, tags.INSTANCE: slot.instance_id, tags.NAME: slot.name})
    return {**marks, labels.MACHINE: name}, notes


def _one_of(labels_: Mapping[str, Sequence[str]]) -> dict[str, Any]:
    if not labels_:
        return {}
    terms = [{"key": key, "operator": "In", "values": list(values)} for key, values in labels_.items()]
    wanted = {"nodeSelectorTerms": [{"matchExpressions": terms}]}
    return {"nodeAffinity": {"requiredDuringSchedulingIgnoredDuringExecution": wanted}}


def _half(shape: Shape) -> str:
    """Half its memory, of which it is a part."""
    return f"{max(1, int(shape.gib * 512))}Mi"


def _hostname(name: str) -> str:
    return re.sub(r"[^a-z0-9-]", "-", name.lower())[:63].strip("-") or "im"
