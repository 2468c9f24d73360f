"""What is Crusoe's own: signed requests, a name that is all there is, operations that tell later, and states that tell nothing."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from im.domain.cause import Hand
from im.domain.state import Observed
from im.providers import errors
from im.providers.contract import Filter, Slot, Snapshot, merge_pages
from im.providers.crusoe.account import Credentials
from im.providers.crusoe.api import CrusoeApi, translate
from im.providers.crusoe.provider import CrusoeProvider
from im.providers.crusoe.signature import headers
from im.providers.kit.http import Answer
from im.providers.machine import Machine
from im.standins.books import Fault
from tests.machines import machines
from tests.providers.clouds import DEPLOYMENT, STRANGER
from tests.providers.crusoe.room import SECRET, TEAM, CrusoeRoom

SLOT = Slot("im-0123456789", "web")
TOKEN = "0f0e0d0c-1111-4222-8333-444444444444"
NOW = datetime(2030, 1, 1, tzinfo=UTC)
VMS = "/compute/vms/instances"
ILL = {"code": "internal_error", "message": "an internal error occurred", "error_id": "1"}


@pytest.fixture
def room(crusoe: CrusoeRoom) -> CrusoeRoom:
    return crusoe


def launch(room: CrusoeRoom, slot: Slot = SLOT, token: str = TOKEN, *, settled: bool = True) -> Machine:
    """With what its launch noted."""
    (made,) = room.provider.launch(room.scope, room.spec, token=token, slots=[slot])
    if settled:
        room.settle()
    return Machine(made.provider_id, made.notes or {})


def look(room: CrusoeRoom, token: str = "") -> Snapshot:
    return merge_pages(room.provider.list(room.scope, Filter(token=token)))


def of(room: CrusoeRoom, credentials: Credentials) -> CrusoeProvider:
    return CrusoeProvider(CrusoeApi(lambda: credentials, f"{room.url}/v1", room.clock), DEPLOYMENT)


def test_the_name_alone_says_whose_it_is_and_an_edited_one_is_nobodys(room: CrusoeRoom) -> None:
    one = launch(room)
    (seen,) = look(room, TOKEN).sightings
    said = ("im:deployment", "im:launch", "im:owner", "im:instance", "Name")
    assert [seen.tags[fact] for fact in said] == [DEPLOYMENT, "0f0e0d0c1111", "me", SLOT.instance_id, "web"]
    assert look(room, "another-token").sightings == ()
    machine = room.project.machines[one.id]
    for edited in ("precious", f"x{machine.name}", machine.name.replace("web", "wet"), machine.name[:-1]):
        machine.name = edited
        assert look(room).sightings == ()
        seen = room.provider.describe(room.scope, [one])[one.id]
        assert (seen.state, dict(seen.tags)) == (Observed.RUNNING, {"Name": edited, "im:deployment": ""})
        for verb in ("start", "stop", "terminate"):
            refused = getattr(room.provider, verb)(room.scope, [one]).failed[one.id]
            assert isinstance(refused, errors.Unsupported)
            assert "it is none of ours any more: im leaves it alone" in refused.message
    assert (machine.state, room.project.ended) == ("RUNNING", [])


def test_a_launch_whose_reply_was_lost_is_found_by_its_token(room: CrusoeRoom) -> None:
    room.cloud.books.plan(Fault("POST", VMS, 500, ILL, after=True))
    with pytest.raises(errors.Ambiguous):
        launch(room)
    assert [one.provider_id for one in look(room, TOKEN).sightings] == room.project.ever


def test_no_room_is_told_by_the_operation_and_by_nothing_else(room: CrusoeRoom) -> None:
    room.project.lacking.add(("c1a.2x", "us-east1-a"))
    one = launch(room, settled=False)
    assert room.provider.describe(room.scope, [one])[one.id].state is Observed.PENDING
    room.settle()
    assert look(room).sightings == ()
    seen = room.provider.describe(room.scope, [one])[one.id]
    assert (seen.state, seen.cause.hand, seen.cause.code) == (Observed.TERMINATED, Hand.CLOUD, "no_capacity")
    assert "out_of_stock" in seen.cause.says
    assert room.provider.describe(room.scope, [Machine(one.id)]) == {}, "whoever knows no operation is told nothing"


def test_what_a_refused_launch_left_in_an_error_is_to_be_taken_away(room: CrusoeRoom) -> None:
    room.project.lacking.add(("c1a.2x", "us-east1-a"))
    room.project.leaves_errors = True
    one = launch(room)
    (listed,) = look(room).sightings
    described = room.provider.describe(room.scope, [one])[one.id]
    for seen in (listed, described):
        assert (seen.state, seen.remains, seen.cause.code) == (Observed.PENDING, True, "no_capacity")
    again = look(room).sightings[0]
    assert (again.state, again.reason) == (Observed.STOPPED, "Crusoe calls it ERROR"), "it is told once in a list"


def test_a_start_without_room_says_so_once_it_is_stopped_again(room: CrusoeRoom) -> None:
    one = launch(room)
    room.provider.stop(room.scope, [one])
    room.settle()
    room.project.lacking.add(("c1a.2x", "us-east1-a"))
    assert room.provider.start(room.scope, [one]).done[one.id].state is Observed.PENDING
    room.settle()
    (seen,) = look(room).sightings
    assert (seen.state, seen.cause.hand, seen.cause.code) == (Observed.STOPPED, Hand.CLOUD, "no_capacity")


def test_nothing_is_asked_of_operations_for_what_has_stood_still_for_long(room: CrusoeRoom) -> None:
    one = launch(room)
    room.provider.stop(room.scope, [one])
    room.clock.step(minutes=31)
    before = len(room.cloud.books.entries)
    assert look(room).sightings[0].state is Observed.STOPPED
    assert [one.path.endswith(VMS) for one in room.cloud.books.entries[before:]] == [True]


def test_a_state_that_says_nothing_makes_a_look_incomplete_and_a_strangers_does_not(room: CrusoeRoom) -> None:
    one, other = launch(room), launch(room, Slot("im-9999999999", "other"))
    room.project.machines[room.foreign()].state = "UNDEFINED"
    assert look(room).complete
    room.project.machines[one.id].state = "UNDEFINED"
    shown = look(room)
    assert (shown.complete, [seen.provider_id for seen in shown.sightings]) == (False, [other.id])
    with pytest.raises(errors.Unavailable, match="cannot be read"):
        room.provider.describe(room.scope, [one])


def test_a_project_of_many_machines_is_seen_page_by_page(room: CrusoeRoom) -> None:
    room.project.page = 4
    mine = {launch(room, slot).id for slot in room.slots(9)}
    pages = list(room.provider.list(room.scope))
    assert (len(pages), {one.provider_id for page in pages for one in page.sightings}) == (3, mine)
    assert set(room.provider.describe(room.scope, machines(sorted(mine)))) == mine
    room.cloud.books.plan(Fault("GET", VMS, 500, ILL))
    with pytest.raises(errors.Unavailable):
        look(room)


def test_while_it_is_on_its_way_no_other_change_is_taken(room: CrusoeRoom) -> None:
    young, old = launch(room, settled=False), room.project
    refused = room.provider.stop(room.scope, [young]).failed[young.id]
    assert isinstance(refused, errors.WrongState)
    room.settle()
    assert room.provider.terminate(room.scope, [young]).failed == {}
    assert room.provider.terminate(room.scope, [young]).done[young.id].state is Observed.TERMINATING
    assert old.ended == [young.id], "what goes already is asked once"


def test_only_the_first_start_runs_a_persons_script_and_no_agent_of_crusoes_comes_with_it(room: CrusoeRoom) -> None:
    room.wish(user_data=b"#!/bin/sh\necho one\n")
    script = room.project.machines[launch(room).id].script
    assert script.startswith("#!/bin/bash\n")
    assert '[ -e "$kept" ] && exit 0' in script


def test_a_name_of_a_project_leads_to_its_id_and_another_is_not_guessed(room: CrusoeRoom) -> None:
    assert of(room, Credentials("team", SECRET, "team")).identity(room.scope) == room.provider.identity(room.scope)
    for wrong in ("other", "00000000-0000-4000-8000-000000000000"):
        with pytest.raises((errors.Unauthenticated, errors.NotFound)):
            of(room, Credentials("team", SECRET, wrong)).identity(room.scope)


def test_a_key_that_is_not_known_and_a_clock_that_is_wrong_are_told_apart(room: CrusoeRoom) -> None:
    with pytest.raises(errors.Unauthenticated) as unknown:
        of(room, Credentials("team", "bm90LWl0")).identity(room.scope)
    assert unknown.value.message == "Crusoe: bad_credential"
    room.project.skew = timedelta(minutes=5)
    assert room.provider.identity(room.scope)
    slow = CrusoeApi(lambda: TEAM, f"{room.url}/v1", lambda: room.clock() - timedelta(hours=1))
    with pytest.raises(errors.Unauthenticated, match="this machine's clock is 3600 s away from Crusoe's"):
        CrusoeProvider(slow, DEPLOYMENT).identity(room.scope)
    for none in (Credentials(), Credentials("team", "%%")):
        with pytest.raises(errors.Unauthenticated, match=r"known to this worker|copy it once more"):
            of(room, none).identity(room.scope)


def test_a_signature_is_over_path_query_verb_and_time_each_with_its_end_of_line(room: CrusoeRoom) -> None:
    """Held against openssl's, made of those four lines by hand."""
    query = {"limit": "5", "names": "a b,c+d&e"}
    path = "/v1/projects/p/compute/vms/instances"
    made = headers("GET", path, query, "key", SECRET, room.clock())
    assert made["X-Crusoe-Timestamp"] == "2030-01-01T00:00:00Z"
    assert made["Authorization"] == "Bearer 1.0:key:v4LY2AQ9jFtJvEGP6vmrnJkwNgNtd58Z-dzNjW6OCmc"
    api = CrusoeApi(lambda: TEAM, f"{room.url}/v1", room.clock)
    assert api.ours(VMS, {"names": query["names"], "limit": "5"}).body["items"] == []


