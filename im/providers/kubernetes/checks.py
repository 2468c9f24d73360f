"""What `im doctor` asks of a cluster: who we are, in which namespace, whether each right is there, and what a launch will meet."""

from __future__ import annotations

from collections.abc import Sequence

from im.domain.config.account import Account
from im.domain.scope import Scope
from im.providers.contract import Check
from im.providers.errors import Forbidden, InvalidSpec
from im.providers.kit.checks import check
from im.providers.kubernetes.account import MISSING, sentence
from im.providers.kubernetes.api import (
    CLAIMS,
    CLASSES,
    EVENTS,
    NODES,
    PODS,
    QUOTAS,
    SECRETS,
    SERVICES,
    KubernetesApi,
    Shown,
)
from im.providers.kubernetes.profile import DEFAULT_IMAGE

_BOTH = ("create", "get", "list", "patch", "delete", "deletecollection")
RIGHTS = (
    *((verb, what) for what in (PODS, CLAIMS) for verb in _BOTH),
    ("create", SECRETS),
    *(("create", SERVICES), ("list", SERVICES)),
    ("list", EVENTS),
    ("get", "namespaces"),
)
"""(verb, resource) of the least role."""
UNREAD = "not to be read by this user"
_ALLOW = "kubectl apply -n NAMESPACE -f docs/kubernetes-role.yaml; and bind that role to this user there"


OPTIONAL = (("list", QUOTAS), ("list", CLASSES), ("list", NODES))
"""What is asked for where it may be, and told as unknown where not; the latter two are rights of the whole cluster."""


def checks(api: KubernetesApi, scope: Scope, account: Account) -> Sequence[Check]:
    words = account.credentials
    asked = {
        "endpoint": lambda: f"Kubernetes {api.ask('GET', '/version').body['gitVersion']}, by {sentence(account)}",
        "identity": lambda: _who(api),
        "namespace": lambda: f"{scope.region} is there ({api.namespace(scope.region)[0]})",
        "rights": lambda: _rights(api, scope.region),
        "quota": lambda: _quota(api, scope.region),
        "storage class": lambda: _class(api, words.get("storage_class", "")),
        "image": lambda: _image(api, DEFAULT_IMAGE),
        "log in": lambda: _log_in(api, scope.region),
    }
    return [check(name, ask, credentials=MISSING, allow=_ALLOW) for name, ask in asked.items()]


def _quota(api: KubernetesApi, namespace: str) -> str:
    """How much of each is used. What is full is no fault: something may be stopped for it."""
    try:
        found = api.all(namespace, QUOTAS)
    except Forbidden:
        return f"{UNREAD}: a launch that exceeds one is refused with its words"
    parts = []
    for one in found:
        status = one.get("status") or {}
        hard, used = status.get("hard") or (one.get("spec") or {}).get("hard") or {}, status.get("used") or {}
        parts += [f"{key} {used.get(key, '?')} of {limit}" for key, limit in sorted(hard.items())]
    return ", ".join(parts[:12]) or "none in this namespace"


def _class(api: KubernetesApi, named: str) -> str:
    """The account's, else the cluster's usual one."""
    try:
        found = {str(one["metadata"]["name"]): one for one in api.all("", CLASSES)}
    except Forbidden:
        return f"{UNREAD}: a class must have reclaimPolicy Delete, or disks stay behind"
    usual = next((name for name, one in found.items() if _is_usual(one)), "")
    name = named or usual
    if not name:
        raise InvalidSpec("the cluster has no usual storage class: name storage_class in the account's declaration")
    if name not in found:
        raise InvalidSpec(f"there is no storage class {name}; there are: {', '.join(sorted(found)) or 'none'}")
    if found[name].get("reclaimPolicy", "Delete") != "Delete":
        raise InvalidSpec(f"{name} keeps disks of terminated machines (reclaimPolicy {found[name]['reclaimPolicy']})")
    return f"{name}, which deletes a disk with its claim"


def _is_usual(one: Shown) -> bool:
    return (one["metadata"].get("annotations") or {}).get("storageclass.kubernetes.io/is-default-class") == "true"


def _image(api: KubernetesApi, image: str) -> str:
    """No API says whether nodes reach a registry; only what they have pulled already."""
    try:
        nodes = api.all("", NODES)
    except Forbidden:
        return f"whether nodes can pull {image}, only a launch tells"
    have = sum(any(_same(image, name) for name in _images(one)) for one in nodes)
    if have:
        return f"{have} of {len(nodes)} nodes have {image} already"
    return f"no node has {image} yet; whether they can pull it, only a launch tells"


def _images(node: Shown) -> list[str]:
    told = (node.get("status") or {}).get("images") or []
    return [str(name) for one in told for name in one.get("names") or []]


def _same(image: str, name: str) -> bool:
    """Nodes write out the registry that everybody leaves out."""
    return name in (image, f"docker.io/{image}", f"docker.io/library/{image}")


def _log_in(api: KubernetesApi, namespace: str) -> str:
    """A right of people, which whoever makes machines need not have."""
    missing = [verb for verb in ("get", "create") if not may(api, namespace, verb, "pods", "exec")]
    if missing:
        return f"this user may not {' and '.join(missing)} pods/exec: whoever types im ssh needs both of their own"
    return "this user may also enter pods (get and create of pods/exec)"


def _who(api: KubernetesApi) -> str:
    body = {"apiVersion": "authentication.k8s.io/v1", "kind": "SelfSubjectReview"}
    told = api.ask("POST", "/apis/authentication.k8s.io/v1/selfsubjectreviews", body).body
    return str(told["status"]["userInfo"]["username"])


def _rights(api: KubernetesApi, namespace: str) -> str:
    missing = [f"{verb} {what}" for verb, what in RIGHTS if not may(api, namespace, verb, what)]
    if missing:
        raise Forbidden(f"in {namespace} these are missing: {', '.join(missing)}")
    return f"all {len(RIGHTS)} that im needs in {namespace}"


def may(api: KubernetesApi, namespace: str, verb: str, what: str, part: str = "") -> bool:
    """Everybody may ask that of themselves."""
    wanted = {"namespace": namespace, "verb": verb, "resource": what, **({"subresource": part} if part else {})}
    body = {
        "apiVersion": "authorization.k8s.io/v1",
        "kind": "SelfSubjectAccessReview",
        "spec": {"resourceAttributes": wanted},
    }
    told = api.ask("POST", "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews", body).body
    return bool((told.get("status") or {}).get("allowed"))
