"""What is Lambda's own: no stop, a call a second, one bad id that sinks a batch, names that hold what tags may not, and secrets."""

from __future__ import annotations

from datetime import timedelta

import pytest

from im.domain.scope import Scope
from im.domain.state import Observed
from im.providers import errors
from im.providers.contract import Filter, Slot, Snapshot, merge_pages
from im.providers.kit.http import Answer
from im.providers.kit.marked_name import marked
from im.providers.lambda_cloud.api import LambdaApi, translate
from im.providers.lambda_cloud.provider import LambdaProvider
from im.providers.machine import Machine
from im.standins.books import Fault
from tests.machines import machines
from tests.providers.clouds import ABSENT, DEPLOYMENT, STRANGER
from tests.providers.lambda_cloud.room import LambdaRoom

SLOT = Slot("im-0123456789", "web")
TOKEN = "0f0e0d0c-1111-4222-8333-444444444444"
LAUNCH = "/instance-operations/launch"
ILL = {"error": {"code": "global/internal-error", "message": "An internal server error occurred."}}
OFTEN = {"error": {"code": "global/rate-limited", "message": "Too many requests."}}


@pytest.fixture
def room(request: pytest.FixtureRequest) -> LambdaRoom:
    found: LambdaRoom = request.getfixturevalue("lambda")
    return found


def launch(room: LambdaRoom, slot: Slot = SLOT, token: str = TOKEN) -> str:
    room.clock.step(seconds=12)
    (made,) = room.provider.launch(room.scope, room.spec, token=token, slots=[slot])
    room.settle()
    return made.provider_id


def look(room: LambdaRoom, token: str = TOKEN) -> Snapshot:
    return merge_pages(room.provider.list(room.scope, Filter(token=token)))


def test_neither_stop_nor_start_is_ever_asked_for(room: LambdaRoom) -> None:
    one = launch(room)
    before = len(room.cloud.books.entries)
    for verb in (room.provider.stop, room.provider.start):
        refused = verb(room.scope, machines([one])).failed[one]
        assert isinstance(refused, errors.Unsupported)
        assert "it can only be terminated, and its disk goes with it" in refused.message
    assert len(room.cloud.books.entries) == before


def test_a_launch_whose_reply_was_lost_is_found_by_its_token(room: LambdaRoom) -> None:
    room.cloud.books.plan(Fault("POST", LAUNCH, 500, ILL, after=True))
    with pytest.raises(errors.Ambiguous):
        launch(room)
    (found,) = look(room).sightings
    assert [found.provider_id] == room.team.ever
    assert (found.tags["Name"], found.tags["im:instance"], found.tags["im:launch"]) == ("web", SLOT.instance_id, TOKEN)


def test_one_launch_for_many_slots_makes_the_first(room: LambdaRoom) -> None:
    (made,) = room.provider.launch(room.scope, room.spec, token=TOKEN, slots=room.slots(3))
    assert made.tags["Name"] == "web-1"
    assert len(room.team.ever) == 1


def test_without_tags_the_name_tells_and_a_stranger_and_an_edited_one_are_not_ours(room: LambdaRoom) -> None:
    room.team.refuses_tags = True
    with pytest.raises(errors.Throttled):
        launch(room)
    one = launch(room)
    instance = room.team.instances[one]
    assert instance.tags == []
    (seen,) = look(room).sightings
    assert (seen.tags["im:deployment"], seen.tags["im:instance"]) == (DEPLOYMENT, SLOT.instance_id)
    assert look(room, "another-token").sightings == ()
    theirs = room.of_deployment(STRANGER)
    assert merge_pages(theirs.list(room.scope)).sightings == ()
    instance.name = "precious"
    assert merge_pages(room.provider.list(room.scope)).sightings == ()


def test_where_tags_are_an_edited_name_is_a_name_and_nothing_else(room: LambdaRoom) -> None:
    one = launch(room)
    room.team.instances[one].name = "precious"
    (seen,) = merge_pages(room.provider.list(room.scope)).sightings
    assert (seen.provider_id, seen.tags["Name"], seen.tags["im:instance"]) == (one, "precious", SLOT.instance_id)
    room.team.instances[one].name = marked("precious", "im-zzzzzzzzzz", STRANGER, TOKEN)
    (seen,) = merge_pages(room.provider.list(room.scope)).sightings
    assert seen.tags["im:instance"] == SLOT.instance_id, "a name of another deployment's says nothing here"


def test_an_orphan_of_ours_becomes_another_rows_by_its_name_and_a_strangers_machine_does_not(room: LambdaRoom) -> None:
    one, foreign = launch(room), room.foreign()
    adoption = room.provider.adoption
    assert adoption is not None
    adoption.take(room.scope, Machine(one), Slot("im-abcdefghjk", "other"), "eve")
    seen = room.provider.describe(room.scope, machines([one]))[one]
    assert (seen.tags["im:instance"], seen.tags["Name"]) == ("im-abcdefghjk", "web")
    with pytest.raises(errors.Unsupported, match="takes in there only what it has launched"):
        adoption.take(room.scope, Machine(foreign), SLOT, "eve")
    assert room.team.instances[foreign].name == "not-ours"


