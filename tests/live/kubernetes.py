"""A real cluster, through the real adapter: a life with its disk, names that are met again, refusals, and nothing left behind.

`make test-live-kubernetes CONTEXT=lab`: in a namespace of its own, which it makes and removes; the user needs the right to do that.
A plain `pytest` does not collect it. Two pods of a tenth of a CPU for a few minutes, and two claims of 1 GiB.
"""

from __future__ import annotations

import os
import secrets
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from typing import Any

import pytest

from im.domain.config.account import Account
from im.domain.scope import Scope
from im.domain.spec.disk import Disk
from im.domain.spec.spec import Spec
from im.domain.state import Observed
from im.providers.contract import Filter, Slot, merge_pages
from im.providers.errors import InvalidSpec, NotOffered, ProviderError, Unavailable
from im.providers.kubernetes import account as accounts
from im.providers.kubernetes.access.link import link_of
from im.providers.kubernetes.api import CLAIMS, PODS, KubernetesApi
from im.providers.kubernetes.profile import PROFILE
from im.providers.kubernetes.provider import KubernetesProvider
from im.providers.machine import Machine
from im.providers.request import Ask

pytestmark = pytest.mark.live
PATIENCE = float(os.environ.get("IM_LIVE_WAIT", "300"))
"""Seconds for what a node does: an image may have to be pulled."""
EVERY = float(os.environ.get("IM_LIVE_EVERY", "2"))
KEY = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIEaKkqMYwAvYSRyBEXzNaFVtB9sjLgKmQJfTcsfZzZ0R me"
DEPLOYMENT = f"{secrets.token_hex(4)}-0000-4000-8000-000000000000"


def until(what: str, true: Callable[[], bool]) -> None:
    over = time.monotonic() + PATIENCE
    while not true():
        assert time.monotonic() < over, f"not within {PATIENCE:.0f} s: {what}"
        time.sleep(EVERY)


@pytest.fixture(scope="module")
def declared() -> Account:
    words = {"context": os.environ["IM_KUBE_CONTEXT"]} if os.environ.get("IM_KUBE_CONTEXT") else {}
    if storage_class := os.environ.get("IM_LIVE_STORAGE_CLASS"):
        words["storage_class"] = storage_class
    return accounts.read(Account("live", "kubernetes", words))


@pytest.fixture(scope="module")
def api(declared: Account) -> KubernetesApi:
    return KubernetesApi(link_of(lambda: declared, os.environ))


@pytest.fixture(scope="module")
def namespace(api: KubernetesApi) -> Iterator[str]:
    """The strictest there is."""
    name = f"im-live-{secrets.token_hex(4)}"
    strict = {"pod-security.kubernetes.io/enforce": "restricted"}
    api.ask("POST", "/api/v1/namespaces", {"metadata": {"name": name, "labels": strict}})
    try:
        yield name
    finally:
        api.ask("DELETE", f"/api/v1/namespaces/{name}")


@pytest.fixture
def cluster(api: KubernetesApi, declared: Account) -> KubernetesProvider:
    return KubernetesProvider(api, DEPLOYMENT, lambda: declared)


@pytest.fixture
def where(namespace: str) -> Scope:
    return Scope("kubernetes", "live", namespace)


def wish(**asked: Any) -> Spec:
    small = {"instance_type": "0.1x0.125", "root_disk": Disk(1), "image": os.environ.get("IM_LIVE_IMAGE"), **asked}
    return PROFILE.plan(Ask(public_key=KEY, owner="me@example.com", **small), account="live", default_region="x")[1]


def states(cluster: KubernetesProvider, where: Scope, ids: Sequence[str]) -> dict[str, Observed]:
    return {one: seen.state for one, seen in cluster.describe(where, [Machine(one) for one in ids]).items()}


def launch(cluster: KubernetesProvider, where: Scope, token: str, spec: Spec | None = None) -> str:
    slot = Slot(f"im-{token}", "web")
    for _ in range(30):  # a namespace that is seconds old has no service account yet
        try:
            (made,) = cluster.launch(where, spec or wish(), token=token, slots=[slot])
        except ProviderError as exc:
            if "service account" not in exc.message:
                raise
            time.sleep(1)
        else:
            return made.provider_id
    raise AssertionError("the namespace got no service account within half a minute")


