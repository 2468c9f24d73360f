"""What is Nebius' own: launches made once, refused only later, or met by a namesake; regions as projects; who we are."""

from __future__ import annotations

import json
import socket
from datetime import timedelta
from email import message_from_string
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from nebius.api.nebius.compute.v1 import InstanceSpec, StopInstanceRequest

from im.domain.cause import Hand
from im.domain.config.account import Account
from im.domain.errors import Refused
from im.domain.spec.disk import Disk
from im.domain.spec.firewall import parse_open
from im.domain.state import Observed
from im.providers import errors
from im.providers.contract import Filter, Slot, Snapshot, merge_pages
from im.providers.nebius.api import NebiusApi
from im.providers.nebius.credentials import Own, Sandbox
from im.providers.nebius.projects import Projects
from im.standins.books import Fault
from tests.machines import machines
from tests.providers.nebius.room import ACCOUNT, NebiusRoom, foreign

SLOT = Slot("im-0123456789", "web")
CREATE, EXCHANGE = "/nebius.compute.v1.InstanceService/Create", "/nebius.iam.v1.TokenExchangeService/Exchange"
H100, PLATFORM = "gpu-h100-sxm_1gpu-16vcpu-200gb", "gpu-h100-sxm"


@pytest.fixture
def room(nebius: NebiusRoom) -> NebiusRoom:
    return nebius


def launch(room: NebiusRoom, launched_by: str = "tok", slot: Slot = SLOT) -> str:
    (made,) = room.provider.launch(room.scope, room.spec, token=launched_by, slots=[slot])
    return made.provider_id


def look(room: NebiusRoom, token: str = "") -> Snapshot:
    return merge_pages(room.provider.list(room.scope, Filter(token=token)))


def test_a_launch_whose_answer_was_lost_is_made_once_and_answered_again(room: NebiusRoom) -> None:
    room.cloud.books.plan(Fault("POST", CREATE, 4, {"message": "Deadline exceeded"}, after=True))
    with pytest.raises(errors.Ambiguous):
        launch(room)
    assert [launch(room)] == room.tenant.ever
    room.tenant.keys.clear()  # how long it remembers a key, Nebius does not say: then the name holds
    assert [launch(room)] == room.tenant.ever
    assert [one.tags["im:launch"] for one in look(room, "tok").sightings] == ["tok"]


def test_somebody_elses_machine_of_that_name_is_left_alone(room: NebiusRoom) -> None:
    room.tenant.machines[foreign(room.tenant, "web-0123456789")].labels = {"im-deployment": "theirs"}
    with pytest.raises(errors.InvalidSpec, match="somebody else's machine is called web-0123456789"):
        launch(room)
    assert room.tenant.ever == []


def test_one_that_was_accepted_without_room_is_to_be_taken_away_and_says_why(room: NebiusRoom) -> None:
    room.wish(instance_type=H100)
    room.tenant.full.add((PLATFORM, "eu-north1"))
    one = launch(room)
    assert room.states([one]) == {one: Observed.PENDING}
    room.settle()
    for seen in (*look(room).sightings, *room.provider.describe(room.scope, machines([one])).values()):
        assert (seen.state, seen.remains, seen.cause.hand, seen.cause.code) == (
            *(Observed.PENDING, True, Hand.CLOUD, "no_capacity"),
        )
        assert "Not enough resources: gpu-h100-sxm" in seen.cause.says
    room.provider.terminate(room.scope, machines([one]))
    room.settle()
    assert (room.left(), room.tenant.disks) == ([], {}), "its disk goes with it"


def test_a_start_that_finds_no_room_says_so_and_keeps_the_disk(room: NebiusRoom) -> None:
    room.wish(instance_type=H100)
    (one,) = room.running()
    room.provider.stop(room.scope, machines([one]))
    room.settle()
    room.tenant.full.add((PLATFORM, "eu-north1"))
    room.provider.start(room.scope, machines([one]))
    room.settle()
    (seen,) = look(room).sightings
    assert (seen.state, seen.remains, seen.cause.code) == (Observed.STOPPED, False, "no_capacity")
    assert len(room.tenant.disks) == 1
    room.tenant.full.clear()
    room.provider.start(room.scope, machines([one]))
    room.settle()
    assert room.states([one]) == {one: Observed.RUNNING}


def test_why_a_machine_stands_still_that_nobody_stopped_is_asked_for_and_of_no_other(room: NebiusRoom) -> None:
    (one,) = room.running()
    room.provider.stop(room.scope, machines([one]))
    room.settle()
    before = len(room.cloud.books.entries)
    look(room)
    assert [e.path for e in room.cloud.books.entries[before:] if "Operations" in e.path] == []
    room.tenant.machines[one].state = "ERROR"
    assert room.states([one]) == {one: Observed.STOPPED}


