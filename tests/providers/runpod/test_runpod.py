"""What is RunPod's own: variables that carry our facts, GPUs that are given away, ports that change, and answers that lie."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from im.domain.cause import Hand
from im.domain.spec.terms import terms_in
from im.domain.state import Observed
from im.providers import errors
from im.providers.contract import Filter, Slot, Snapshot, merge_pages
from im.providers.kit.http import Answer
from im.providers.kit.marked_name import marked
from im.providers.machine import Machine
from im.providers.request import Ask
from im.providers.runpod.api import translate
from im.providers.runpod.profile import DEFAULT_IMAGE, PROFILE
from im.standins.books import Fault
from tests.machines import machines
from tests.providers.clouds import DEPLOYMENT, STRANGER, public_key
from tests.providers.runpod.room import RunPodRoom

SLOT = Slot("im-0123456789", "web")
TOKEN = "0f0e0d0c-1111-4222-8333-444444444444"
ILL = {"title": "Internal Server Error", "status": 500, "detail": "read-back failed"}


@pytest.fixture
def room(request: pytest.FixtureRequest) -> RunPodRoom:
    found: RunPodRoom = request.getfixturevalue("runpod")
    return found


def launch(room: RunPodRoom, slot: Slot = SLOT, token: str = TOKEN) -> str:
    (made,) = room.provider.launch(room.scope, room.spec, token=token, slots=[slot])
    room.settle()
    return made.provider_id


def look(room: RunPodRoom, token: str = TOKEN) -> Snapshot:
    return merge_pages(room.provider.list(room.scope, Filter(token=token)))


def describe(room: RunPodRoom, one: str) -> Any:
    return room.provider.describe(room.scope, machines([one]))[one]


def test_a_pod_is_asked_for_with_a_key_of_its_own_and_never_with_those_of_the_whole_account(room: RunPodRoom) -> None:
    room.wish(tags={}, options={}, root_disk=None)
    config = room.pod(launch(room)).config
    assert config["env"]["PUBLIC_KEY"] == room.spec.public_key
    assert (config["ports"], config["startSsh"], config["disk"]) == (["22/tcp"], True, 20)
    assert config["mounts"] == {"persistent": {"size": 20, "path": "/workspace"}}
    assert config["gpu"] == {"id": "NVIDIA GeForce RTX 4090", "count": 1, "minCudaVersion": "12.8"}
    assert not [one for one in room.cloud.books.changes() if one.method == "PUT"]


def test_where_its_ssh_answers_is_told_once_it_is_mapped_and_changes_with_each_start(room: RunPodRoom) -> None:
    (made,) = room.provider.launch(room.scope, room.spec, token=TOKEN, slots=[SLOT])
    room.clock.step(seconds=11)
    early = describe(room, made.provider_id)
    assert (early.state, early.public_ip, terms_in(early.notes).ssh_port) == (Observed.RUNNING, None, None)
    room.settle()
    first = describe(room, made.provider_id)
    assert first.public_ip == "203.0.113.13"
    room.provider.stop(room.scope, machines([made.provider_id]))
    stopped = describe(room, made.provider_id)
    assert (stopped.state, stopped.public_ip, stopped.notes) == (Observed.STOPPED, None, None)
    room.provider.start(room.scope, machines([made.provider_id]))
    room.settle()
    again = describe(room, made.provider_id)
    assert terms_in(first.notes).ssh_port != terms_in(again.notes).ssh_port is not None
    assert terms_in(again.notes).prices == {"rtx4090-x1": Decimal("0.69")}, "its own price, as RunPod shows it"


def test_a_launch_whose_reply_was_lost_is_found_by_its_token(room: RunPodRoom) -> None:
    room.cloud.books.plan(Fault("POST", "/v2/pods", 500, ILL, after=True))
    with pytest.raises(errors.Ambiguous):
        launch(room)
    (found,) = look(room).sightings
    assert [found.provider_id] == room.account.ever
    assert (found.tags["Name"], found.tags["im:instance"], found.tags["im:launch"]) == ("web", SLOT.instance_id, TOKEN)


def test_one_that_somebody_has_edited_and_a_strangers_are_none_of_ours(room: RunPodRoom) -> None:
    one = room.pod(launch(room))
    assert merge_pages(room.of_deployment(STRANGER).list(room.scope)).sightings == ()
    own = one.name
    one.name = "precious"
    assert len(look(room).sightings) == 1, "a name alone is what people call it"
    one.name = marked("web", SLOT.instance_id, STRANGER, TOKEN)
    assert look(room).sightings == ()
    one.name = own
    del one.config["env"]["IM_OWNER"]
    assert merge_pages(room.provider.list(room.scope)).sightings == ()
    assert describe(room, one.id).tags == {"Name": own, "im:deployment": ""}, "nobody's"
    for verb in ("stop", "start", "terminate"):
        refused = getattr(room.provider, verb)(room.scope, [Machine(one.id)]).failed[one.id]
        assert isinstance(refused, errors.LabelChanged)
    assert one.status == "RUNNING"


def test_tags_of_a_person_shadow_no_variable_of_the_image(room: RunPodRoom) -> None:
    spec = room.spec
    room.spec = type(spec)(**{**{f: getattr(spec, f) for f in spec.__slots__}, "tags": {"PATH": "web", "Töpfe": "é"}})
    one = launch(room)
    assert "PATH" not in room.pod(one).config["env"]
    assert {k: v for k, v in describe(room, one).tags.items() if k in room.spec.tags} == room.spec.tags


def test_nothing_of_a_pods_own_variables_is_kept(room: RunPodRoom) -> None:
    assert "theirs" not in repr(describe(room, room.foreign()))


def test_an_orphan_of_ours_becomes_another_rows_by_its_name_and_a_strangers_pod_does_not(room: RunPodRoom) -> None:
    one, foreign = launch(room), room.foreign()
    adoption = room.provider.adoption
    assert adoption is not None
    adoption.take(room.scope, Machine(one), Slot("im-abcdefghjk", "other"), "eve")
    seen = describe(room, one)
    assert (seen.tags["im:instance"], seen.tags["Name"], room.pod(one).wiped) == ("im-abcdefghjk", "web", 0)
    with pytest.raises(errors.Unsupported, match="takes in at RunPod only what it has launched"):
        adoption.take(room.scope, Machine(foreign), SLOT, "eve")
    assert room.pod(foreign).name == "not-ours"


def test_a_start_without_room_says_what_can_be_done_and_the_disk_is_kept(room: RunPodRoom) -> None:
    one = launch(room)
    room.provider.stop(room.scope, machines([one]))
    room.account.lent_away = True
    refused = room.provider.start(room.scope, machines([one])).failed[one]
    assert isinstance(refused, errors.NoCapacity)
    assert "RunPod has given its GPUs to others; /workspace is kept. Wait" in refused.message
    assert room.states([one]) == {one: Observed.STOPPED}


def test_a_start_that_comes_back_without_a_gpu_is_no_start_and_is_stopped_again(room: RunPodRoom) -> None:
    one = launch(room)
    room.provider.stop(room.scope, machines([one]))
    room.account.comes_back_bare = True
    room.provider.start(room.scope, machines([one]))
    room.settle()
    seen = describe(room, one)
    assert (seen.state, seen.cause.hand, seen.cause.code) == (Observed.HALTED, Hand.CLOUD, "no_capacity")
    again = room.provider.start(room.scope, machines([one])).failed[one]
    assert isinstance(again, errors.NoCapacity)
    assert room.pod(one).status == "EXITED"


def test_a_pod_without_a_gpu_is_none_that_has_lost_it(room: RunPodRoom) -> None:
    room.wish(instance_type="cpu3c-4")
    seen = describe(room, launch(room))
    assert (seen.state, seen.instance_type, seen.disk_gb) == (Observed.RUNNING, "cpu3c-4", 0)


def test_a_gpu_that_is_younger_than_the_table_is_named_by_its_id(room: RunPodRoom) -> None:
    room.account.centers["NVIDIA L4"] = ("US-KS-2",)
    room.wish(instance_type="l4-x2")
    assert room.pod(launch(room)).config["gpu"]["count"] == 2
    room.wish(instance_type="nvidia-l4-x1")
    assert room.pod(launch(room)).config["gpu"]["id"] == "NVIDIA L4"
    room.wish(instance_type="nvidia-x9000-x1")
    with pytest.raises(errors.InvalidSpec, match="RunPod sells no nvidia-x9000-x1"):
        launch(room)


def test_a_network_volume_is_mounted_and_one_that_is_not_there_is_no_missing_pod(room: RunPodRoom) -> None:
    room.account.volumes["agv6w2qcg7"] = {"id": "agv6w2qcg7"}
    room.wish(options={"network-volume": "agv6w2qcg7"})
    assert room.pod(launch(room)).config["mounts"] == {"network": [{"volumeId": "agv6w2qcg7", "path": "/workspace"}]}
    room.wish(options={"network-volume": "gone1234"})
    with pytest.raises(errors.InvalidSpec):
        launch(room)


def test_what_the_account_may_not_have_is_not_offered_and_no_credit_is_said(room: RunPodRoom) -> None:
    room.account.may_create = False
    with pytest.raises(errors.NotOffered):
        launch(room)
    room.account.balance = 0
    with pytest.raises(errors.QuotaExceeded, match="add credit"):
        launch(room)
    assert room.account.ever == []


def test_whoever_asks_too_often_is_told_when_to_come_again(room: RunPodRoom) -> None:
    for _ in range(60):
        look(room)
    with pytest.raises(errors.Throttled) as told:
        look(room)
    assert told.value.retry_after is not None


@pytest.mark.parametrize(
    ("status", "detail", "mutating", "kind"),
    [
        (
            400,
            "There are no longer any instances available with the requested specifications.",
            True,
            errors.NoCapacity,
        ),
        (400, "There are not enough free GPUs on the host machine to start this pod.", True, errors.NoCapacity),
        (400, "mounts.persistent is invalid for a cpu pod", True, errors.InvalidSpec),
        (401, "missing bearer token", False, errors.Unauthenticated),
        (402, "Your balance is too low.", True, errors.QuotaExceeded),
        (403, "access denied", True, errors.Forbidden),
        (404, "pod not found", True, errors.NotFound),
        (405, "method not allowed", True, errors.Unsupported),
        (409, "action stop is not valid", True, errors.WrongState),
        (422, "Request validation failed.", True, errors.InvalidSpec),
        (429, "rate limit exceeded", True, errors.Throttled),
        (500, "something went wrong", True, errors.Ambiguous),
        (503, "something went wrong", True, errors.Ambiguous),
        (503, "something went wrong", False, errors.Unavailable),
    ],
)
def test_every_refusal_has_one_word(status: int, detail: str, mutating: bool, kind: type[errors.ProviderError]) -> None:
    told = translate(Answer(status, {"title": "No", "status": status, "detail": detail}, {}), mutating)
    assert type(told) is kind
    assert told.message.startswith(f"RunPod: {detail}")


def test_an_image_of_ones_own_is_not_bound_to_the_drivers_that_the_usual_one_needs(room: RunPodRoom) -> None:
    _, plain = PROFILE.plan(Ask(public_key=public_key()), account="default", default_region=None)
    assert plain.image == DEFAULT_IMAGE
    room.wish(image="ghcr.io/lab/train:3")
    assert "minCudaVersion" not in room.pod(launch(room)).config["gpu"]
    assert describe(room, room.account.ever[0]).tags["im:deployment"] == DEPLOYMENT
