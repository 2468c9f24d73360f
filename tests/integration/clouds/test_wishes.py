"""Whatever may be asked of a cloud is taken, or refused in the same words, by the command line, the API and the page."""

from __future__ import annotations

import html
import json
import re
import shlex
from base64 import b64encode
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from im.domain.access import Role
from tests.integration.clouds.places import CLOUDS
from tests.integration.typed import KEY, answer, run
from tests.integration.web.conftest import Api
from tests.integration.web.test_page import fields_of, look, send
from tests.standin.server import StandIn
from tests.standin_world import Near
from tests.world import World

# the contract of wishes asks every cloud for each of them in every run
pytestmark = pytest.mark.long

SCRIPT = "#!/bin/sh\ntrue\n"
HERE = {
    "aws": {"type": "t3.small", "place": "us-east-1b", "places": "us-east-1b,us-east-1c"},
    "azure": {"type": "Standard_B2s", "place": "westeurope-2", "places": "westeurope,westeurope-1"},
    "crusoe": {"type": "c1a.4x", "place": "us-east1-a", "places": "us-east1-a,us-northcentral1-a"},
    "digitalocean": {"type": "s-2vcpu-4gb", "place": "fra1", "places": "fra1,nyc3"},
    "gcp": {"type": "n1-standard-4", "place": "us-central1-b", "places": "us-central1-a,us-central1-b"},
    "hetzner": {"type": "cx33", "place": "hel1", "places": "hel1,fsn1"},
    "lambda": {"type": "gpu_1x_a100_sxm4", "place": "us-west-1", "places": "us-east-1,us-west-1"},
    "runpod": {"type": "h100-sxm-x1", "place": "US-TX-3", "places": "EU-SE-1,US-TX-3"},
    "nebius": {"type": "cpu-d3_8vcpu-32gb", "place": "us-central1", "places": "eu-north1,us-central1"},
    "kubernetes": {"type": "4x16", "place": "metal-b", "places": "metal-a,metal-b"},
    "vast": {"type": "RTX_4090x2", "place": "NO", "places": "NO,US"},
}


class Wish:
    """One thing that is asked for: on the command line, of the API, and on the page, where every field is a text."""

    def __init__(self, typed: str, body: dict[str, Any], page: dict[str, str] | None = None) -> None:
        self.typed, self.body = typed, body
        self.page = {name: str(value) for name, value in body.items()} if page is None else page

    def __or__(self, other: Wish) -> Wish:
        return Wish(f"{self.typed} {other.typed}", self.body | other.body, self.page | other.page)


def own(name: str, value: str) -> Wish:
    """What one cloud alone has."""
    return Wish(f"--{name} {value}", {"options": {name: value}}, {"options": f"{name}={value}"})