def test_a_machine_takes_one_change_at_a_time(room: NebiusRoom) -> None:
    (one,) = room.running()
    room.provider.stop(room.scope, machines([one]))
    refused = room.provider.start(room.scope, machines([one])).failed[one]
    assert isinstance(refused, errors.WrongState)
    assert set(room.provider.stop(room.scope, machines([one])).done) == {one}, "it is on its way there"


def test_each_region_is_a_project_and_one_that_hangs_hides_no_other(room: NebiusRoom) -> None:
    first = launch(room)
    room.wish(zone="us-central1")
    second = launch(room, "other", Slot("im-2", "two"))
    assert {room.tenant.machines[one].project[:11] for one in (first, second)} == {"project-e00", "project-u00"}
    assert {one.zone for one in look(room).sightings} == {"eu-north1", "us-central1"}
    books = room.cloud.books
    books.plan(Fault("GET", "InstanceService/List", 13, {"message": "internal"}))
    seen = look(room)
    assert (seen.complete, seen.unseen) == (False, {"eu-north1"})
    assert [one.provider_id for one in seen.sightings] == [second]
    books.plan(Fault("GET", "InstanceService/List", 13, {"message": "internal"}), times=3)
    with pytest.raises(errors.Unavailable):
        look(room)
    room.wish(zone="uk-south1")
    with pytest.raises(errors.NotOffered, match="eu-north1, eu-west1, us-central1"):
        launch(room)


def test_two_projects_of_one_region_are_not_chosen_between(room: NebiusRoom) -> None:
    api = NebiusApi(Sandbox(f"{ACCOUNT}.secret"), room.url.partition("://")[2])
    twice = Projects(api, lambda: [f"project-e00{ACCOUNT}"] * 2)
    with pytest.raises(errors.InvalidSpec, match="both in eu-north1"):
        twice.by_region()
    with pytest.raises(errors.Forbidden, match="shows no project project-e00other"):
        Projects(api, lambda: ["project-e00other"]).by_region()
    with pytest.raises(errors.Unauthenticated, match="set IM_NEBIUS_PROJECTS"):
        Projects(api, list).by_region()


def test_regions_without_room_are_left_out_where_nebius_says_so(room: NebiusRoom) -> None:
    kind, tenant = "gpu-h200-sxm_8gpu-128vcpu-1600gb", room.tenant
    assert room.provider.zones is not None
    offering = room.provider.zones.offering

    def where() -> Any:
        return offering(room.scope, room.spec, [kind])[kind]

    tenant.advised["gpu-h200-sxm", "eu-west1"] = "LIMIT_REACHED"
    tenant.advised["gpu-h200-sxm", "us-central1"] = "LOW"
    assert where() == ["eu-north1", "us-central1"]
    tenant.advises = False
    assert where() == ["eu-north1", "eu-west1", "us-central1"]
    tenant.advises = True
    tenant.advised |= {("gpu-h200-sxm", region): "LIMIT_REACHED" for region in ("eu-north1", "us-central1")}
    with pytest.raises(errors.NoCapacity):
        where()


def test_a_group_whose_making_was_cut_short_is_completed(room: NebiusRoom) -> None:
    room.wish(ssh_from=("203.0.113.7/32",), open_ports=parse_open("443/tcp"))
    books = room.cloud.books
    books.plan(Fault("POST", "SecurityRuleService/Create", 14, {"message": "Socket closed"}))
    with pytest.raises(errors.Ambiguous):
        launch(room)
    assert [len(one.rules) for one in room.tenant.groups.values()] == [0]
    one = launch(room)
    assert room.ways_in(one) == {"22/tcp@203.0.113.7/32", "443/tcp@0.0.0.0/0"}
    assert len(room.tenant.groups) == 1


def test_a_disk_that_outlived_its_machine_is_found_by_its_labels_once_it_is_old(room: NebiusRoom) -> None:
    (one,) = room.running()
    tenant, leftovers = room.tenant, room.provider.leftovers
    assert leftovers is not None
    assert [thing.kind for thing in leftovers.found(room.scope)] == [], "it is in use"
    del tenant.machines[one]
    (disk,) = tenant.disks.values()
    disk.machine = None
    assert leftovers.found(room.scope) == [], "its machine may be on its way"
    room.clock.step(hours=2)
    (thing,) = leftovers.found(room.scope)
    assert (thing.kind, thing.detail, thing.used) == ("disk", "93 GB in eu-north1", False)
    assert leftovers.discard(room.scope, [thing]) == {}
    assert tenant.disks == {}


