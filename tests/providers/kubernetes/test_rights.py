"""The least role of docs/kubernetes-role.yaml: it is enough for everything, and everything in it is needed."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from im.domain.state import Observed
from im.providers.contract import Filter, Slot, merge_pages
from im.providers.errors import Forbidden, QuotaExceeded
from im.providers.kubernetes.checks import OPTIONAL, RIGHTS
from im.providers.machine import Machine
from im.standins.kubernetes import scheduler
from tests.machines import machines
from tests.providers.kubernetes.room import KubernetesRoom

ROLE = Path(__file__).parents[3] / "docs" / "kubernetes-role.yaml"


def rights() -> frozenset[tuple[str, str]]:
    (role,) = yaml.safe_load_all(ROLE.read_text())
    return frozenset((verb, what) for rule in role["rules"] for what in rule["resources"] for verb in rule["verbs"])


def live(room: KubernetesRoom) -> None:
    """Everything that im does in a namespace."""
    provider, scope = room.provider, room.scope
    provider.identity(scope)
    room.wish(user_data=b"#!/bin/sh\n", options={"expose": "node-port"})
    (one,) = room.running()
    provider.launch(scope, room.spec, token="tok", slots=[Slot("im-9", "nine")])
    provider.launch(scope, room.spec, token="tok", slots=[Slot("im-9", "nine")])
    room.settle()
    merge_pages(provider.list(scope))
    merge_pages(provider.list(scope, Filter(token="tok")))
    provider.marks.put(scope, Machine(one), "000001-first")
    provider.marks.read(scope)
    provider.stop(scope, machines([one]))
    room.settle()
    provider.start(scope, machines([one]))
    room.settle()
    scheduler.end(room.cluster, room.pod(one), 0)
    provider.start(scope, machines([one]))
    room.settle()
    assert room.states([one]) == {one: Observed.RUNNING}
    theirs = room.foreign()
    room.settle()
    provider.describe(scope, machines([theirs, "gone"]))
    provider.adoption.take(scope, Machine(theirs), Slot("im-7", "seven"), "eve")
    room.cluster.add("resourcequotas", "default", {"metadata": {"name": "q"}, "spec": {"hard": {"pods": "1"}}})
    room.wish()
    with pytest.raises(QuotaExceeded):
        provider.launch(scope, room.spec, token="refused", slots=room.slots())
    provider.stop(scope, machines([one]))
    room.settle()
    provider.describe(scope, machines([one]))  # why its pod is gone, events tell
    assert provider.terminate(scope, machines([one, theirs])).failed == {}
    room.settle()
    assert [one for one in provider.checks(scope) if not one.ok] == []


def test_the_role_is_enough(kubernetes: KubernetesRoom) -> None:
    kubernetes.cluster.rights = rights()
    live(kubernetes)


def test_nothing_in_the_role_is_more_than_is_needed_and_doctor_asks_for_all_of_it(kubernetes: KubernetesRoom) -> None:
    live(kubernetes)
    assert kubernetes.cluster.asked_of - set(OPTIONAL) == rights() == set(RIGHTS)


def test_doctor_names_each_right_that_is_missing(kubernetes: KubernetesRoom) -> None:
    kubernetes.cluster.rights = rights() - {("patch", "pods"), ("create", "secrets")}
    (told,) = [one for one in kubernetes.provider.checks(kubernetes.scope) if not one.ok]
    assert (told.name, told.detail) == ("rights", "in default these are missing: patch pods, create secrets")
    assert "docs/kubernetes-role.yaml" in told.fix


def test_a_namespace_that_is_not_there_is_what_doctor_says(kubernetes: KubernetesRoom) -> None:
    kubernetes.cluster.objects.pop(("namespaces", "", "default"))
    (told,) = [one for one in kubernetes.provider.checks(kubernetes.scope) if not one.ok]
    assert told.name == "namespace"
    assert 'namespaces "default" not found' in told.detail


def test_a_right_that_is_missing_is_a_refusal_and_nothing_is_made(kubernetes: KubernetesRoom) -> None:
    kubernetes.cluster.rights = rights() - {("create", "pods")}
    with pytest.raises(Forbidden, match='cannot create resource "pods"'):
        kubernetes.launch()
    assert kubernetes.cluster.all("persistentvolumeclaims", "") == []


def told(room: KubernetesRoom, name: str) -> tuple[bool, str]:
    (one,) = [one for one in room.provider.checks(room.scope) if one.name == name]
    return one.ok, one.detail


def test_doctor_says_what_a_launch_will_meet(kubernetes: KubernetesRoom) -> None:
    cluster = kubernetes.cluster
    assert told(kubernetes, "quota") == (True, "none in this namespace")
    hard = {"pods": "10", "requests.nvidia.com/gpu": "4"}
    quota = {"metadata": {"name": "q"}, "spec": {"hard": hard}, "status": {"hard": hard, "used": {"pods": "3"}}}
    cluster.add("resourcequotas", "default", quota)
    assert told(kubernetes, "quota") == (True, "pods 3 of 10, requests.nvidia.com/gpu ? of 4")
    assert told(kubernetes, "storage class") == (True, "standard, which deletes a disk with its claim")
    assert "no node has jenkins/ssh-agent:debian-jdk21 yet" in told(kubernetes, "image")[1]
    cluster.all("nodes", "")[0]["status"]["images"] = [{"names": ["docker.io/jenkins/ssh-agent:debian-jdk21"]}]
    assert told(kubernetes, "image")[1].startswith("1 of 6 nodes have jenkins/ssh-agent")
    cluster.find("storageclasses", "", "standard")["reclaimPolicy"] = "Retain"
    assert told(kubernetes, "storage class") == (
        False,
        "standard keeps disks of terminated machines (reclaimPolicy Retain)",
    )
    cluster.remove("storageclasses", cluster.find("storageclasses", "", "standard"))
    assert told(kubernetes, "storage class")[0] is False


def test_doctor_says_what_it_may_not_know(kubernetes: KubernetesRoom) -> None:
    kubernetes.cluster.rights = rights()
    for name in ("quota", "storage class", "image"):
        is_well, says = told(kubernetes, name)
        assert is_well
        assert "not to be read" in says or "only a launch tells" in says
    assert "may not get and create pods/exec" in told(kubernetes, "log in")[1]
