"""The least role of docs/kubernetes-role.yaml: it is enough for everything, and everything in it is needed."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from im.domain.state import Observed
from im.providers.contract import Filter, Slot, merge_pages
from im.providers.errors import Forbidden, QuotaExceeded
from im.providers.kubernetes.checks import RIGHTS
from im.providers.machine import Machine
from im.standins.kubernetes import scheduler
from tests.machines import machines
from tests.providers.kubernetes.room import KubernetesRoom

A_NODES_ADDRESS = ("list", "nodes")
"""A right of the whole cluster, without which a port of a node is shown at its inner address."""
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
    assert provider.terminate(scope, machines([one, theirs])).failed == {}
    room.settle()
    assert [one for one in provider.checks(scope) if not one.ok] == []


def test_the_role_is_enough(kubernetes: KubernetesRoom) -> None:
    kubernetes.cluster.rights = rights()
    live(kubernetes)


def test_nothing_in_the_role_is_more_than_is_needed_and_doctor_asks_for_all_of_it(kubernetes: KubernetesRoom) -> None:
    live(kubernetes)
    assert kubernetes.cluster.asked_of - {A_NODES_ADDRESS} == rights() == set(RIGHTS)


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
