"""Kubernetes' own client, unmodified, drives our stand-in: a second opinion on what it pretends to be."""

from __future__ import annotations

import json
import urllib.error
import urllib.request
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from kubernetes import client as k8s
from kubernetes.client.exceptions import ApiException

from im.standins.kubernetes import Kubernetes
from im.standins.kubernetes.cluster import Cluster
from im.standins.limits import Bucket
from im.standins.service import serving

NS = "default"


class Clock:
    now = datetime(2030, 1, 1, tzinfo=UTC)

    def __call__(self) -> datetime:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def cloud(clock: Clock) -> Kubernetes:
    return Kubernetes("secret", clock, timedelta(seconds=5))


@pytest.fixture
def url(cloud: Kubernetes) -> Iterator[str]:
    with serving(cloud) as address:
        yield address


def connect(url: str, who: str = "cluster") -> k8s.CoreV1Api:
    configuration = k8s.Configuration(host=url, api_key={"authorization": f"Bearer {who}.secret"})
    configuration.retries = False
    made = k8s.ApiClient(configuration)
    _CLIENTS.append(made)
    return k8s.CoreV1Api(made)


_CLIENTS: list[k8s.ApiClient] = []


@pytest.fixture(autouse=True)
def nothing_stays_open() -> Iterator[None]:
    """The client keeps its connections until somebody collects it, which may be in the middle of another test."""
    yield
    while _CLIENTS:
        made = _CLIENTS.pop()
        made.rest_client.pool_manager.clear()
        made.close()


@pytest.fixture
def api(url: str) -> k8s.CoreV1Api:
    return connect(url)


@pytest.fixture
def cluster(cloud: Kubernetes) -> Cluster:
    return cloud.cluster("cluster")


def claim(name: str = "web", **labels: str) -> dict[str, Any]:
    spec = {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "20Gi"}}}
    return {"metadata": {"name": name, "labels": labels}, "spec": spec}


def pod(name: str = "web", *, mounts: str = "", more: dict[str, Any] | None = None, **asks: str) -> dict[str, Any]:
    resources = {"cpu": "1", "memory": "1Gi", **{key.replace("_", "."): value for key, value in asks.items()}}
    container = {
        "name": "main",
        "image": "ubuntu:24.04",
        "resources": {"requests": resources, "limits": resources},
        "securityContext": {"allowPrivilegeEscalation": False, "capabilities": {"drop": ["ALL"]}},
    }
    safe = {"runAsNonRoot": True, "runAsUser": 1000, "seccompProfile": {"type": "RuntimeDefault"}}
    spec: dict[str, Any] = {
        "containers": [container],
        "restartPolicy": "Never",
        "securityContext": safe,
        **(more or {}),
    }
    if mounts:
        spec["volumes"] = [{"name": "home", "persistentVolumeClaim": {"claimName": mounts}}]
    return {"metadata": {"name": name, "labels": {"app": name}}, "spec": spec}


def refused(call: Any, status: int) -> str:
    with pytest.raises(ApiException) as told:
        call()
    assert told.value.status == status, told.value.body
    return str(told.value.body)


def test_the_life_of_a_claim_and_its_pod(api: k8s.CoreV1Api, clock: Clock) -> None:
    made = api.create_namespaced_persistent_volume_claim(NS, claim())
    assert (made.status.phase, made.spec.storage_class_name) == ("Pending", "standard")
    first = api.create_namespaced_pod(NS, pod(mounts="web"))
    assert (first.status.phase, first.spec.node_name) == ("Pending", None)
    placed = api.read_namespaced_pod("web", NS)
    assert placed.status.conditions[0].type == "PodScheduled"
    assert api.read_namespaced_persistent_volume_claim("web", NS).status.phase == "Bound"
    clock.now += timedelta(seconds=6)
    running = api.read_namespaced_pod("web", NS)
    assert running.status.phase == "Running"
    assert running.status.pod_ip.startswith("10.")
    assert running.status.container_statuses[0].state.running.started_at is not None
    api.delete_namespaced_persistent_volume_claim("web", NS)
    assert api.read_namespaced_persistent_volume_claim("web", NS).metadata.deletion_timestamp, "a pod has it mounted"
    going = api.delete_namespaced_pod("web", NS)
    assert going.metadata.deletion_timestamp > clock.now, "now and its grace"
    assert api.read_namespaced_pod("web", NS).status.phase == "Running"
    clock.now += timedelta(seconds=6)
    for read in (api.read_namespaced_pod, api.read_namespaced_persistent_volume_claim):
        refused(lambda read=read: read("web", NS), 404)


