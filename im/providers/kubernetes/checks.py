"""What `im doctor` asks of a cluster: who we are, which namespace that is, and whether each right is there."""

from __future__ import annotations

from collections.abc import Sequence

from im.domain.scope import Scope
from im.providers.contract import Check
from im.providers.errors import Forbidden
from im.providers.kit.checks import check
from im.providers.kubernetes.account import MISSING
from im.providers.kubernetes.api import CLAIMS, PODS, SECRETS, SERVICES, KubernetesApi

_BOTH = ("create", "get", "list", "patch", "delete", "deletecollection")
RIGHTS = (
    *((verb, what) for what in (PODS, CLAIMS) for verb in _BOTH),
    ("create", SECRETS),
    *(("create", SERVICES), ("list", SERVICES)),
    ("get", "namespaces"),
)
"""(verb, resource) of the least role."""
_ALLOW = "kubectl apply -n NAMESPACE -f docs/kubernetes-role.yaml; and bind that role to this user there"


def checks(api: KubernetesApi, scope: Scope) -> Sequence[Check]:
    asked = {
        "endpoint": lambda: f"Kubernetes {api.ask('GET', '/version').body['gitVersion']}",
        "identity": lambda: _who(api),
        "namespace": lambda: f"{scope.region} is there ({api.namespace(scope.region)[0]})",
        "rights": lambda: _rights(api, scope.region),
    }
    return [check(name, ask, credentials=MISSING, allow=_ALLOW) for name, ask in asked.items()]


def _who(api: KubernetesApi) -> str:
    body = {"apiVersion": "authentication.k8s.io/v1", "kind": "SelfSubjectReview"}
    told = api.ask("POST", "/apis/authentication.k8s.io/v1/selfsubjectreviews", body).body
    return str(told["status"]["userInfo"]["username"])


def _rights(api: KubernetesApi, namespace: str) -> str:
    missing = [f"{verb} {what}" for verb, what in RIGHTS if not may(api, namespace, verb, what)]
    if missing:
        raise Forbidden(f"in {namespace} these are missing: {', '.join(missing)}")
    return f"all {len(RIGHTS)} that im needs in {namespace}"


def may(api: KubernetesApi, namespace: str, verb: str, what: str) -> bool:
    """Everybody may ask that of themselves."""
    wanted = {"namespace": namespace, "verb": verb, "resource": what}
    body = {
        "apiVersion": "authorization.k8s.io/v1",
        "kind": "SelfSubjectAccessReview",
        "spec": {"resourceAttributes": wanted},
    }
    told = api.ask("POST", "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews", body).body
    return bool((told.get("status") or {}).get("allowed"))
