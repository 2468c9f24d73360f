"""What is sent to a cluster: bodies that the strictest namespace takes, and what flags and accounts add to them."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pytest
from kubernetes import client as k8s

from im.domain.config.account import Account
from im.domain.errors import Refused
from im.providers.errors import InvalidSpec
from im.providers.kubernetes import account
from im.providers.kubernetes.nodes import is_called
from im.providers.kubernetes.options import checked
from im.providers.kubernetes.provider import KubernetesProvider, connected
from im.standins.kubernetes.catalog import node
from tests.providers.clouds import DEPLOYMENT
from tests.providers.kubernetes.room import SLOT, TOKEN, KubernetesRoom


def told(room: KubernetesRoom, words: Mapping[str, str] | None = None, **asked: Any) -> dict[str, Any]:
    """The spec of the pod that comes of it, at an account with these words."""
    declared = account.read(Account("lab", "kubernetes", dict(words or {})))
    provider = connected(room.url, TOKEN, DEPLOYMENT, declared)
    room.wish(**asked)
    (made,) = provider.launch(room.scope, room.spec, token="tok", slots=[SLOT])
    spec: dict[str, Any] = room.pod(made.provider_id)["spec"]
    return spec


def test_without_a_word_the_strictest_standard_takes_it(kubernetes: KubernetesRoom) -> None:
    assert "default" in kubernetes.cluster.restricted
    spec = told(kubernetes)
    assert spec["automountServiceAccountToken"] is False
    assert spec["containers"][0]["resources"]["requests"] == spec["containers"][0]["resources"]["limits"]
    assert "serviceAccountName" not in spec
    assert "nodeSelector" not in spec
    shm = next(one["emptyDir"] for one in spec["volumes"] if one["name"] == "shm")
    assert shm == {"medium": "Memory", "sizeLimit": "2048Mi"}


def test_every_field_that_is_sent_is_one_that_kubernetes_has(kubernetes: KubernetesRoom) -> None:
    """By the models of its own client, which take no other."""
    sent: list[dict[str, Any]] = []
    provider = kubernetes.kubernetes()
    create = provider._api.create

    def noted(namespace: str, what: str, body: Any) -> dict[str, Any]:
        sent.append(dict(body))
        return dict(create(namespace, what, body))

    provider._api.create = noted  # type: ignore[method-assign]
    kubernetes.cluster.restricted.clear()
    typed = {"node-selector": ("kubernetes.io/arch=amd64",), "toleration": ("lab",), "shm": "1Gi", "gpu": "a100:1"}
    kubernetes.wish(options=typed, user_data=b"#!/bin/sh\n", instance_type="2x4", zone="metal-a")
    provider.launch(kubernetes.scope, kubernetes.spec, token="tok", slots=[SLOT])
    models = {"PersistentVolumeClaim": k8s.V1PersistentVolumeClaim, "Pod": k8s.V1Pod, "Secret": k8s.V1Secret}
    assert {one["kind"] for one in sent} == set(models)
    for one in sent:
        models[one["kind"]].model_validate_json(json.dumps(one))
    with pytest.raises(ValueError, match="wings"):
        k8s.V1Pod.model_validate_json(json.dumps({**sent[-1], "spec": {**sent[-1]["spec"], "wings": 2}}))


def test_a_namespace_that_is_strict_refuses_what_asks_for_more(kubernetes: KubernetesRoom) -> None:
    with pytest.raises(InvalidSpec, match='violates PodSecurity "restricted'):
        told(kubernetes, {"security": "baseline"})
    assert kubernetes.cluster.all("persistentvolumeclaims", "") == []
    kubernetes.cluster.restricted.clear()
    spec = told(kubernetes, {"security": "baseline"})
    assert spec["containers"][0]["securityContext"] == {}
    assert "runAsUser" not in spec["securityContext"]


def test_what_is_typed_goes_before_the_account_or_is_added(kubernetes: KubernetesRoom) -> None:
    words = {
        "node_selector": "disk=ssd, team=a",
        "tolerations": "team=a:NoSchedule",
        "priority_class": "low",
        "service_account": "other",
        "image_pull_secrets": "hub",
    }
    typed = {
        "node-selector": ("team=b",),
        "toleration": ("lab",),
        "priority-class": "batch",
        "service-account": "trainer",
        "shm": "1Gi",
    }
    spec = told(kubernetes, words, options=typed)
    assert spec["nodeSelector"] == {"disk": "ssd", "team": "b"}
    assert spec["tolerations"] == [
        {"key": "team", "operator": "Equal", "value": "a", "effect": "NoSchedule"},
        {"key": "lab", "operator": "Exists"},
    ]
    assert (spec["priorityClassName"], spec["serviceAccountName"]) == ("batch", "trainer")
    assert (spec["automountServiceAccountToken"], spec["imagePullSecrets"]) == (True, [{"name": "hub"}])
    assert next(one["emptyDir"] for one in spec["volumes"] if one["name"] == "shm")["sizeLimit"] == "1Gi"


@pytest.mark.parametrize(
    "typed",
    [
        {"node-selector": ("x",)},
        {"node-selector": ("a=b c",)},
        {"toleration": ("a=b:Never",)},
        {"toleration": ("",)},
        {"priority-class": "A b"},
        {"service-account": "../x"},
        {"shm": "lots"},
    ],
)
def test_what_cannot_be_is_refused_at_the_prompt(typed: dict[str, Any]) -> None:
    with pytest.raises(Refused) as refused:
        checked(typed)
    assert refused.value.hint


@pytest.mark.parametrize(
    "words",
    [
        {"autoscaler": "perhaps"},
        {"security": "none"},
        {"tolerations": "a=b:c"},
        {"node_selector": "x"},
        {"spot_label": "a=b c"},
    ],
)
def test_an_account_that_says_what_cannot_be_is_refused(words: dict[str, str]) -> None:
    with pytest.raises(Refused):
        account.read(Account("lab", "kubernetes", words))


@pytest.mark.parametrize(
    ("product", "name", "same"),
    [
        ("NVIDIA-A100-SXM4-40GB", "a100", True),
        ("NVIDIA-A100-SXM4-80GB", "a100-80gb", True),
        ("NVIDIA-A100-SXM4-40GB", "a100-80gb", False),
        ("NVIDIA-A100-SXM4-40GB", "a10", False),
        ("NVIDIA-L40S", "l4", False),
        ("nvidia-h100-80gb", "h100", True),
        ("H100_NVLINK_80GB", "h100", True),
        ("Tesla-T4", "t4", True),
        ("Tesla-T4", "nvidia-tesla-t4", True),
        ("Tesla-T4-SHARED", "t4", False),
        ("NVIDIA-A100-SXM4-40GB-MIG-1g.5gb", "a100", False),
    ],
)
def test_a_gpu_is_told_by_whole_words(product: str, name: str, same: bool) -> None:
    assert is_called(product, name) is same


FLAVOURS = {
    "gke": ("cloud.google.com/gke-accelerator", "nvidia-h100-80gb", "h100"),
    "coreweave": ("gpu.nvidia.com/class", "H100_NVLINK_80GB", "h100"),
    "nvidia": ("nvidia.com/gpu.product", "NVIDIA-H100-80GB-HBM3", "h100"),
}


@pytest.mark.parametrize("flavour", FLAVOURS)
def test_a_gpu_is_selected_by_the_label_of_the_clusters_flavour(kubernetes: KubernetesRoom, flavour: str) -> None:
    key, value, name = FLAVOURS[flavour]
    labelled(kubernetes, {key: value})
    spec = told(kubernetes, options={"gpu": f"{name}:8"}, instance_type="8x64")
    assert spec["nodeSelector"] == {key: value}
    assert {"key": "nvidia.com/gpu", "operator": "Exists"} in spec["tolerations"]


def test_of_several_products_of_that_name_any_will_do(kubernetes: KubernetesRoom) -> None:
    labelled(kubernetes, {"nvidia.com/gpu.product": "NVIDIA-A100-SXM4-80GB"})
    spec = told(kubernetes, options={"gpu": "a100:1"}, instance_type="2x4")
    (term,) = spec["affinity"]["nodeAffinity"]["requiredDuringSchedulingIgnoredDuringExecution"]["nodeSelectorTerms"]
    assert term["matchExpressions"][0]["values"] == ["NVIDIA-A100-SXM4-40GB", "NVIDIA-A100-SXM4-80GB"]
    assert spec["nodeName"].startswith("gpu-")


def test_whichever_gpu_there_is_needs_no_label(kubernetes: KubernetesRoom) -> None:
    spec = told(kubernetes, options={"gpu": "any"}, instance_type="2x4")
    assert "nodeSelector" not in spec
    assert spec["containers"][0]["resources"]["limits"]["nvidia.com/gpu"] == "1"


def test_where_nodes_may_not_be_listed_the_account_names_the_label(kubernetes: KubernetesRoom) -> None:
    cluster = kubernetes.cluster
    may = {(verb, what) for what in ("pods", "persistentvolumeclaims") for verb in ("create", "get", "list")}
    cluster.rights = frozenset(may)
    with pytest.raises(InvalidSpec, match="let this user list nodes, or name gpu_label"):
        told(kubernetes, options={"gpu": "a100"})
    label = {"gpu_label": "nvidia.com/gpu.product=NVIDIA-A100-SXM4-40GB"}
    spec = told(kubernetes, label, options={"gpu": "a100"})
    assert spec["nodeSelector"] == {"nvidia.com/gpu.product": "NVIDIA-A100-SXM4-40GB"}


def labelled(room: KubernetesRoom, labels: Mapping[str, str]) -> None:
    """Another node with eight GPUs, told apart by these."""
    made = node("gpu-c-1", "metal-c", 64, 512, gpu="x", gpus=8)
    kept = {key: value for key, value in made["metadata"]["labels"].items() if not key.startswith("nvidia.com")}
    made["metadata"]["labels"] = {**kept, **labels}
    room.cluster.add("nodes", "", made)


def test_a_provider_of_an_account_is_one_of_the_same_cluster(kubernetes: KubernetesRoom) -> None:
    made = connected(kubernetes.url, TOKEN, DEPLOYMENT)
    assert isinstance(made, KubernetesProvider)
    assert replace(kubernetes.scope, region="lab") != kubernetes.scope
    assert made.identity(kubernetes.scope) != made.identity(replace(kubernetes.scope, region="lab"))