def test_neither_one_that_is_gone_nor_one_that_ends_already_sinks_the_others(room: LambdaRoom) -> None:
    ending, *alive = [launch(room, slot) for slot in room.slots(3)]
    room.team.end(room.team.instances[ending])
    result = room.provider.terminate(room.scope, machines([ABSENT, ending, *alive]))
    assert set(result.done) == {ending, *alive}
    assert {one.state for one in result.done.values()} == {Observed.TERMINATING}
    assert isinstance(result.failed[ABSENT], errors.NotFound)
    assert len(room.cloud.books.changes("/terminate")) == 1


def test_one_that_may_not_end_yet_is_found_among_those_that_may(room: LambdaRoom) -> None:
    room.team.boots_to_the_end = True
    alive = [launch(room, slot) for slot in room.slots(2)]
    room.team.takes = timedelta(minutes=5)
    room.clock.step(seconds=12)
    (made,) = room.provider.launch(room.scope, room.spec, token="young", slots=room.slots())
    result = room.provider.terminate(room.scope, machines([*alive, made.provider_id]))
    assert set(result.done) == set(alive)
    assert isinstance(result.failed[made.provider_id], errors.WrongState)


def test_what_another_process_has_asked_in_the_same_second_is_waited_for(room: LambdaRoom) -> None:
    room.cloud.books.plan(Fault("GET", "/instances", 429, OFTEN), times=2)
    assert look(room).complete
    room.cloud.books.plan(Fault("GET", "/instances", 429, OFTEN), times=3)
    with pytest.raises(errors.Throttled):
        look(room)


def test_whoever_would_wait_for_long_is_sent_away_before_anything_is_asked(room: LambdaRoom) -> None:
    room.provider.launch(room.scope, room.spec, token=TOKEN, slots=room.slots())
    room.provider.list(room.scope)
    with pytest.raises(errors.Throttled, match="a launch each twelve seconds") as told:
        room.provider.launch(room.scope, room.spec, token="next", slots=room.slots())
    assert told.value.retry_after is not None
    assert len(room.team.ever) == 1
    assert {one.status for one in room.cloud.books.entries} == {200}


def test_a_key_is_found_by_its_material_and_one_whose_name_two_keys_have_is_not_used(room: LambdaRoom) -> None:
    theirs = {"id": "1", "name": "laptop", "public_key": f"{room.spec.public_key} me@laptop"}
    room.team.keys["1"] = theirs
    assert room.team.instances[launch(room)].keys == ["laptop"]
    room.team.keys["2"] = {"id": "2", "name": "laptop", "public_key": "ssh-rsa AAAA other"}
    with pytest.raises(errors.InvalidSpec, match="2 SSH keys named laptop"):
        launch(room)


def test_a_filesystem_is_mounted_where_it_is_and_refused_elsewhere(room: LambdaRoom) -> None:
    number = room.team.number()
    where = {"name": "us-west-1", "description": "California, USA"}
    room.team.file_systems[number] = {"id": number, "name": "data", "region": where}
    room.wish(options={"file-system": "data"}, zone="us-west-1")
    assert room.team.instances[launch(room)].file_systems == ["data"]
    room.wish(options={"file-system": "data"}, zone="us-east-1")
    with pytest.raises(errors.InvalidSpec, match="another region"):
        launch(room)


def test_nothing_of_jupyters_secret_is_kept(room: LambdaRoom) -> None:
    one = launch(room)
    assert "a-secret" not in repr(room.provider.describe(room.scope, machines([one])))


def test_each_team_has_an_identity_of_its_own(room: LambdaRoom) -> None:
    scope = Scope("lambda", "default", "all")
    other = LambdaProvider(LambdaApi(lambda: "other.secret", room.url, room.pace), DEPLOYMENT)
    assert room.provider.identity(scope) != other.identity(scope)


@pytest.mark.parametrize(
    ("status", "code", "mutating", "kind"),
    [
        (401, "global/invalid-api-key", False, errors.Unauthenticated),
        (403, "global/account-inactive", True, errors.Forbidden),
        (400, "instance-operations/launch/insufficient-capacity", True, errors.NoCapacity),
        (400, "global/insufficient-capacity", True, errors.NoCapacity),
        (400, "global/quota-exceeded", True, errors.QuotaExceeded),
        (400, "provider/quota-limit", True, errors.QuotaExceeded),
        (400, "global/invalid-parameters", True, errors.InvalidSpec),
        (400, "instance-operations/launch/file-system-in-wrong-region", True, errors.InvalidSpec),
        (400, "global/object-does-not-exist", False, errors.NotFound),
        (409, "global/conflict", True, errors.WrongState),
        (400, "global/unknown", True, errors.Ambiguous),
        (400, "global/unknown", False, errors.Unavailable),
        (500, "global/internal-error", True, errors.Ambiguous),
        (400, "provider/internal-unavailable", True, errors.Ambiguous),
        (503, "provider/internal-unavailable", False, errors.Unavailable),
    ],
)
def test_every_code_has_one_word(status: int, code: str, mutating: bool, kind: type[errors.ProviderError]) -> None:
    told = translate(Answer(status, {"error": {"code": code, "message": "so it is"}}, {}), mutating)
    assert isinstance(told, kind)
    assert told.message == "Lambda: so it is"


def test_an_answer_that_is_a_page_of_a_proxy_is_understood_by_its_status() -> None:
    assert isinstance(translate(Answer(429, None, {}), False), errors.Throttled)
    assert isinstance(translate(Answer(502, None, {}), True), errors.Ambiguous)
    assert translate(Answer(403, None, {}), False) is None
