"""What an API server looks at before it keeps an object: names, labels, shapes, quotas, the Pod Security Standard."""

from __future__ import annotations

import re
from collections import Counter
from typing import TYPE_CHECKING, Any

from im.standins.kubernetes.errors import forbidden, invalid, no
from im.standins.kubernetes.scheduler import amount, requests

if TYPE_CHECKING:
    from im.standins.kubernetes.cluster import Cluster

_NAME = re.compile(r"[a-z0-9]([-a-z0-9.]*[a-z0-9])?")
_VALUE = re.compile(r"(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])?")
_KEY = re.compile(r"([a-z0-9.-]+/)?[A-Za-z0-9]([-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?")
_ANNOTATIONS = 256 * 1024
_GPUS = re.compile(r"[a-z.]+\.com/gpu")
_POD_FIELDS = frozenset(
    "activeDeadlineSeconds affinity automountServiceAccountToken containers enableServiceLinks hostname imagePullSecrets "
    "initContainers nodeName nodeSelector priorityClassName restartPolicy runtimeClassName securityContext "
    "serviceAccountName terminationGracePeriodSeconds tolerations volumes".split()
)


def metadata(kind: str, asked: dict[str, Any]) -> None:
    meta = asked.get("metadata") or {}
    name = str(meta.get("name") or "")
    if len(name) > 253 or not _NAME.fullmatch(name):
        raise invalid(
            kind, name, "metadata.name", f'Invalid value: "{name}": a lowercase RFC 1123 subdomain must consist of'
        )
    for key, value in (meta.get("labels") or {}).items():
        if not _KEY.fullmatch(key):
            raise invalid(
                kind, name, "metadata.labels", f'Invalid value: "{key}": name part must consist of alphanumeric'
            )
        if not isinstance(value, str) or len(value) > 63 or not _VALUE.fullmatch(value):
            told = (
                f'Invalid value: "{value}": a valid label must be an empty string or consist of alphanumeric characters'
            )
            raise invalid(kind, name, "metadata.labels", told)
    notes: dict[str, str] = meta.get("annotations") or {}
    if any(not _KEY.fullmatch(key) for key in notes):
        raise invalid(kind, name, "metadata.annotations", "name part must consist of alphanumeric")
    if sum(len(key) + len(value.encode()) for key, value in notes.items()) > _ANNOTATIONS:
        raise invalid(kind, name, "metadata.annotations", f"Too long: may not be more than {_ANNOTATIONS} bytes")


def claim(cluster: Cluster, namespace: str, asked: dict[str, Any]) -> None:
    name = asked["metadata"]["name"]
    spec = asked.get("spec") or {}
    size = ((spec.get("resources") or {}).get("requests") or {}).get("storage")
    if not spec.get("accessModes"):
        raise invalid(
            "PersistentVolumeClaim", name, "spec.accessModes", "Required value: at least 1 access mode is required"
        )
    if not size or not _quantity(size):
        raise invalid("PersistentVolumeClaim", name, "spec.resources[storage]", "Required value")
    quota(
        cluster,
        namespace,
        "persistentvolumeclaims",
        name,
        Counter({"persistentvolumeclaims": 1, "requests.storage": amount(size)}),
    )


