"""The documents' command lines, typed one after the other at the stand-in of their cloud, as whoever reads them would."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from im.cli.output.wait import wait
from im.domain.config.account import Account
from im.domain.config.oidc import OidcSettings
from im.domain.people.session import How
from im.domain.state import Observed
from im.providers.aws.settings import AwsSettings
from im.providers.contract import merge_pages
from im.services import queries
from im.services.people import sessions, tokens
from im.views.exits import Exit
from tests.documented import DOCUMENTS, Line, commands, elsewhere, lines, words_of_im
from tests.integration.typed import KEY, run
from tests.people import person
from tests.providers.clouds import ABSENT, REGION
from tests.standin.server import StandIn
from tests.standin_world import Near, StandInWorld
from tests.unit.providers.aws.test_profile import RSA
from tests.world import World
from tests.worlds.azure import azure_world
from tests.worlds.crusoe import crusoe_world
from tests.worlds.digitalocean import digitalocean_world
from tests.worlds.gcp import gcp_world
from tests.worlds.hetzner import hetzner_world
from tests.worlds.kubernetes import kubernetes_world
from tests.worlds.lambda_cloud import lambda_world
from tests.worlds.nebius import nebius_world
from tests.worlds.runpod import runpod_world
from tests.worlds.vast import vast_world

OIDC = OidcSettings(oidc_issuer="https://accounts.example.com", oidc_client_id="im")
GUARD_ROLE = "arn:aws:iam::123456789012:role/im-guard"
READERS_OWN = ("sg-0123456789abcdef0", "alias/im")
"""Groups and keys that whoever reads it puts his own for."""
TOKEN = "tok-1a2b3c4d5e"  # its id, as a document has it
SESSION = "ses-1a2b3c4d5e"  # as above
FIRST = "im create --name web-1 -d 2h --public-key ~/.ssh/id_ed25519.pub"


@pytest.fixture
def at_home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A person with keys, and an address of her own."""
    monkeypatch.setenv("HOME", str(tmp_path))
    (tmp_path / ".ssh").mkdir()
    (tmp_path / ".ssh" / "id_ed25519.pub").write_text(KEY)
    (tmp_path / ".ssh" / "id_rsa.pub").write_text(RSA)
    monkeypatch.setattr("im.cli.options.own_address.own_network", lambda: "203.0.113.7/32")


@pytest.fixture
def world(
    database_url: str, ec2: StandIn, clients: Near, at_home: None, monkeypatch: pytest.MonkeyPatch
) -> Iterator[StandInWorld]:
    """Whoever waits lets this world's time pass, and its worker work."""
    made = StandInWorld(database_url, ec2, clients)
    accounts = (Account("prod", "aws", {"role": "arn:aws:iam::111122223333:role/im"}),)
    made.ctx = replace(
        made.ctx,
        settings=replace(made.ctx.settings, accounts=accounts, parts=(AwsSettings(guard_role=GUARD_ROLE), OIDC)),
    )
    passing = Waiting(made)
    monkeypatch.setattr("im.cli.commands.leftovers.time", passing)
    monkeypatch.setattr("im.cli.options.shared.here", lambda: made.now)  # whose 18:00 it is
    monkeypatch.setattr(wait, "__kwdefaults__", {"monotonic": passing.monotonic, "pause": passing.sleep})
    yield made
    made.close()


class Waiting:
    """The module `time` of a command that waits: the world goes on meanwhile."""

    def __init__(self, world: StandInWorld) -> None:
        self._world = world

    def monotonic(self) -> float:
        return self._world.now.timestamp()

    def sleep(self, _seconds: float) -> None:
        self._world.advance(1)


def typed(line: Line, world: World) -> Iterator[list[str]]:
    """The `im` commands of a line, with what stands for the reader's own replaced."""
    for words in commands(line.text):
        own = words_of_im(words)
        if own is None or elsewhere(own):
            continue
        yield [_readers_own(word, world, own) for word in own]


def _readers_own(word: str, world: World, own: list[str]) -> str:
    if word == ABSENT:
        return somebodys_machine(world, own)
    if word == TOKEN:
        return next(one.id for one in tokens.listed(world.ctx, None, actor=person("ada")) if one.name == "deploy")
    if word == SESSION:
        return session_of(world, "bob")
    return home(word)


def session_of(world: World, login: str) -> str:
    """The id of one that an identity provider has begun."""
    with world.ctx.begin() as connection:
        actor = sessions.user_actor(connection, login, "")
        return sessions.begin(connection, actor, How.OIDC, world.now).session.id