TYPE = Wish("--instance-type {type}", {"instance_type": "{type}"})
SPOT = Wish("--spot", {"spot": True}, {"spot": "persistent"})
WISHES = {
    "a type": TYPE,
    "no type": Wish("--instance-type huge", {"instance_type": "huge"}),
    "a place": Wish("--availability-zone {place}", {"availability_zone": "{place}"}),
    "places": Wish("--availability-zone {places}", {"availability_zone": "{places}"}),
    "any place": Wish("--availability-zone any", {"availability_zone": "any"}),
    "no place": Wish("--availability-zone 'On Mars'", {"availability_zone": "On Mars"}),
    "an image": Wish("--image debian-12", {"image": "debian-12"}),
    "no image": Wish("--image 'No Image'", {"image": "No Image"}),
    "a login": Wish("--ssh-user ada", {"ssh_user": "ada"}),
    "no login": Wish("--ssh-user=-oProxy", {"ssh_user": "-oProxy"}),
    "a disk": Wish("--disk 60", {"disk": "60"}),
    "unencrypted": Wish("--disk size=60,encrypted=no", {"disk": "size=60,encrypted=no"}),
    "no kind of disk": Wish("--disk size=60,type=floppy", {"disk": "size=60,type=floppy"}),
    "disks": Wish("--volume 100 --volume size=50", {"volumes": ["100", "size=50"]}, {"volumes": "100 size=50"}),
    "tags": Wish("--tag team=ml --tag a=b", {"tags": {"team": "ml", "a": "b"}}, {"tags": "team=ml a=b"}),
    "a door": Wish(
        "--ssh-from 10.0.0.0/8 --open 443/tcp --open 53/udp@10.0.0.0/8",
        {"ssh_from": ["10.0.0.0/8"], "open": ["443/tcp", "53/udp@10.0.0.0/8"]},
        {"ssh_from": "10.0.0.0/8", "open": "443/tcp 53/udp@10.0.0.0/8"},
    ),
    "nobody and everybody": Wish(
        "--ssh-from none --open 22/tcp",
        {"ssh_from": ["none"], "open": ["22/tcp"]},
        {"ssh_from": "none", "open": "22/tcp"},
    ),
    "a script": Wish("--user-data {script}", {"user_data": b64encode(SCRIPT.encode()).decode()}, {"user_data": SCRIPT}),
    "spot": SPOT,
    "one-time": Wish("--spot one-time", {"spot": "one-time"}),
    "at most": SPOT | Wish("--max-price 0.05", {"max_price": "0.05"}),
    "at most, and no spot": Wish("--max-price 0.05", {"max_price": "0.05"}),
    "no price": SPOT | Wish("--max-price cheap", {"max_price": "cheap"}),
    "a GPU": own("gpu", "nvidia-tesla-t4:2"),
    "a GPU and a type": TYPE | own("gpu", "nvidia-tesla-t4"),
    "a role": own("iam-role", "web"),
    "groups": Wish(
        "--security-group sg-0123456789abcdef0 --security-group sg-0123456789abcdef1",
        {"options": {"security-group": ["sg-0123456789abcdef0", "sg-0123456789abcdef1"]}},
        {"options": "security-group=sg-0123456789abcdef0 security-group=sg-0123456789abcdef1"},
    ),
    "a network": Wish("--vpc vpc-0123456789abcdef0", {"vpc": "vpc-0123456789abcdef0"}),
    "a subnet": Wish("--subnet subnet-0123456789abcdef0", {"subnet": "subnet-0123456789abcdef0"}),
    "no address": Wish("--public-ip no", {"public_ip": False}, {"public_ip": "no"}),
    "an address": Wish("--public-ip yes", {"public_ip": True}, {"public_ip": "yes"}),
    "hibernation": Wish("--hibernate", {"hibernate": True}, {"hibernate": "true"}),
    "protection": Wish("--protect", {"protect": True}, {"protect": "true"}),
    "an end": Wish("--on-expiry terminate", {"on_expiry": "terminate"}),
    "a shelf": Wish("--on-expiry shelve", {"on_expiry": "shelve"}),
    "kept": Wish("--keep-stopped 2d", {"keep_stopped": "2d"}),
    "a guard": Wish("--guard native", {"guard": "native"}),
    "many": Wish("--count 3", {"count": 3}),
    "no patience": Wish("--no-retry", {"retry": False}, {"no_retry": "true"}),
}
TAKEN_BY_ALL = {
    *("a type", "a place", "places", "any place", "an image", "a login", "tags", "a door", "a script", "an end"),
    *("kept", "many", "no patience"),
}
NOT_TAKEN = {
    "crusoe": {"a door", "an image"},
    "kubernetes": {"a door"},
    "lambda": {"an image", "kept"},
    "nebius": {"an image"},
    "runpod": {"a door", "a script"},
    "vast": {"a door", "an image"},
}
REFUSED_BY_ALL = {"no type", "no place", "no image", "no login", "nobody and everybody", "no price"}
SAID_LATER = ("expires_at", "quote")
"""Of two rehearsals these differ by the time between them."""


class Asked:
    """A world of one cloud, with the API and the page before it."""

    def __init__(self, cloud: str, world: World, key: str, script: Path) -> None:
        self.cloud, self.world, self.key = cloud, world, key
        self.words = {**HERE[cloud], "script": str(script)}
        self.api = Api(world)
        self.api.user("ada", Role.ADMIN)

    def typed(self, words: list[str]) -> tuple[Any, str]:
        """(plan, "") of a command line, or (None, the refusal)."""
        result = run(self.world, *words, "--dry-run", "--json")
        if result.exit_code == 0:
            return json.loads(result.stdout), ""
        told = json.loads(result.stderr)["error"]
        return None, _sentence(told["message"], told["hint"])

    def prompt(self, wish: Wish) -> tuple[Any, str]:
        own_door = "--ssh-from" in wish.typed or "--security-group" in wish.typed
        kept_out = self.world.provider.capabilities.can_firewall
        door = [] if own_door or not kept_out else ["--ssh-from", "none"]
        words = shlex.split(wish.typed.format(**self.words))
        create = ["create", "--provider", self.cloud, "--public-key", self.key, "-d", "2h"]
        return self.typed([*create, *words, *door])

    def body(self, wish: Wish) -> dict[str, Any]:
        filled = {name: v.format(**self.words) if isinstance(v, str) else v for name, v in wish.body.items()}
        return {"provider": self.cloud, "public_key": KEY, "duration": "2h", **filled}

    def program(self, wish: Wish) -> tuple[Any, str]:
        said = self.api.ask("POST", "/api/v1/instances?dry_run=true", self.body(wish))
        if said.status == 200:
            return said.body, ""
        return None, _sentence(said.body["detail"], said.body["next"])

    def fields(self, wish: Wish) -> dict[str, str]:
        filled = {name: value.format(**self.words) for name, value in wish.page.items()}
        return {"provider": self.cloud, "public_key": KEY, "duration": "2h", **filled}

    def page(self, wish: Wish) -> tuple[str, str]:
        """(its words, the command line that it shows)."""
        said = send(self.api, "/create/quote", self.fields(wish))
        assert said.status == 200, said.text
        line = re.search(r"<code>(im create .*?)</code>", said.text, re.DOTALL)
        assert line is not None
        shown = html.unescape(re.sub(r"<[^>]*>", "", said.text))
        return " ".join(shown.split()), html.unescape(line[1])