def test_doctor_finds_nothing_amiss(cluster: KubernetesProvider, where: Scope) -> None:
    """Whether it has a storage class that deletes disks is the cluster's own matter."""
    assert [one for one in cluster.checks(where) if not one.ok and one.name != "storage class"] == []


def test_a_life_with_its_disk(cluster: KubernetesProvider, where: Scope, api: KubernetesApi) -> None:
    machine = launch(cluster, where, "life")
    until("it runs", lambda: states(cluster, where, [machine]) == {machine: Observed.RUNNING})
    assert launch(cluster, where, "life") == machine, "a launch that is repeated meets its own names"
    assert len(api.all(where.region, PODS)) == len(api.all(where.region, CLAIMS)) == 1
    found = merge_pages(cluster.list(where, Filter(token="life")))
    assert (found.complete, [one.provider_id for one in found.sightings]) == (True, [machine])
    tags = found.sightings[0].tags
    assert (tags["im:owner"], tags["im:deployment"]) == ("me@example.com", DEPLOYMENT)
    for _ in range(2):
        assert cluster.stop(where, [Machine(machine)]).failed == {}
    until("it is stopped", lambda: states(cluster, where, [machine]) == {machine: Observed.STOPPED})
    assert len(api.all(where.region, CLAIMS)) == 1, "a stop keeps the disk"
    for _ in range(2):
        assert cluster.start(where, [Machine(machine)]).failed == {}
    until("it runs again", lambda: states(cluster, where, [machine]) == {machine: Observed.RUNNING})
    cluster.marks.put(where, Machine(machine), "000001-mine")
    assert cluster.marks.read(where) == {machine: "000001-mine"}
    assert cluster.terminate(where, [Machine(machine)]).failed == {}
    until("all of it is gone", lambda: states(cluster, where, [machine]) == {})
    until("and its disk", lambda: api.all(where.region, CLAIMS) == api.all(where.region, PODS) == [])


def test_user_data_goes_with_its_machine(cluster: KubernetesProvider, where: Scope, api: KubernetesApi) -> None:
    machine = launch(cluster, where, "data", wish(user_data=b"#!/bin/sh\ntrue\n"))
    until("it runs", lambda: states(cluster, where, [machine]) == {machine: Observed.RUNNING})
    cluster.terminate(where, [Machine(machine)])
    until("all of it is gone", lambda: states(cluster, where, [machine]) == {})
    until("its secret too", lambda: all(one["metadata"]["name"] != machine for one in api.all(where.region, "secrets")))


def test_no_room_is_said_and_what_it_left_can_be_taken_away(cluster: KubernetesProvider, where: Scope) -> None:
    machine = launch(cluster, where, "huge", wish(instance_type="1000x4"))
    described = lambda: cluster.describe(where, [Machine(machine)])[machine]  # noqa: E731
    until("the scheduler has spoken", lambda: bool(described().reason))
    assert "no node has room for it" in described().reason
    until("it counts as refused", lambda: described().remains)
    assert described().cause.code == "no_capacity"
    cluster.terminate(where, [Machine(machine)])
    until("all of it is gone", lambda: states(cluster, where, [machine]) == {})


def test_a_gpu_that_nobody_sells_is_refused_and_nothing_is_made(
    cluster: KubernetesProvider, where: Scope, api: KubernetesApi
) -> None:
    with pytest.raises((NotOffered, InvalidSpec)):
        launch(cluster, where, "gpu", wish(options={"gpu": "z9000"}))
    assert api.all(where.region, CLAIMS) == []


def test_a_namespace_that_is_not_there_proves_nothing(cluster: KubernetesProvider, where: Scope) -> None:
    elsewhere = replace(where, region=f"{where.region}-x")
    with pytest.raises((Unavailable, InvalidSpec)):
        merge_pages(cluster.list(elsewhere))
    with pytest.raises(InvalidSpec):
        launch(cluster, elsewhere, "nowhere")