def test_disks_have_their_size_and_type_and_go_with_their_machine(room: NebiusRoom) -> None:
    room.wish(root_disk=Disk(186, "network-ssd-io-m3"), volumes=(Disk(20),))
    one = launch(room)
    assert room.disks(one) == [(186, False), (20, False)]
    room.settle()
    room.provider.terminate(room.scope, machines([one]))
    room.settle()
    assert room.tenant.disks == {}
    for disk, hint in ((Disk(100, "network-ssd-io-m3"), "size=186"), (Disk(9, keep=True), "leave keep out")):
        with pytest.raises(Refused) as refused:
            room.wish(volumes=(disk,))
        assert hint in refused.value.hint


def test_who_logs_in_is_beside_a_persons_own_user_data(room: NebiusRoom) -> None:
    room.wish(user_data=b"#cloud-config\nusers: [{name: eve}]\n")
    written = InstanceSpec.FromString(room.tenant.machines[launch(room)].spec).cloud_init_user_data
    parts: Any = message_from_string(written).get_payload()
    assert [one.get_content_type() for one in parts] == ["text/plain", "text/cloud-config"]
    ours = json.loads(parts[1].get_payload(decode=True))
    (user,) = ours["users"]
    assert (user["name"], user["ssh_authorized_keys"]) == ("ubuntu", [room.spec.public_key])
    assert ours["merge_how"].startswith("list(append)")


def test_a_service_accounts_key_is_changed_for_a_token_and_that_renewed_once(room: NebiusRoom, tmp_path: Path) -> None:
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    forms = (serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    about = {"type": "JWT", "alg": "RS256", "kid": "publickey-1", "iss": "serviceaccount-1", "sub": "serviceaccount-1"}
    file = tmp_path / "credentials.json"
    file.write_text(json.dumps({"subject-credentials": {**about, "private-key": key.private_bytes(*forms).decode()}}))
    public = key.public_key().public_bytes(forms[0], serialization.PublicFormat.SubjectPublicKeyInfo).decode()
    seconds = [0.0]
    account = Account("lab", "nebius", {"credentials": str(file)})
    own = Own(lambda: account, {}, lambda: seconds[0])
    api = NebiusApi(own, room.url.partition("://")[2])

    def asked() -> int:
        Projects(api, lambda: [f"project-e00{ACCOUNT}"]).by_region()
        return len(room.cloud.books.changes(EXCHANGE))

    with pytest.raises(errors.Unauthenticated):
        asked()
    room.cloud.public_keys["publickey-1"] = (public, ACCOUNT)
    assert [asked() - 1, asked() - 1] == [1, 1], "one exchange serves all"
    seconds[0] = timedelta(hours=11, minutes=51).total_seconds()
    assert asked() - 1 == 2, "before its end"
    room.cloud.books.plan(Fault("GET", "ProjectService/Get", 16, {"message": "expired"}))
    assert asked() - 1 == 3, "it was refused, and another one is not"
    room.cloud.books.plan(Fault("GET", "ProjectService/Get", 16, {"message": "expired"}), times=9)
    with pytest.raises(errors.Unauthenticated):
        asked()
    file.write_text("{}")
    with pytest.raises(errors.Unauthenticated, match="cannot be read") as unread:
        Own(lambda: account, {}).token(lambda _: None)
    assert "PRIVATE" not in unread.value.message


def test_nobody_home_is_definitely_not_done(room: NebiusRoom) -> None:
    with socket.socket() as nobody:
        nobody.bind(("127.0.0.1", 0))
        away = NebiusApi(Sandbox("acme.secret"), f"127.0.0.1:{nobody.getsockname()[1]}")
        with pytest.raises(errors.Unavailable, match="cannot be reached"):
            away.change("compute.v1.InstanceService/Stop", StopInstanceRequest(id="computeinstance-e00a"))


def test_types_regions_and_images_are_told_apart_from_what_cannot_be(room: NebiusRoom) -> None:
    wrong: list[tuple[dict[str, Any], str]] = [
        ({"instance_type": "gpu-h100-sxm:1gpu-16vcpu-200gb"}, f"did you mean {H100}?"),
        ({"zone": "eu-north-1"}, "did you mean eu-north1?"),
        ({"image": "debian-12"}, "for example ubuntu"),
        ({"ssh_from": ("::/0",)}, "name an IPv4 network"),
        ({"open_ports": parse_open("8000-9000")}, "at most 64 at once"),
    ]
    for asked, hint in wrong:
        with pytest.raises(Refused) as refused:
            room.wish(**asked)
        assert hint in refused.value.hint, asked