def test_a_name_is_given_once_and_while_it_goes_not_again(api: k8s.CoreV1Api, clock: Clock) -> None:
    api.create_namespaced_pod(NS, pod())
    assert '"AlreadyExists"' in refused(lambda: api.create_namespaced_pod(NS, pod()), 409)
    clock.now += timedelta(seconds=6)
    api.delete_namespaced_pod("web", NS)
    assert "object is being deleted" in refused(lambda: api.create_namespaced_pod(NS, pod()), 409)
    wrong = k8s.V1DeleteOptions(preconditions=k8s.V1Preconditions(uid="another"))
    assert "Precondition failed" in refused(lambda: api.delete_namespaced_pod("web", NS, body=wrong), 409)


def test_selectors_pages_and_versions(api: k8s.CoreV1Api, cluster: Cluster) -> None:
    for n in range(5):
        api.create_namespaced_persistent_volume_claim(NS, claim(f"web-{n}", team="a" if n < 3 else "b"))

    def named(**asked: Any) -> list[str]:
        return [one.metadata.name for one in api.list_namespaced_persistent_volume_claim(NS, **asked).items]

    assert named(label_selector="team=a") == ["web-0", "web-1", "web-2"]
    assert named(label_selector="team in (b,c)") == ["web-3", "web-4"]
    assert named(label_selector="team,team!=a") == ["web-3", "web-4"]
    assert named(label_selector="!team") == []
    assert named(field_selector="metadata.name=web-1") == ["web-1"]
    refused(lambda: named(field_selector="spec.nothing=1"), 400)
    first = api.list_namespaced_persistent_volume_claim(NS, limit=2)
    token = first.metadata._continue
    assert (len(first.items), first.metadata.remaining_item_count) == (2, 3)
    assert named(limit=2, _continue=token) == ["web-2", "web-3"]
    assert len(named(limit=2, resource_version="0")) == 5, "a version of 0 knows no pages"
    cluster.forgotten = cluster.version + 1
    assert '"Expired"' in refused(lambda: named(limit=2, _continue=token), 410)
    refused(lambda: named(_continue="garbage"), 400)


def test_a_patch_of_an_old_version_is_refused(api: k8s.CoreV1Api) -> None:
    before = api.create_namespaced_persistent_volume_claim(NS, claim(team="a"))
    after = api.patch_namespaced_persistent_volume_claim("web", NS, {"metadata": {"labels": {"team": "b", "x": "1"}}})
    assert (after.metadata.labels["team"], after.metadata.resource_version > before.metadata.resource_version) == (
        "b",
        True,
    )
    stale = {"metadata": {"resourceVersion": before.metadata.resource_version, "labels": {"team": "c"}}}
    assert "object has been modified" in refused(
        lambda: api.patch_namespaced_persistent_volume_claim("web", NS, stale), 409
    )


@pytest.mark.parametrize(
    ("asked", "status", "says"),
    [
        (lambda: claim("Web"), 422, "lowercase RFC 1123"),
        (lambda: claim(owner="me@laptop"), 422, "a valid label must be"),
        (lambda: claim(owner="x" * 64), 422, "a valid label must be"),
    ],
)
def test_what_is_no_object_is_refused(api: k8s.CoreV1Api, asked: Any, status: int, says: str) -> None:
    assert says in refused(lambda: api.create_namespaced_persistent_volume_claim(NS, asked()), status)


def test_a_pod_that_no_node_has_room_for_is_accepted_and_says_why(api: k8s.CoreV1Api) -> None:
    api.create_namespaced_pod(NS, pod("big", cpu="500"))
    api.create_namespaced_pod(NS, pod("far", more={"nodeSelector": {"topology.kubernetes.io/zone": "mars"}}))
    api.create_namespaced_pod(NS, pod("bare", mounts="nothing"))
    said = {one.metadata.name: one.status.conditions[0] for one in api.list_namespaced_pod(NS).items}
    assert {one.reason for one in said.values()} == {"Unschedulable"}
    assert "Insufficient cpu" in said["big"].message
    assert "6 node(s) didn't match Pod's node affinity/selector" in said["far"].message
    assert 'persistentvolumeclaim "nothing" not found' in said["bare"].message


def test_what_the_namespace_forbids_is_one_status_with_many_meanings(api: k8s.CoreV1Api, cluster: Cluster) -> None:
    unsafe = pod("root")
    unsafe["spec"]["securityContext"] = {}
    assert "violates PodSecurity" in refused(lambda: api.create_namespaced_pod(NS, unsafe), 403)
    hard = {"metadata": {"name": "small"}, "spec": {"hard": {"pods": "1"}}}
    cluster.add("resourcequotas", NS, hard)
    api.create_namespaced_pod(NS, pod("one"))
    assert "exceeded quota: small" in refused(lambda: api.create_namespaced_pod(NS, pod("two")), 403)
    cluster.rights = frozenset({("list", "pods")})
    assert 'cannot create resource \\"pods\\"' in refused(lambda: api.create_namespaced_pod(NS, pod("three")), 403)
    assert api.list_namespaced_pod(NS).items


