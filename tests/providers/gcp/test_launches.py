"""Launches at Google Cloud: by name and request, refused at once or late, and made as they were asked for."""

from __future__ import annotations

from datetime import timedelta

import pytest

from im.domain.cause import Hand
from im.domain.spec.disk import Disk
from im.domain.spec.spot import Spot
from im.domain.state import Observed
from im.providers import errors
from im.providers.contract import Slot, merge_pages
from im.providers.machine import Machine
from im.standins.books import Fault
from tests.machines import machines
from tests.providers.clouds import DEPLOYMENT, STRANGER
from tests.providers.gcp.room import KIND, LOST, SLOT, A, GcpRoom, launch


def test_a_launch_whose_reply_was_lost_meets_its_own_machine_again(gcp: GcpRoom) -> None:
    gcp.cloud.books.plan(Fault("POST", "/instances", 503, LOST, after=True))
    with pytest.raises(errors.Ambiguous):
        launch(gcp)
    gcp.settle()
    again = launch(gcp)
    assert [int(one) for one in again] == gcp.project.ever, "one machine, and the one that was made first"


def test_when_the_request_is_forgotten_the_name_is_what_is_met(gcp: GcpRoom) -> None:
    first = launch(gcp)
    gcp.project.requests.clear()
    assert launch(gcp) == first
    assert len(gcp.project.ever) == 1


def test_a_name_is_never_used_twice_so_no_disk_that_was_left_is_taken_for_a_new_one(gcp: GcpRoom) -> None:
    names = set()
    for launched_by in ("one", "two"):
        (made,) = launch(gcp, launched_by)
        names.add(gcp.machine(made).name)
    assert len(names) == 2
    assert all(name.startswith("web-0123456789-") and len(name) <= 63 for name in names)
    (odd,) = launch(gcp, "three", Slot("im-9999999999", "7 Of Nine!" * 9))
    assert gcp.machine(odd).name.startswith("im-7-of-nine")


def test_a_name_that_somebody_else_has_is_said_to_be_taken(gcp: GcpRoom) -> None:
    theirs = gcp.of_deployment(STRANGER)
    theirs.launch(gcp.scope, gcp.spec, token="tok", slots=[SLOT])
    gcp.project.requests.clear()
    with pytest.raises(errors.InvalidSpec, match="somebody else's machine is called web-0123456789"):
        launch(gcp)


def test_a_launch_that_came_to_nothing_says_so_when_it_is_repeated(gcp: GcpRoom) -> None:
    gcp.project.lacking.add((KIND, A))
    launch(gcp)
    gcp.settle()
    with pytest.raises(errors.NoCapacity, match=r"currently unavailable .* \(it has room in us-central1-b"):
        launch(gcp)
    assert gcp.project.ever == []


def test_a_machine_that_is_not_there_is_known_by_the_operation_that_was_to_make_it(gcp: GcpRoom) -> None:
    gcp.project.lacking.add((KIND, A))
    (made,) = gcp.provider.launch(gcp.scope, gcp.spec, token="tok", slots=[SLOT])
    machine = Machine(made.provider_id, made.notes or {})
    assert gcp.provider.describe(gcp.scope, [machine])[machine.id].state is Observed.PENDING
    gcp.clock.step(seconds=3)
    half_made = gcp.provider.describe(gcp.scope, [machine])[machine.id]
    assert half_made.state is Observed.PENDING, "it shows as STOPPING, and nobody stops it"
    gcp.settle()
    seen = gcp.gcp().describe(gcp.scope, [machine])[machine.id]
    assert (seen.state, seen.cause.hand, seen.cause.code) == (Observed.TERMINATED, Hand.CLOUD, "no_capacity")
    assert gcp.gcp().describe(gcp.scope, machines([machine.id])) == {}, "who was told of no operation knows of nothing"


def test_a_machine_that_lists_do_not_show_yet_is_found_by_its_number(gcp: GcpRoom) -> None:
    gcp.project.blind = timedelta(seconds=60)
    (made,) = gcp.provider.launch(gcp.scope, gcp.spec, token="tok", slots=[SLOT])
    gcp.settle()
    assert merge_pages(gcp.provider.list(gcp.scope)).sightings == ()
    machine = Machine(made.provider_id, made.notes or {})
    assert gcp.gcp().describe(gcp.scope, [machine])[machine.id].state is Observed.RUNNING


