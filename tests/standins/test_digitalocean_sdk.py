"""DigitalOcean's own client, unmodified, drives our stand-in: a second opinion on what it pretends to be."""

from __future__ import annotations

import json
import urllib.error
import urllib.request
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any

import pytest
from azure.core.exceptions import HttpResponseError
from pydo import Client

from im.standins.digitalocean import DigitalOcean
from im.standins.service import serving

KEY = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIEaKkqMYwAvYSRyBEXzNaFVtB9sjLgKmQJfTcsfZzZ0R me"


class Clock:
    now = datetime(2030, 1, 1, tzinfo=UTC)

    def __call__(self) -> datetime:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def cloud(clock: Clock) -> DigitalOcean:
    return DigitalOcean("secret", clock, timedelta(seconds=5))


@pytest.fixture
def url(cloud: DigitalOcean) -> Iterator[str]:
    with serving(cloud) as address:
        yield address


class Plain:
    """The client, which would not send its token over plain HTTP unless each call says so."""

    def __init__(self, token: str, url: str) -> None:
        self._client = Client(token, endpoint=url, retry_total=0)

    def __getattr__(self, group: str) -> Any:
        return _Group(getattr(self._client, group))


class _Group:
    def __init__(self, group: Any) -> None:
        self._group = group

    def __getattr__(self, call: str) -> Any:
        return partial(getattr(self._group, call), enforce_https=False)


@pytest.fixture
def client(url: str) -> Plain:
    return Plain("team.secret", url)


def make(client: Plain, *names: str, **more: Any) -> Any:
    asked = {"region": "nyc3", "size": "s-1vcpu-1gb", "image": "ubuntu-24-04-x64", **more}
    return client.droplets.create(body={**asked, "names": list(names)})


def test_the_whole_life_of_a_droplet(client: Plain, cloud: DigitalOcean, clock: Clock) -> None:
    key = client.ssh_keys.create(body={"name": "me", "public_key": KEY})["ssh_key"]
    client.tags.create(body={"name": "wall"})
    outward = [{"protocol": "tcp", "ports": "0", "destinations": {"addresses": ["0.0.0.0/0"]}}]
    inward = [{"protocol": "tcp", "ports": "22", "sources": {"addresses": ["203.0.113.7/32"]}}]
    rules = {"inbound_rules": inward, "outbound_rules": outward}
    wall = client.firewalls.create(body={"name": "wall", "tags": ["wall"], **rules})["firewall"]
    asked = {"name": "web-1", "region": "fra1", "size": "s-1vcpu-1gb", "image": "debian-13-x64"}
    made = client.droplets.create(
        body={**asked, "ssh_keys": [key["id"]], "tags": ["im:deployment:d", "wall"], "user_data": "#cloud-config\n"}
    )
    number = made["droplet"]["id"]
    action = client.actions.get(made["links"]["actions"][0]["id"])["action"]
    assert (made["droplet"]["status"], action["status"], action["type"]) == ("new", "in-progress", "create")
    clock.now += timedelta(seconds=6)
    droplet = client.droplets.get(number)["droplet"]
    assert (droplet["status"], droplet["region"]["slug"], droplet["image"]["slug"]) == (
        "active",
        "fra1",
        "debian-13-x64",
    )
    assert {one["type"] for one in droplet["networks"]["v4"]} == {"public", "private"}
    assert [one["id"] for one in client.droplets.list(tag_name="im:deployment:d")["droplets"]] == [number]
    assert client.droplets.list(tag_name="im:deployment:e")["droplets"] == []
    assert [one["id"] for one in client.droplets.list(name="WEB-1")["droplets"]] == [number]
    off = client.droplet_actions.post(number, body={"type": "power_off"})["action"]
    assert (off["status"], off["resource_id"]) == ("in-progress", number)
    clock.now += timedelta(seconds=6)
    assert client.droplets.get(number)["droplet"]["status"] == "off"
    client.droplet_actions.post(number, body={"type": "power_on"})
    clock.now += timedelta(seconds=6)
    client.tags.create(body={"name": "late"})
    named = {"resources": [{"resource_id": str(number), "resource_type": "droplet"}]}
    client.tags.assign_resources("late", body=named)
    assert "late" in client.droplets.get(number)["droplet"]["tags"]
    assert client.tags.get("late")["tag"]["resources"]["droplets"]["count"] == 1
    client.tags.unassign_resources("late", body=named)
    client.tags.delete("late")
    client.droplets.destroy(number)
    assert client.droplets.get(number)["droplet"]["status"] == "active", "accepted is not gone"
    clock.now += timedelta(seconds=6)
    assert client.droplets.get(number)["id"] == "not_found"
    assert "im:deployment:d" in {one["name"] for one in client.tags.list()["tags"]}, "tags outlive their droplet"
    client.firewalls.delete(wall["id"])
    client.ssh_keys.delete(key["fingerprint"])
    assert [one.method for one in cloud.books.changes("/droplets")] == ["POST"]


