"""What a cluster accepts and does not run: told in people's words, and as no capacity or as refused where it is that."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from im.domain.state import Observed
from im.providers.kubernetes.profile import DEFAULT_IMAGE
from im.standins.kubernetes import scheduler
from im.standins.kubernetes.cluster import NODES, PODS
from tests.integration.typed import run
from tests.worlds.kubernetes import NAMESPACE, KubernetesWorld


def why(world: KubernetesWorld, name: str = "web") -> str:
    return str(run(world, "why", name).stdout)


def away(world: KubernetesWorld, seconds: float) -> None:
    """Time passes, and no worker looks: what waits is looked at every other second, which is what a test's time goes into."""
    world.now += timedelta(seconds=seconds)
    world.advance(10)


def alone(world: KubernetesWorld, *names: str) -> None:
    """Only these nodes are there."""
    for one in world.cluster.all(NODES, ""):
        if one["metadata"]["name"] not in names:
            world.cluster.remove(NODES, one)


def test_no_node_has_room_says_so_at_once_and_is_no_capacity_after_half_a_minute(world: KubernetesWorld) -> None:
    world.create(kind="200x16")
    world.advance(8, tick=2)
    assert world.row().observed is Observed.PENDING
    assert "It waits: no node has room for it: of 6, " in why(world)
    assert "3 have too little CPU free" in why(world)
    assert "1 is kept for others {cloud.google.com/gke-spot: true}" in why(world)
    world.advance(60)
    assert world.row().error_code == "no_capacity"
    assert (world.claims(), world.pods()) == ([], []), "what it left is taken away"


def test_the_next_size_is_tried_once_there_was_no_room_for_the_first(world: KubernetesWorld) -> None:
    world.create(kind="200x16,2x4")
    world.advance(120)
    row = world.row()
    assert (row.observed, row.spec.instance_type) == (Observed.RUNNING, "2x4")
    assert [one["metadata"]["name"] for one in world.claims()] == [row.provider_id]


def test_room_that_comes_in_time_is_taken(world: KubernetesWorld) -> None:
    alone(world, "cpu-a-1")
    world.create("big", kind="120x16")
    world.advance(30)
    world.create(kind="100x16")
    world.advance(10, tick=2)
    assert "too little CPU free" in why(world)
    world.terminate("big")
    world.advance(60, tick=5)
    assert world.row().observed is Observed.RUNNING
    assert world.row().provider_notes == {}


@pytest.mark.parametrize(
    ("gpu", "says"),
    [
        ("h100:1", "no node of the cluster has a h100; there are: 4 x Tesla-T4, 8 x NVIDIA-A100-SXM4-40GB"),
        ("a100:16", "no node of the cluster has 16 a100 at once: the largest has 8"),
        ("a10", "no node of the cluster has a a10"),
    ],
)
def test_a_gpu_that_no_node_has_says_so_in_one_tick(world: KubernetesWorld, gpu: str, says: str) -> None:
    world.create(options={"gpu": gpu})
    world.advance(2, tick=2)
    assert says in str(world.row().error)
    assert world.cluster.ever == []


def test_a_gpu_goes_by_the_clusters_own_label_and_takes_its_nodes(world: KubernetesWorld) -> None:
    world.create(options={"gpu": "a100:2"}, kind="8x64")
    world.advance(30)
    assert world.row().spec.instance_type == "8x64+a100:2"
    (pod,) = world.pods()
    assert pod["spec"]["nodeName"] == "gpu-a-1"
    assert pod["spec"]["nodeSelector"] == {"nvidia.com/gpu.product": "NVIDIA-A100-SXM4-40GB"}
    assert pod["spec"]["containers"][0]["resources"]["limits"]["nvidia.com/gpu"] == "2"
    world.create("plain")
    world.advance(30)
    plain = next(one for one in world.pods() if one is not pod and "plain" in str(one["metadata"]["annotations"]))
    assert {"name": "NVIDIA_VISIBLE_DEVICES", "value": "void"} in plain["spec"]["containers"][0]["env"]