def test_strangers_machines_and_other_deployments_are_never_shown(room: CrusoeRoom) -> None:
    one = launch(room)
    theirs = room.of_deployment(STRANGER)
    assert merge_pages(theirs.list(room.scope)).sightings == ()
    assert theirs.describe(room.scope, [one])[one.id].tags["im:deployment"] == DEPLOYMENT[:8]


@pytest.mark.parametrize(
    ("status", "code", "message", "mutating", "kind"),
    [
        (401, "401", "bad_credential", False, errors.Unauthenticated),
        (403, "unauthorized", "not allowed", True, None),
        (403, "forbidden", "quota exceeded for a100", True, errors.QuotaExceeded),
        (400, "bad_request", "out_of_stock", True, errors.NoCapacity),
        (404, "not_found", "instance not found", False, errors.NotFound),
        (429, "too_many_requests", "slow down", True, errors.Throttled),
        (500, "internal_error", "oh", True, errors.Ambiguous),
        (503, "internal_error", "oh", False, errors.Unavailable),
    ],
)
def test_every_code_has_one_word(
    status: int, code: str, message: str, mutating: bool, kind: type[errors.ProviderError] | None
) -> None:
    told = translate(Answer(status, {"code": code, "message": message}, {}), mutating, NOW)
    assert type(told) is (kind or type(None))