def _sentence(message: str, hint: str | None) -> str:
    return f"{message.rstrip('.')} / {hint or ''}"


@pytest.fixture(params=CLOUDS)
def asked(
    request: pytest.FixtureRequest, database_url: str, ec2: StandIn, clients: Near, key: str, tmp_path: Path
) -> Iterator[Asked]:
    (tmp_path / "start.sh").write_text(SCRIPT)
    with CLOUDS[request.param].world(database_url, ec2, clients) as world:
        made = Asked(request.param, world, key, tmp_path / "start.sh")
        yield made
        made.api.close()


def test_every_wish_is_taken_or_refused_in_the_same_words_by_all_three(asked: Asked) -> None:
    taken, told = set(), {}
    for name, wish in WISHES.items():
        plan, refusal = asked.prompt(wish)
        by_program, no_program = asked.program(wish)
        page, line = asked.page(wish)
        told[name] = refusal
        if plan is None:
            assert no_program == refusal, name
            assert " ".join(refusal.partition(" / ")[0].split()) in page, name
            continue
        taken.add(name)
        assert (_alike(by_program), no_program) == (_alike(plan), ""), name
        assert f"{plan['count']} × {plan['instance_type']}" in page, name
        # the page shows its wish as a command line: it comes to the same
        words = shlex.split(
            line.replace("~/.ssh/id_ed25519.pub", asked.key).replace(" FILE", f" {asked.words['script']}")
        )
        again, refused = asked.typed(words[1:])
        assert refused == "", (name, line)
        assert _alike(again) == _alike(plan), (name, line)
    missed = TAKEN_BY_ALL - taken - NOT_TAKEN.get(asked.cloud, set())
    assert not missed, {name: told[name] for name in missed}
    assert set(WISHES) - taken >= REFUSED_BY_ALL


def _alike(plan: Any) -> Any:
    return {name: value for name, value in plan.items() if name not in SAID_LATER} if plan else plan


def test_what_a_cloud_takes_comes_to_the_same_machine_by_the_api_and_by_the_page(asked: Asked) -> None:
    names = ("a type", "a place", "an image", "tags", "a door", "a script", "a disk", "disks", "a GPU and a type")
    whole = Wish("", {})
    for name in names:
        if asked.prompt(whole | WISHES[name])[0] is not None:
            whole |= WISHES[name]
    assert asked.api.ask("POST", "/api/v1/instances", {**asked.body(whole), "name": "by-api"}).status == 202
    hidden = fields_of(look(asked.api, "/create"))
    sent = send(asked.api, "/create", [*hidden, *{**asked.fields(whole), "name": "by-page"}.items()])
    assert (sent.status, sent.headers["location"]) == (303, "/instances/by-page")
    for _ in range(4):
        asked.world.advance(60)
    found = {row["name"]: row for row in answer(asked.world, "list")}
    stands = {name: row["observed"] for name, row in found.items()}
    assert stands == {"by-api": "running", "by-page": "running"}, run(asked.world, "why", "by-page").stdout
    shown = ("instance_type", "zone", "image", "ssh_user", "tags", "firewall", "disks", "user_data_bytes")
    by_api, by_page = ({one: found[name][one] for one in shown} for name in ("by-api", "by-page"))
    assert by_page == by_api
    script = None if "a script" in NOT_TAKEN.get(asked.cloud, ()) else len(SCRIPT)
    assert (by_api["tags"], by_api["user_data_bytes"]) == ({"team": "ml", "a": "b"}, script)