def test_all_gpus_in_use_is_no_capacity_and_says_which(world: KubernetesWorld) -> None:
    world.create("first", options={"gpu": "t4:4"}, kind="4x16")
    world.advance(30)
    world.create(options={"gpu": "t4:1"}, kind="4x16")
    world.advance(10, tick=2)
    assert "1 has too little nvidia.com/gpu free" in why(world)
    world.advance(60)
    assert world.row().error_code == "no_capacity"


def test_an_image_that_nobody_has_is_refused_after_two_minutes_with_the_registrys_words(world: KubernetesWorld) -> None:
    world.cluster.bad_images.add(DEFAULT_IMAGE)
    world.create()
    world.advance(40, tick=5)
    assert "It waits: its image cannot be pulled (ImagePullBackOff)" in why(world)
    away(world, 70)
    assert world.row().observed is Observed.PENDING
    away(world, 50)
    assert world.row().error_code == "invalid_spec"
    assert "its image cannot be pulled" in str(world.row().error)
    assert (world.claims(), world.pods()) == ([], [])


def test_a_node_that_is_being_made_is_waited_for_and_one_that_cannot_be_is_not(world: KubernetesWorld) -> None:
    """As the cluster's autoscaler says: nothing has to be declared for it."""
    world.create(kind="200x16")
    world.advance(6, tick=2)
    name = str(world.row().provider_id)
    world.cluster.tell(NAMESPACE, name, "TriggeredScaleUp", "pod triggered scale-up: [{pool-1 0->1 (max: 3)}]")
    away(world, 190)
    assert world.row().observed is Observed.PENDING
    assert "the cluster makes a node for it" in why(world)
    world.cluster.tell(
        NAMESPACE, name, "NotTriggerScaleUp", "pod didn't trigger scale-up: 1 max node group size reached"
    )
    away(world, 50)
    assert world.row().error_code == "no_capacity"
    assert "makes no node for it: pod didn't trigger scale-up" in str(world.row().error)


def test_a_disk_that_cannot_be_mounted_is_told_of_and_refused_after_ten_minutes(world: KubernetesWorld) -> None:
    world.cloud.takes *= 1000
    world.create()
    world.advance(6, tick=2)
    said = 'MountVolume.MountDevice failed for volume "pvc-1": rpc error: code = Internal'
    world.cluster.tell(NAMESPACE, str(world.row().provider_id), "FailedMount", said)
    world.advance(4, tick=2)
    assert f"It waits: its disk cannot be mounted (FailedMount): {said}" in why(world)
    away(world, 560)
    assert world.row().observed is Observed.PENDING
    away(world, 50)
    assert world.row().error_code == "invalid_spec"


def test_a_disk_that_nobody_makes_is_refused_with_the_words_of_its_class(world: KubernetesWorld) -> None:
    world.cluster.remove("storageclasses", world.cluster.find("storageclasses", "", "standard"))
    world.create()
    world.advance(6, tick=2)
    said = "failed to provision volume: quota of disks exceeded"
    name = str(world.row().provider_id)
    world.cluster.tell(NAMESPACE, name, "ProvisioningFailed", said, "PersistentVolumeClaim")
    away(world, 140)
    assert f"its disk cannot be made (ProvisioningFailed): {said}" in str(world.row().error)


@pytest.mark.parametrize("seen", [True, False])
def test_a_spot_machine_whose_node_was_taken_back_says_so_though_its_pod_is_gone(
    world: KubernetesWorld, key: str, seen: bool
) -> None:
    typed = ("create", "--provider", "k8s", "--name", "web", "-d", "1h", "--public-key", key, "--spot", "--no-wait")
    assert run(world, *typed).exit_code == 0
    world.advance(30)
    pod = _pod(world)
    if seen:
        pod["status"]["conditions"].append({"type": "DisruptionTarget", "status": "True", "reason": "DeletionByPodGC"})
        scheduler.end(world.cluster, pod, 137)
    else:
        world.cluster.tell(NAMESPACE, pod["metadata"]["name"], "TaintManagerEviction", "Marking for deletion Pod")
        world.cluster.delete(PODS, pod, 0)
    world.advance(120)
    assert (
        "the cloud took this spot machine back, and starts it again when it has room"
        in run(world, "history", "web").stdout
    )
    assert world.row().observed is Observed.RUNNING, "on the next node that is lent, with its disk"
    assert len(world.claims()) == len(world.pods()) == 1


