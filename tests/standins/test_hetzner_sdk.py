"""Hetzner's own client, unmodified, drives our stand-in: a second opinion on what it pretends to be."""

from __future__ import annotations

import json
import urllib.error
import urllib.request
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest
from hcloud import APIException, Client
from hcloud.actions.domain import ActionFailedException
from hcloud.firewalls.domain import FirewallRule
from hcloud.images.domain import Image
from hcloud.locations.domain import Location
from hcloud.server_types.domain import ServerType
from hcloud.servers.domain import ServerCreatePublicNetwork

from im.standins.hetzner import Hetzner
from im.standins.service import serving

KEY = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIEaKkqMYwAvYSRyBEXzNaFVtB9sjLgKmQJfTcsfZzZ0R me"


@pytest.fixture
def cloud() -> Hetzner:
    return Hetzner("secret", takes=timedelta(milliseconds=30))


@pytest.fixture
def url(cloud: Hetzner) -> Iterator[str]:
    with serving(cloud) as address:
        yield address


@pytest.fixture
def client(url: str) -> Client:
    return Client("team.secret", api_endpoint=f"{url}/v1", poll_interval=0.01, timeout=5)


def test_the_whole_life_of_a_server(client: Client, cloud: Hetzner) -> None:
    key = client.ssh_keys.create("me", KEY, labels={"im/deployment": "d"})
    wall = client.firewalls.create(
        "wall", rules=[FirewallRule(direction="in", protocol="tcp", port="22", source_ips=["203.0.113.7/32"])]
    ).firewall
    made = client.servers.create(
        "web-1",
        ServerType(name="cx23"),
        Image(name="ubuntu-24.04"),
        ssh_keys=[key],
        firewalls=[wall],
        location=Location(name="nbg1"),
        labels={"im/deployment": "d"},
        user_data="#cloud-config\n",
    )
    made.action.wait_until_finished()
    for action in made.next_actions:
        action.wait_until_finished()
    server = client.servers.get_by_name("web-1")
    assert server is not None
    assert (server.status, server.location.name, server.image.name) == ("running", "nbg1", "ubuntu-24.04")
    assert made.root_password is None
    assert [one.id for one in client.servers.get_all(label_selector="im/deployment=d")] == [server.id]
    assert client.servers.get_all(label_selector="im/deployment=e") == []
    server.power_off().wait_until_finished()
    server.reload()
    assert server.status == "off"
    server.power_on().wait_until_finished()
    server.change_protection(delete=True, rebuild=True).wait_until_finished()
    with pytest.raises(APIException, match="protected"):
        server.delete()
    server.change_protection(delete=False, rebuild=False).wait_until_finished()
    server.update(labels={"only": "this"})
    server.delete().wait_until_finished()
    assert client.servers.get_all() == []
    assert client.primary_ips.get_all() == [], "addresses that came with a server go with it"
    assert [one.method for one in cloud.books.changes("/servers")] == ["POST"]


def test_a_name_is_given_once(client: Client) -> None:
    client.servers.create("web", ServerType(name="cx23"), Image(name="debian-13"))
    with pytest.raises(APIException) as told:
        client.servers.create("web", ServerType(name="cx23"), Image(name="debian-13"))
    assert told.value.code == "uniqueness_error"


def test_labels_are_held_to_their_letters(client: Client) -> None:
    with pytest.raises(APIException) as told:
        client.ssh_keys.create("me", KEY, labels={"owner": "a@b.c"})
    assert told.value.code == "invalid_input"


def test_an_accepted_action_may_fail(client: Client, cloud: Hetzner) -> None:
    made = client.servers.create("web", ServerType(name="cx23"), Image(name="debian-13"))
    made.action.wait_until_finished()
    for action in made.next_actions:
        action.wait_until_finished()
    cloud.project("team").failing.append("poweroff")
    with pytest.raises(Exception, match="poweroff failed"):
        made.server.power_off().wait_until_finished()
    made.server.reload()
    assert made.server.status == "running"


def test_the_catalogue_is_read(client: Client) -> None:
    assert [one.name for one in client.locations.get_all()][:3] == ["fsn1", "nbg1", "hel1"]
    kind = client.server_types.get_by_name("cax11")
    assert kind is not None
    assert (kind.architecture, kind.cores) == ("arm", 2)
    image = client.images.get_by_name_and_architecture("ubuntu-24.04", "arm")
    assert image is not None
    assert image.architecture == "arm"