def test_what_was_refused_of_a_launch_is_left_out_and_what_was_made_is_told(gcp: GcpRoom) -> None:
    gcp.project.most_machines = 2
    made = gcp.provider.launch(gcp.scope, gcp.spec, token="tok", slots=gcp.slots(5))
    assert {int(one.provider_id) for one in made} == set(gcp.project.ever)
    assert len(made) == 2


def test_no_number_in_an_answer_is_no_answer(gcp: GcpRoom) -> None:
    gcp.cloud.books.plan(Fault("POST", "/instances", 200, {"name": "operation-1", "status": "RUNNING"}, after=True))
    with pytest.raises(errors.Ambiguous, match="named no machine"):
        launch(gcp)


@pytest.mark.parametrize(
    ("wish", "error", "told"),
    [
        ({"instance_type": "t2a-standard-1", "zone": "us-central1-f"}, errors.NotOffered, "does not exist in zone"),
        ({"image": "projects/debian-cloud/global/images/family/debian-1"}, errors.InvalidSpec, "was not found"),
        ({"network": "nowhere", "ssh_from": ()}, errors.NotThereYet, "was not found"),
        ({"network": "nowhere"}, errors.NotThereYet, "was not found"),
        ({"zone": "us-central1-x"}, errors.InvalidSpec, "zones/us-central1-x"),
    ],
)
def test_what_is_wrong_with_a_wish_is_said_at_once(
    gcp: GcpRoom, wish: dict[str, object], error: type[errors.ProviderError], told: str
) -> None:
    gcp.wish(**wish)
    with pytest.raises(errors.ProviderError, match=told) as refused:
        launch(gcp)
    assert type(refused.value) is error
    assert gcp.project.ever == []


def test_a_machine_is_made_as_it_was_asked_for(gcp: GcpRoom) -> None:
    gcp.wish(
        instance_type="n1-standard-4",
        options={"gpu": "nvidia-tesla-t4:2", "public-ip": "no"},
        spot=Spot(once=True),
        root_disk=Disk(50, kind="pd-ssd"),
        volumes=(Disk(100, keep=True),),
        user_data=b"#cloud-config\n",
    )
    (made,) = launch(gcp)
    asked = gcp.machine(made).body
    assert asked["scheduling"] == {
        "onHostMaintenance": "TERMINATE",
        "provisioningModel": "SPOT",
        "instanceTerminationAction": "DELETE",
        "automaticRestart": False,
    }
    assert asked["guestAccelerators"][0]["acceleratorCount"] == 2
    assert "accessConfigs" not in asked["networkInterfaces"][0]
    metadata = gcp.machine(made).metadata
    assert metadata["ssh-keys"].startswith("im:ssh-ed25519 ")
    assert (metadata["user-data"], metadata["enable-oslogin"]) == ("#cloud-config\n", "FALSE")
    root, kept = gcp._disks(made)
    assert (root.kind, kept.kind) == ("pd-ssd", "pd-balanced")
    assert root.labels["im-deployment"] == kept.labels["im-deployment"] == DEPLOYMENT
    assert ("im-keep" in root.labels, "im-keep" in kept.labels) == (False, True)


def test_an_image_without_cloud_init_is_given_a_script_that_runs_once(gcp: GcpRoom) -> None:
    gcp.wish(image="debian", user_data=b"#!/bin/sh\necho hello\n")
    told = gcp.machine(launch(gcp)[0]).metadata
    assert told["user-data"] == "#!/bin/sh\necho hello\n"
    assert '[ -e "$stamp" ] && exit 0' in told["startup-script"]


def test_what_was_taken_back_once_and_deleted_later_was_not_taken_back_for_good(gcp: GcpRoom) -> None:
    gcp.wish(spot=Spot())
    (one,) = gcp.running()
    gcp.take_back(one)
    seen = gcp.provider.describe(gcp.scope, machines([one]))[one]
    assert (seen.state, seen.cause.hand, seen.interrupted) == (Observed.STOPPED, Hand.SPOT, False)
    gcp.outside("terminate", one)
    assert gcp.provider.describe(gcp.scope, machines([one])) == {}
    gcp.wish(spot=Spot(once=True))
    (other,) = gcp.running()
    gcp.take_back(other)
    gone = gcp.provider.describe(gcp.scope, machines([other]))[other]
    assert (gone.state, gone.cause.hand, gone.interrupted) == (Observed.TERMINATED, Hand.SPOT, True)