def pod(cluster: Cluster, namespace: str, asked: dict[str, Any], *, strict: bool) -> None:
    name, spec = asked["metadata"]["name"], asked.get("spec") or {}
    strange = sorted(set(spec) - _POD_FIELDS)
    if strange and strict:
        raise no(
            400,
            f'Pod in version "v1" cannot be handled as a Pod: strict decoding error: unknown field "spec.{strange[0]}"',
        )
    for at, one in enumerate(spec.get("containers") or []):
        where = f"spec.containers[{at}].resources"
        resources = one.get("resources") or {}
        wanted, limits = resources.get("requests") or {}, resources.get("limits") or {}
        for key, value in {**wanted, **limits}.items():
            if not _quantity(value):
                raise no(400, f'quantities must match the regular expression: "{value}" of {key}')
            if _GPUS.fullmatch(key) and not float(amount(value)).is_integer():
                raise invalid("Pod", name, f"{where}.limits", f'Invalid value: "{value}": must be an integer')
        for key in wanted:
            if _GPUS.fullmatch(key) and key not in limits:
                raise invalid(
                    "Pod", name, f"{where}.limits", "Required value: Limit must be set for non overcommitable resources"
                )
    if not spec.get("containers"):
        raise invalid("Pod", name, "spec.containers", "Required value")
    if (chosen := spec.get("priorityClassName")) and chosen not in ("batch", "system-node-critical"):
        raise forbidden("pods", name, f"no PriorityClass with name {chosen} was found")
    if chosen := spec.get("runtimeClassName"):
        raise forbidden("pods", name, f'pod rejected: RuntimeClass "{chosen}" not found')
    if (chosen := spec.get("serviceAccountName")) and chosen not in ("default", "trainer"):
        raise forbidden(
            "pods", name, f"error looking up service account {namespace}/{chosen}: serviceaccount not found"
        )
    if namespace in cluster.restricted:
        _restricted(name, spec)
    wanted = requests({"spec": spec})
    asks: Counter[str] = Counter({f"requests.{key}": number for key, number in wanted.items()})
    quota(cluster, namespace, "pods", name, asks + Counter({"pods": 1}))


def _restricted(name: str, spec: dict[str, Any]) -> None:
    """https://kubernetes.io/docs/concepts/security/pod-security-standards/#restricted, as far as we could break it."""
    whole, broken = spec.get("securityContext") or {}, []
    for one in spec["containers"]:
        own, who = one.get("securityContext") or {}, f'container "{one["name"]}"'
        if own.get("allowPrivilegeEscalation") is not False:
            broken.append(
                f"allowPrivilegeEscalation != false ({who} must set securityContext.allowPrivilegeEscalation=false)"
            )
        if "ALL" not in ((own.get("capabilities") or {}).get("drop") or []):
            broken.append(f'unrestricted capabilities ({who} must set securityContext.capabilities.drop=["ALL"])')
        if not (own.get("runAsNonRoot", whole.get("runAsNonRoot"))):
            broken.append(f"runAsNonRoot != true (pod or {who} must set securityContext.runAsNonRoot=true)")
        if (own.get("seccompProfile") or whole.get("seccompProfile") or {}).get("type") not in (
            "RuntimeDefault",
            "Localhost",
        ):
            broken.append(
                f'seccompProfile (pod or {who} must set securityContext.seccompProfile.type to "RuntimeDefault")'
            )
    if any("hostPath" in one for one in spec.get("volumes") or []):
        broken.append("restricted volume types (volume uses restricted volume type hostPath)")
    if broken:
        raise forbidden("pods", name, f'violates PodSecurity "restricted:latest": {", ".join(broken)}')


def quota(cluster: Cluster, namespace: str, what: str, name: str, asks: Counter[str]) -> None:
    """Raises where a ResourceQuota of the namespace has less left."""
    for one in cluster.all("resourcequotas", namespace):
        hard = one["spec"]["hard"]
        used = _used(cluster, namespace)
        for key, limit in hard.items():
            if asks[key] and used[key] + asks[key] > amount(limit):
                told = f"requested: {key}={asks[key]:g}, used: {key}={used[key]:g}, limited: {key}={limit}"
                raise forbidden(what, name, f"exceeded quota: {one['metadata']['name']}, {told}")


def _used(cluster: Cluster, namespace: str) -> Counter[str]:
    used: Counter[str] = Counter()
    for one in cluster.all("pods", namespace):
        if one["status"]["phase"] in ("Pending", "Running"):
            used["pods"] += 1
            used.update({f"requests.{key}": number for key, number in requests(one).items()})
    for one in cluster.all("persistentvolumeclaims", namespace):
        used["persistentvolumeclaims"] += 1
        used["requests.storage"] += amount(one["spec"]["resources"]["requests"]["storage"])  # type: ignore[assignment]
    return used


def _quantity(text: object) -> bool:
    try:
        amount(str(text))
    except ValueError:
        return False
    return True