def test_a_project_sees_nothing_of_another(client: Client, url: str) -> None:
    client.servers.create("web", ServerType(name="cx23"), Image(name="debian-13"))
    other = Client("other.secret", api_endpoint=f"{url}/v1")
    assert other.servers.get_all() == []


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({}, 401),
        ({"Authorization": "Bearer team.guess"}, 401),
        ({"Authorization": "Bearer team.secret", "Origin": "https://evil.example"}, 403),
        ({"Authorization": "Bearer team.secret", "Host": "evil.example"}, 403),
    ],
)
def test_no_page_and_no_stranger_is_let_in(url: str, headers: dict[str, str], status: int) -> None:
    asked = urllib.request.Request(f"{url}/v1/servers", headers=headers)
    with pytest.raises(urllib.error.HTTPError) as refused:
        urllib.request.urlopen(asked)
    assert refused.value.code == status
    assert "Access-Control-Allow-Origin" not in refused.value.headers
    told = refused.value.read()
    refused.value.close()
    assert status != 401 or json.loads(told)["error"]["code"] == "unauthorized"


def test_a_snapshot_outlives_its_server_and_another_is_made_of_it(client: Client, cloud: Hetzner) -> None:
    made = client.servers.create(
        "web", ServerType(name="cx23"), Image(name="debian-13"), location=Location(name="fsn1")
    )
    made.action.wait_until_finished()
    for action in made.next_actions:
        action.wait_until_finished()
    made.server.power_off().wait_until_finished()
    long, cloud.project("team").takes = cloud.project("team").takes, timedelta(hours=1)
    asked = made.server.create_image("of web", type="snapshot", labels={"im/deployment": "d"})
    cloud.project("team").takes = long
    assert (asked.image.status, asked.image.image_size, asked.image.created_from.id) == (
        "creating",
        None,
        made.server.id,
    )
    with pytest.raises(APIException, match="locked"):
        made.server.delete()
    cloud.clock = lambda: datetime.now(UTC) + timedelta(hours=1)
    asked.action.wait_until_finished()
    (image,) = client.images.get_all(type="snapshot", label_selector="im/deployment=d")
    assert (image.id, image.status, image.image_size, image.disk_size) == (asked.image.id, "available", 2.3, 40)
    made.server.delete().wait_until_finished()
    again = client.servers.create("web", ServerType(name="cx33"), Image(id=image.id))
    assert again.server.image.id == image.id
    with pytest.raises(APIException, match="not fit"):
        client.servers.create("arm", ServerType(name="cax21"), Image(id=image.id))
    image.delete()
    assert client.images.get_all(type="snapshot") == []
    assert client.images.get_by_name_and_architecture("ubuntu-24.04", "x86") is not None


def test_a_snapshot_that_fails_is_unavailable(client: Client, cloud: Hetzner) -> None:
    made = client.servers.create("web", ServerType(name="cx23"), Image(name="debian-13"))
    made.action.wait_until_finished()
    for action in made.next_actions:
        action.wait_until_finished()
    cloud.project("team").failing.append("create_image")
    asked = made.server.create_image("of web")
    with pytest.raises(ActionFailedException, match="create_image failed"):
        asked.action.wait_until_finished()
    asked.image.reload()
    assert asked.image.status == "unavailable"


def test_an_address_outlives_its_server_and_goes_with_the_next(client: Client, cloud: Hetzner) -> None:
    made = client.servers.create("web-1", ServerType(name="cx23"), Image(name="ubuntu-24.04"))
    made.action.wait_until_finished()
    for action in made.next_actions:
        action.wait_until_finished()
    four = next(one for one in client.primary_ips.get_all() if one.type == "ipv4")
    changed = client.primary_ips.update(four, auto_delete=False, labels={"im/deployment": "d"})
    assert (changed.auto_delete, changed.labels, changed.assignee_id) == (False, {"im/deployment": "d"}, made.server.id)
    net = ServerCreatePublicNetwork(ipv4=four)
    with pytest.raises(APIException, match="already assigned") as refused:
        client.servers.create("web-2", ServerType(name="cx23"), Image(name="ubuntu-24.04"), public_net=net)
    assert refused.value.code == "primary_ip_assigned"
    client.servers.delete(made.server).wait_until_finished()
    kept = client.primary_ips.get_by_id(four.id)
    assert (kept.ip, kept.assignee_id) == (four.ip, None)
    with pytest.raises(APIException, match="different datacenter"):
        client.servers.create(
            "web-2",
            ServerType(name="cx23"),
            Image(name="ubuntu-24.04"),
            location=Location(name="hel1"),
            public_net=net,
        )
    here = Location(name=kept.location.name)
    again = client.servers.create(
        "web-2", ServerType(name="cx23"), Image(name="ubuntu-24.04"), location=here, public_net=net
    )
    again.action.wait_until_finished()
    for action in again.next_actions:
        action.wait_until_finished()
    assert again.server.public_net.ipv4.ip == four.ip
    client.primary_ips.update(four, auto_delete=True)
    client.servers.delete(again.server).wait_until_finished()
    assert client.primary_ips.get_all() == []