def home(word: str) -> str:
    """As the shell, and as the container's mount in docs/fleet.md."""
    return os.path.expanduser("~/.ssh/id_ed25519.pub" if word == "/key.pub" else word)


def somebodys_machine(world: World, words: list[str]) -> str:
    """The id of a machine that im never made, where the command looks for it."""
    assert isinstance(world, StandInWorld)
    region = words[words.index("--region") + 1] if "--region" in words else REGION
    (made,) = world.control.create(zones=[f"{region}a"], region=region)
    return str(made)


def type_all(document: Path, world: World) -> None:
    """Every line of a document, in its order; each has to end as the document has it."""
    for line in lines(document):
        for words in typed(line, world):
            if words[0] != "create":  # what looks at machines, or changes them, is typed when they run
                world.advance(10)
            done = run(world, *words, typed="y\n")
            refused = line.comment.startswith("refused")
            assert done.exit_code == (Exit.USAGE if refused else Exit.OK), f"{line}\n{done.output}"
            world.deliver()
    world.advance(10)
    rows = queries.listing(world.ctx, everything=True).rows
    assert [row.error for row in rows if row.error and not any(own in row.error for own in READERS_OWN)] == []


@pytest.mark.parametrize(
    "document",
    [d for d in DOCUMENTS if lines(d) and (d.parent.name != "clouds" or d.stem == "aws")],
    ids=lambda document: document.name,
)
def test_every_line_can_be_typed_in_the_order_of_its_document(document: Path, world: StandInWorld) -> None:
    there = [one for one in lines(document) if one.text.startswith("im ")]
    if any(" web-1" in one.text for one in there) and not any("--name web-1" in one.text for one in there):
        assert run(world, *map(home, FIRST.split()[1:])).exit_code == 0
        world.advance(10)
    type_all(document, world)


AT_A_CLOUD = {
    "azure": (azure_world, {"tenant": "t", "client_id": "c", "client_secret_env": "LAB_AZURE_SECRET"}),
    "crusoe": (crusoe_world, {"access_key_id": "lab", "secret_key_env": "CRUSOE_SECRET_LAB"}),
    "digitalocean": (digitalocean_world, {"token_env": "DO_TOKEN_LAB"}),
    "gcp": (gcp_world, {"project": "lab-1234"}),
    "hetzner": (hetzner_world, {"token_env": "HCLOUD_TOKEN_LAB"}),
    "kubernetes": (kubernetes_world, {"context": "lab"}),
    "lambda": (lambda_world, {"token_env": "LAMBDA_KEY_LAB"}),
    "runpod": (runpod_world, {"token_env": "RUNPOD_KEY_LAB"}),
    "vast": (vast_world, {"token_env": "VAST_KEY_LAB"}),
    "nebius": (nebius_world, {"projects": "project-e00lab", "token_env": "NEBIUS_TOKEN_LAB"}),
}
"""Each cloud with a document of its own: its world, and the words of the second account there."""


def test_each_document_of_a_cloud_is_typed() -> None:
    assert {d.stem for d in DOCUMENTS if lines(d) and d.parent.name == "clouds"} == {"aws", *AT_A_CLOUD}


@pytest.mark.sampled(every=2)
@pytest.mark.parametrize("cloud", AT_A_CLOUD)
def test_every_line_of_a_clouds_own_document_can_be_typed_at_that_cloud(
    cloud: str, database_url: str, at_home: None
) -> None:
    """The workers reach two accounts of it, and the reader's usual cloud is none."""
    (document,) = [d for d in DOCUMENTS if d.stem == cloud and d.parent.name == "clouds"]
    make, words = AT_A_CLOUD[cloud]
    with make(database_url) as world:
        accounts = (Account("lab", cloud, words),)
        world.ctx = replace(
            world.ctx, settings=replace(world.ctx.settings, provider="aws", region="", accounts=accounts)
        )
        type_all(document, world)
        world.advance(60)  # a start may have to wait for its turn
        rows = queries.listing(world.ctx, everything=True).rows
        looks = [merge_pages(world.provider.list(scope)) for scope in {row.scope for row in rows}]
        shown = [one for look in looks for one in look.sightings]
        assert {one.provider_id for one in shown} == {row.provider_id for row in rows}
        assert {one.state for one in shown} == {Observed.RUNNING}