def _pod(world: KubernetesWorld) -> dict[str, Any]:
    return world.cluster.objects[PODS, NAMESPACE, str(world.row().provider_id)]


ENDS = [
    ({"code": 0}, "its guest shut it down", ""),
    ({"code": 137, "reason": "OOMKilled"}, "the cloud itself stopped it", "used more memory than it has"),
    (
        {"code": 137, "pod_reason": "Evicted", "says": "The node was low on resource: memory."},
        "the cloud itself stopped it",
        "low on resource: memory",
    ),
]


@pytest.mark.parametrize(("how", "whose", "says"), ENDS)
def test_a_pod_that_is_over_is_a_stopped_machine_with_its_reason_and_starts_again(
    world: KubernetesWorld, how: dict[str, Any], whose: str, says: str
) -> None:
    world.create()
    world.advance(30)
    scheduler.end(world.cluster, _pod(world), **how)
    world.advance(60)
    assert world.row().observed is Observed.STOPPED
    assert whose in why(world)
    assert says in why(world)
    world.start("web")
    world.advance(60)
    assert world.row().observed is Observed.RUNNING
    assert len(world.claims()) == len(world.pods()) == 1


def test_a_pod_on_a_node_that_is_lost_shows_as_stopping_and_why_and_is_never_forced(world: KubernetesWorld) -> None:
    world.create()
    world.advance(30)
    pod = _pod(world)
    world.cluster.delete(PODS, pod)
    world.cluster.due.pop(pod["metadata"]["uid"])  # its node answers no more
    away(world, 190)
    assert world.row().observed is Observed.STOPPING
    assert "if it stays longer, its node does not answer" in why(world)
    assert not [one for one in world.cloud.books.changes() if "gracePeriodSeconds=0" in one.path]


def test_a_started_machine_that_finds_no_room_keeps_its_disk_and_says_why(world: KubernetesWorld) -> None:
    alone(world, "cpu-a-1")
    world.create(kind="100x16")
    world.advance(30)
    world.stop("web")
    world.advance(60)
    world.create("other", kind="100x16")
    world.advance(30)
    world.start("web")
    world.advance(10)
    away(world, 180)
    assert world.row().observed is Observed.PENDING
    assert "too little CPU free" in why(world)
    assert len(world.claims()) == 2
    world.terminate("other")
    away(world, 40)
    world.advance(40)
    assert world.row().observed is Observed.RUNNING


def test_spot_nodes_are_those_that_the_cluster_labels_so(world: KubernetesWorld, key: str) -> None:
    typed = ("create", "--provider", "k8s", "--name", "web", "-d", "1h", "--public-key", key, "--spot", "--no-wait")
    assert run(world, *typed).exit_code == 0
    world.advance(30)
    assert _pod(world)["spec"]["nodeName"] == "spot-b-1"
    alone(world, "cpu-a-1")
    assert run(world, *[word if word != "web" else "next" for word in typed]).exit_code == 0
    world.advance(5)
    assert "no node of the cluster is labelled as one that may be taken back" in str(world.row("next").error)


def test_a_namespace_that_is_gone_or_made_again_proves_nothing(world: KubernetesWorld) -> None:
    world.create()
    world.advance(30)
    cluster = world.cluster
    kept = dict(cluster.objects)
    cluster.objects = {key: one for key, one in kept.items() if key[1] != NAMESPACE and key[2] != NAMESPACE}
    world.advance(200, tick=50)
    assert world.row().observed is Observed.RUNNING, "an empty list of a namespace that is not there says nothing"
    cluster.add("namespaces", "", {"metadata": {"name": NAMESPACE}, "status": {"phase": "Active"}})
    world.advance(200, tick=50)
    assert world.row().observed is Observed.RUNNING, "it is another one"
    cluster.objects = kept
    world.advance(60)
    assert (world.row().observed, world.word()) == (Observed.RUNNING, "running")
