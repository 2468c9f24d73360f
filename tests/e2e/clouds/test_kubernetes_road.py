"""The whole road in a cluster by typed commands against the stand-in; Kubernetes' own client is asked what really happened."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from kubernetes import client as k8s

from im.domain.config.sandbox import sandbox_at, sandboxes
from tests.e2e.conftest import StackUnderTest
from tests.waiting import until

NS = "default"


@pytest.fixture
def there(stack: StackUnderTest) -> k8s.CoreV1Api:
    where = sandbox_at(sandboxes(stack.sandbox_url, "aws")["kubernetes"])
    configuration = k8s.Configuration(host=where.endpoint, api_key={"authorization": f"Bearer sandbox.{where.secret}"})
    return k8s.CoreV1Api(k8s.ApiClient(configuration))


@pytest.fixture
def name(stack: StackUnderTest) -> Iterator[str]:
    yield "helm"
    stack.run("terminate", "helm", "-y", "--wait")


def pods(there: k8s.CoreV1Api) -> dict[str, str]:
    """Name → phase, of what is not on its way out."""
    found = there.list_namespaced_pod(NS, label_selector="app.kubernetes.io/managed-by=im").items
    return {one.metadata.name: one.status.phase for one in found if one.metadata.deletion_timestamp is None}


def claims(there: k8s.CoreV1Api) -> list[str]:
    return [one.metadata.name for one in there.list_namespaced_persistent_volume_claim(NS).items]


@pytest.mark.long
def test_create_stopped_by_its_deadline_extended_stopped_started_terminated(
    stack: StackUnderTest, there: k8s.CoreV1Api, key: str, name: str
) -> None:
    order = ("create", "--provider", "k8s", "--public-key", key, "--name", name, "-d", "25s")
    (made,) = stack.said(*order, "--tag", "team=web", "--disk", "40", "--instance-type", "cpu=1,memory=2Gi", "--wait")
    assert (made["status"], made["provider"], made["zone"]) == ("running", "kubernetes", "cluster")
    machine = made["provider_id"]
    assert machine.startswith(f"{made['id']}-")
    assert (pods(there), claims(there)) == ({machine: "Running"}, [machine])
    claim = there.read_namespaced_persistent_volume_claim(machine, NS)
    assert claim.spec.resources.requests["storage"] == "40Gi"
    assert claim.metadata.annotations["im.dev/tag.team"] == "web"
    pod = there.read_namespaced_pod(machine, NS).spec
    assert pod.containers[0].resources.limits["memory"] == "2Gi"
    until("its deadline stopped it", lambda: pods(there) == {})
    assert claims(there) == [machine], "a stop keeps the disk"

    (awake,) = stack.said("extend", name, "-d", "20m", "--wait")
    assert awake["status"] == "running"
    assert pods(there) == {machine: "Running"}
    for verb, seen in (("stop", {}), ("start", {machine: "Running"})):
        done = stack.run(verb, name, "--wait")
        assert done.returncode == 0, done.stderr
        assert (pods(there), claims(there)) == (seen, [machine])
    assert "kubernetes, identity" in stack.run("doctor", "--only", "cloud").stdout
    assert [one for one in stack.said("orphans") if one["provider"] == "kubernetes"] == []

    assert stack.run("terminate", name, "-y", "--wait").returncode == 0
    until("all of it is gone", lambda: (pods(there), claims(there)) == ({}, []))
