"""Launches in a cluster: a lost answer, a worker that dies anywhere in between, and never a second pod or a second disk."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from itertools import count
from typing import Any

import pytest

from im.domain.state import Observed
from im.failpoints import Point
from im.providers.errors import Ambiguous
from im.standins.books import Fault
from tests.integration.killed_launch import killed_at, points
from tests.worlds.kubernetes import KubernetesWorld

LOST = {"kind": "Status", "reason": "Timeout", "message": "etcdserver: request timed out", "code": 504}


def one_pod_and_one_disk(world: KubernetesWorld) -> None:
    row = world.row()
    assert row.observed is Observed.RUNNING
    assert [one["metadata"]["name"] for one in world.claims()] == [row.provider_id]
    assert [one["metadata"]["name"] for one in world.pods()] == [row.provider_id]
    assert world.cluster.ever == [f"persistentvolumeclaims/{row.provider_id}", f"pods/{row.provider_id}"]


@pytest.mark.sampled(every=2)
@pytest.mark.parametrize("what", ["persistentvolumeclaims", "pods"])
@pytest.mark.parametrize("after", [False, True])
def test_an_answer_that_is_lost_is_asked_for_again_by_the_same_name(
    world: KubernetesWorld, what: str, after: bool
) -> None:
    world.cloud.books.plan(Fault("POST", f"/{what}", 504, LOST, after=after))
    world.create()
    world.advance(200, tick=50)
    one_pod_and_one_disk(world)


@pytest.mark.parametrize("point", points(tried=(Point.LAUNCH_CALLING, Point.LAUNCH_LOOKED, Point.LAUNCH_MADE)))
def test_one_pod_and_one_disk_wherever_the_worker_is_killed(world: KubernetesWorld, point: Point) -> None:
    """Its first answer is lost."""
    world.cloud.books.plan(Fault("POST", "/pods", 504, LOST, after=True))
    with killed_at(world, point):
        world.create()
        world.advance(40, tick=10)
    world.advance(400, tick=50)
    one_pod_and_one_disk(world)


class Killed(BaseException):
    """The worker is gone."""


@contextmanager
def killing(world: KubernetesWorld, at: int, *, after: bool) -> Iterator[None]:
    """The worker dies at the n-th call that makes something, before or after it was carried out."""
    api, calls = world.provider._api, count(1)
    create = api.create

    def dying(namespace: str, what: str, body: Mapping[str, Any]) -> dict[str, Any]:
        mine = next(calls) == at
        if mine and not after:
            raise Killed
        made = create(namespace, what, body)
        if mine:
            raise Killed
        return dict(made)

    api.create = dying
    try:
        yield
    finally:
        api.create = create


@pytest.mark.sampled(every=2)
@pytest.mark.parametrize("after", [False, True])
@pytest.mark.parametrize("call", [1, 2])
def test_one_pod_and_one_disk_though_the_worker_dies_between_the_two(
    world: KubernetesWorld, call: int, after: bool
) -> None:
    world.create()
    with killing(world, call, after=after), pytest.raises(Killed):
        world.advance(5)
    world.lose_messages()
    world.advance(400, tick=50)
    one_pod_and_one_disk(world)


def test_a_stopped_machine_is_started_though_the_worker_dies_at_it(world: KubernetesWorld) -> None:
    world.create()
    world.advance(30)
    world.stop("web")
    world.advance(60)
    assert (world.pods(), world.row().observed) == ([], Observed.STOPPED)
    world.start("web")
    with killing(world, 1, after=True), pytest.raises(Killed):
        world.advance(5)
    world.lose_messages()
    world.advance(200, tick=20)
    machine = world.row().provider_id
    assert world.row().observed is Observed.RUNNING
    assert world.cluster.ever == [f"persistentvolumeclaims/{machine}", *[f"pods/{machine}"] * 2]


def test_what_was_refused_leaves_no_disk_behind(world: KubernetesWorld) -> None:
    hard = {"metadata": {"name": "none"}, "spec": {"hard": {"requests.cpu": "1"}}}
    world.cluster.add("resourcequotas", "default", hard)
    world.create()
    world.advance(60)
    assert "exceeded quota: none" in str(world.row().error)
    assert (world.claims(), world.pods(), world.row().provider_id) == ([], [], None)


def test_what_was_refused_and_cannot_be_taken_back_is_not_called_refused(world: KubernetesWorld) -> None:
    world.cluster.add("resourcequotas", "default", {"metadata": {"name": "q"}, "spec": {"hard": {"requests.cpu": "1"}}})
    seen: list[type[BaseException]] = []
    launch = world.provider.launch

    def noted(*args: Any, **more: Any) -> Any:
        try:
            return launch(*args, **more)
        except BaseException as exc:
            seen.append(type(exc))
            raise

    world.provider.launch = noted
    world.cloud.books.plan(Fault("DELETE", "", 504, LOST))
    world.create()
    world.advance(120, tick=10)
    assert seen[0] is Ambiguous
    row = world.row()
    assert [one["metadata"]["name"] for one in world.claims()] == [row.provider_id], "it is there, and is said to be"
    assert (row.observed, "exceeded quota" in str(row.error)) == (Observed.STOPPED, True)
    world.terminate("web")
    world.advance(60)
    assert world.claims() == []