def test_an_unknown_field_is_refused_where_that_is_asked_for(url: str) -> None:
    """The client itself would not send one."""
    strange = json.dumps(pod(more={"wings": 2})).encode()
    there = f"{url}/api/v1/namespaces/{NS}/pods"
    headers = {"Authorization": "Bearer cluster.secret", "Content-Type": "application/json"}
    with pytest.raises(urllib.error.HTTPError) as told:
        urllib.request.urlopen(urllib.request.Request(f"{there}?fieldValidation=Strict", strange, headers))
    with told.value:
        assert b"unknown field" in told.value.read()
    with urllib.request.urlopen(urllib.request.Request(there, strange, headers)) as answer:
        assert answer.status == 201


def test_a_namespace_that_is_not_there_lists_as_empty(api: k8s.CoreV1Api) -> None:
    assert api.list_namespaced_pod("nowhere").items == []
    assert "namespaces" in refused(lambda: api.create_namespaced_pod("nowhere", pod()), 404)
    refused(lambda: api.read_namespace("nowhere"), 404)
    api.create_namespace({"metadata": {"name": "mine"}})
    api.create_namespaced_pod("mine", pod())
    api.delete_namespace("mine")
    assert api.list_namespaced_pod("mine").items == []


def test_what_belongs_to_a_claim_goes_with_it_and_all_that_is_selected_goes_at_once(api: k8s.CoreV1Api) -> None:
    owner = api.create_namespaced_persistent_volume_claim(NS, claim(team="a"))
    owners = [{"apiVersion": "v1", "kind": "PersistentVolumeClaim", "name": "web", "uid": owner.metadata.uid}]
    api.create_namespaced_secret(NS, {"metadata": {"name": "web", "ownerReferences": owners}, "data": {}})
    api.create_namespaced_persistent_volume_claim(NS, claim("other", team="b"))
    api.delete_collection_namespaced_persistent_volume_claim(NS, label_selector="team=a")
    assert [one.metadata.name for one in api.list_namespaced_persistent_volume_claim(NS).items] == ["other"]
    refused(lambda: api.read_namespaced_secret("web", NS), 404)


def test_too_many_calls_are_told_when_to_come_again_in_plain_text(
    api: k8s.CoreV1Api, cluster: Cluster, clock: Clock
) -> None:
    cluster.bucket = Bucket.full(1, 1, clock.now)
    api.list_namespaced_pod(NS)
    with pytest.raises(ApiException) as told:
        api.list_namespaced_pod(NS)
    assert (told.value.status, told.value.headers["Retry-After"]) == (429, "1")
    assert "Too many requests" in told.value.body


def test_nodes_classes_and_the_version_are_told(api: k8s.CoreV1Api) -> None:
    nodes = {one.metadata.name: one for one in api.list_node().items}
    assert nodes["gpu-a-1"].status.allocatable["nvidia.com/gpu"] == "8"
    assert nodes["gpu-a-1"].spec.taints[0].effect == "NoSchedule"
    classes = k8s.StorageV1Api(api.api_client).list_storage_class().items
    assert {one.metadata.name for one in classes} == {"standard", "fast"}
    assert k8s.VersionApi(api.api_client).get_code().git_version.startswith("v1.")


def test_who_one_is_and_what_one_may(api: k8s.CoreV1Api, cluster: Cluster) -> None:
    me = k8s.AuthenticationV1Api(api.api_client).create_self_subject_review({})
    assert me.status.user_info.username == "cluster"
    cluster.rights = frozenset({("list", "pods")})
    may = k8s.AuthorizationV1Api(api.api_client)

    def allowed(verb: str) -> bool:
        wanted = {"resourceAttributes": {"namespace": NS, "verb": verb, "resource": "pods"}}
        return bool(may.create_self_subject_access_review({"spec": wanted}).status.allowed)

    assert (allowed("list"), allowed("create")) == (True, False)


def test_one_cluster_sees_nothing_of_another(api: k8s.CoreV1Api, url: str) -> None:
    api.create_namespaced_pod(NS, pod())
    assert connect(url, "other").list_namespaced_pod(NS).items == []


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({}, 401),
        ({"Authorization": "Bearer cluster.guess"}, 401),
        ({"Authorization": "Bearer cluster.secret", "Origin": "https://evil.example"}, 403),
    ],
)
def test_no_page_and_no_stranger_is_let_in(url: str, headers: dict[str, str], status: int) -> None:
    asked = urllib.request.Request(f"{url}/api/v1/namespaces/{NS}/pods", headers=headers)
    with pytest.raises(urllib.error.HTTPError) as told:
        urllib.request.urlopen(asked)
    with told.value:
        assert told.value.code == status
