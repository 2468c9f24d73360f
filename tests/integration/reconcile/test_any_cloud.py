"""`--provider any`: the cheapest cloud that has it, the next one after a definite refusal, and never two machines."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import replace
from datetime import timedelta

import pytest

from im.domain.scope import Scope
from im.domain.state import Observed, OnExpiry
from im.failpoints import Point
from im.providers.contract import Provider
from im.providers.digitalocean.api import DigitalOceanApi
from im.providers.digitalocean.provider import DigitalOceanProvider
from im.providers.lambda_cloud.api import LambdaApi, Pace
from im.providers.lambda_cloud.provider import LambdaProvider
from im.standins.books import Fault
from im.standins.digitalocean import DigitalOcean
from im.standins.lambda_cloud import Lambda
from im.standins.limits import Bucket
from im.standins.service import serving
from tests.integration.killed_launch import killed_at
from tests.integration.typed import run
from tests.world import World

ORDER = ("create", "--provider", "any", "--gpu", "h100", "--max-price", "4", "--name", "web", "-d", "2h", "--no-wait")
LAUNCH = "/instance-operations/launch"
FULL = {"error": {"code": "instance-operations/launch/insufficient-capacity", "message": "Not enough capacity."}}
ILL = {"error": {"code": "global/internal-error", "message": "An internal server error occurred."}}


class TwoClouds(World):
    """Lambda has an H100 for 3.29, DigitalOcean one for 3.39."""

    def __init__(self, database_url: str, stack: ExitStack) -> None:
        super().__init__(database_url)
        took = timedelta(seconds=5)
        self.lambdas, self.ocean = (
            Lambda("secret", lambda: self.now, took),
            DigitalOcean("secret", lambda: self.now, took),
        )
        at = {name: stack.enter_context(serving(one)) for name, one in self.clouds.items()}
        pace = Pace(lambda: self.now.timestamp(), self._pause)
        self.providers: dict[str, Provider] = {
            "lambda": LambdaProvider(LambdaApi(lambda: "default.secret", at["lambda"], pace), self.deployment),
            "digitalocean": DigitalOceanProvider(
                DigitalOceanApi(lambda: "default.secret", f"{at['digitalocean']}/v2"), self.deployment
            ),
        }
        told = ",".join(f"{name}={url.replace('://', '://sandbox:secret@')}" for name, url in at.items())
        settings = replace(self.ctx.settings, sandbox_url=told, region="", provider="lambda")
        self.ctx = replace(self.ctx, settings=settings, provider_for=self._of)
        # offers are asked for in the time of this process, and this cloud's seconds are the world's
        self.lambdas.team("default").second = Bucket.full(1e6, 1, self.now)

    @property
    def clouds(self) -> dict[str, Lambda | DigitalOcean]:
        return {"lambda": self.lambdas, "digitalocean": self.ocean}

    def _of(self, scope: Scope) -> Provider:
        return self.providers[scope.provider]

    def _pause(self, seconds: float) -> None:
        self.now += timedelta(seconds=seconds)

    def made(self) -> tuple[int, int]:
        return len(self.lambdas.team("default").ever), len(self.ocean.team("default").ever)


@pytest.fixture
def world(database_url: str) -> Iterator[TwoClouds]:
    with ExitStack() as stack:
        made = TwoClouds(database_url, stack)
        stack.callback(made.close)
        yield made


def test_the_rehearsal_shows_the_best_and_what_becomes_of_it(world: TwoClouds, key: str) -> None:
    said = run(world, *ORDER, "--public-key", key, "--dry-run")
    assert said.exit_code == 0, said.stderr
    assert "offered       $3.29/h  lambda gpu_1x_h100_pcie in us-west-3" in said.stdout
    assert "offered       $3.39/h  digitalocean gpu-h100x1-80gb in atl1, nyc3, tor1, as far as it tells" in said.stdout
    assert "would launch  1 × gpu_1x_h100_pcie" in said.stdout
    assert "then terminate" in said.stdout
    assert world.made() == (0, 0)


def test_the_cheapest_that_has_room_is_taken(world: TwoClouds, key: str) -> None:
    said = run(world, *ORDER, "--public-key", key)
    assert said.exit_code == 0, said.stderr
    world.advance(40)
    row = world.row()
    assert (world.word(), row.scope.provider, row.on_expiry) == ("running", "lambda", OnExpiry.TERMINATE)
    assert world.made() == (1, 0)


def test_a_definite_refusal_moves_on_to_the_next_cloud_and_the_story_says_so(world: TwoClouds, key: str) -> None:
    world.lambdas.books.plan(Fault("POST", LAUNCH, 400, FULL))
    run(world, *ORDER, "--public-key", key)
    world.advance(60)
    row = world.row()
    assert (world.word(), row.scope.provider, row.spec.instance_type) == ("running", "digitalocean", "gpu-h100x1-80gb")
    assert world.made() == (0, 1)
    told = " ".join(event.reason or "" for event in world.story())
    assert "no_capacity: Lambda: Not enough capacity.; trying gpu-h100x1-80gb at digitalocean" in told
    world.advance(2 * 3600 + 60)
    assert world.ocean.team("default").droplets == {}


def test_an_answer_that_was_lost_moves_nothing_on(world: TwoClouds, key: str) -> None:
    world.lambdas.books.plan(Fault("POST", LAUNCH, 500, ILL, after=True))
    run(world, *ORDER, "--public-key", key)
    world.advance(200, tick=40)
    assert (world.word(), world.row().scope.provider, world.made()) == ("running", "lambda", (1, 0))


def test_when_all_have_refused_it_has_failed(world: TwoClouds, key: str) -> None:
    world.lambdas.books.plan(Fault("POST", LAUNCH, 400, FULL))
    for zone in ("atl1", "nyc3", "tor1"):
        world.ocean.team("default").lacking.add(("gpu-h100x1-80gb", zone))
    run(world, *ORDER, "--public-key", key)
    world.advance(120)
    assert (world.word(), world.made()) == ("failed: no capacity", (0, 0))


@pytest.mark.parametrize(
    "point",
    [
        Point.LAUNCH_CLOSE_COMMITTED,
        *(pytest.param(one, marks=pytest.mark.long) for one in (Point.LAUNCH_CLOSE_WRITTEN, Point.LAUNCH_CALLING)),
    ],
)
def test_there_is_one_machine_wherever_the_worker_is_killed_on_the_way(
    world: TwoClouds, key: str, point: Point
) -> None:
    world.lambdas.books.plan(Fault("POST", LAUNCH, 400, FULL))
    run(world, *ORDER, "--public-key", key)
    with killed_at(world, point):
        world.advance(40, tick=20)
    world.advance(400, tick=80)
    assert sum(world.made()) == 1
    assert world.row().observed is Observed.RUNNING


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("--provider", "any"), "say --gpu h100:1, or name the cloud"),
        (("--provider", "any", "--gpu", "h100"), "say --max-price USD"),
        (("--provider", "any", "--gpu", "h100", "--max-price", "4", "--account", "lab"), "leave --account out"),
        (("--provider", "any", "--gpu", "h100", "--max-price", "4", "--on-expiry", "stop"), "or name the cloud"),
        (("--provider", "any", "--gpu", "h100", "--max-price", "1"), "im offers --gpu h100"),
        (("--provider", "lambda", "--gpu", "h100", "--max-price", "4"), "add --spot"),
    ],
)
def test_what_cannot_be_asked_of_any_cloud_is_refused(
    world: TwoClouds, key: str, words: tuple[str, ...], told: str
) -> None:
    said = run(world, "create", *words, "--public-key", key, "-d", "1h", "--no-wait")
    assert (said.exit_code, told in said.stderr.replace("\n", " ")) == (2, True), said.stderr