@pytest.mark.parametrize(
    ("more", "says"),
    [
        ({"size": "s-99"}, "invalid size"),
        ({"region": "mars1"}, "invalid region"),
        ({"image": "plan9"}, "invalid image"),
        ({"ssh_keys": ["me"]}, "me are invalid key identifiers for Droplet creation"),
        ({"tags": ["a@b.c"]}, "Tags may contain letters"),
        ({"size": "c-2", "region": "ams3"}, "Size is not available in this region"),
    ],
)
def test_what_cannot_be_made_is_refused_in_its_words(client: Plain, more: dict[str, Any], says: str) -> None:
    with pytest.raises(HttpResponseError, match=says) as told:
        make(client, "web", **more)
    assert told.value.status_code == 422


def test_a_repeated_create_makes_a_second_one_and_more_than_ten_are_refused(client: Plain) -> None:
    ids = {one["id"] for _ in range(2) for one in make(client, "web")["droplets"]}
    assert len(ids) == 2
    with pytest.raises(HttpResponseError, match="10 droplets at a time"):
        make(client, *(f"web-{n}" for n in range(11)))


def test_a_tag_keeps_its_first_spelling(client: Plain, clock: Clock) -> None:
    make(client, "web", tags=["Team:Web"])
    with pytest.raises(HttpResponseError, match="already there as Team:Web"):
        make(client, "web", tags=["team:web"])


def test_one_action_at_a_time(client: Plain) -> None:
    (made,) = make(client, "web")["droplets"]
    for call in (
        lambda: client.droplet_actions.post(made["id"], body={"type": "power_off"}),
        lambda: client.droplets.destroy(made["id"]),
    ):
        with pytest.raises(HttpResponseError, match="pending event"):
            call()


def test_droplets_with_a_gpu_are_listed_apart_and_by_no_tag(client: Plain) -> None:
    make(client, "gpu", size="gpu-h100x1-80gb", image="gpu-h100x1-base", tags=["mine"])
    assert client.droplets.list()["droplets"] == client.droplets.list(tag_name="mine")["droplets"] == []
    assert [one["name"] for one in client.droplets.list(type="gpus")["droplets"]] == ["gpu"]
    with pytest.raises(HttpResponseError, match="can not be combined"):
        client.droplets.list(type="gpus", tag_name="mine")


def test_pages_are_of_twenty_unless_more_are_asked_for(client: Plain) -> None:
    for _ in range(3):
        make(client, *(f"web-{n}" for n in range(10)))
    first = client.droplets.list()
    assert (len(first["droplets"]), first["meta"]["total"]) == (20, 30)
    assert "page=2" in first["links"]["pages"]["next"]
    assert len(client.droplets.list(per_page=200)["droplets"]) == 30


def test_the_catalogue_and_the_account_are_read(client: Plain) -> None:
    sizes = {one["slug"]: one for one in client.sizes.list(per_page=200)["sizes"]}
    assert (sizes["s-1vcpu-1gb"]["price_hourly"], sizes["s-1vcpu-1gb"]["price_monthly"]) == (0.00893, 6.0)
    assert "nyc3" in {one["slug"] for one in client.regions.list()["regions"]}
    assert client.images.get("debian-13-x64")["image"]["distribution"] == "Debian"
    assert client.account.get()["account"]["status"] == "active"


def test_too_many_calls_in_a_minute_are_told_when_to_come_again(client: Plain, cloud: DigitalOcean) -> None:
    cloud.team("team").minute.left = 0
    with pytest.raises(HttpResponseError, match="Too many requests") as told:
        client.account.get()
    assert told.value.response is not None
    assert told.value.response.headers["Retry-After"] == "2"


def test_a_team_sees_nothing_of_another(client: Plain, url: str) -> None:
    make(client, "web")
    assert Plain("other.secret", url).droplets.list()["droplets"] == []


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({}, 401),
        ({"Authorization": "Bearer team.guess"}, 401),
        ({"Authorization": "Bearer team.secret", "Origin": "https://evil.example"}, 403),
    ],
)
def test_no_page_and_no_stranger_is_let_in(url: str, headers: dict[str, str], status: int) -> None:
    asked = urllib.request.Request(f"{url}/v2/droplets", headers=headers)
    with pytest.raises(urllib.error.HTTPError) as refused:
        urllib.request.urlopen(asked)
    told = refused.value.read()
    refused.value.close()
    assert refused.value.code == status
    assert status != 401 or json.loads(told) == {
        "id": "unauthorized",
        "message": "Unable to authenticate you",
        "request_id": "stand-in",
    }
