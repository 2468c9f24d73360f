"""`im offers`: every cloud that is configured is asked at once, and the one that hangs or knows nobody holds nobody up."""

from __future__ import annotations

import json
import socket
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal

import pytest

from im.domain.config.account import Account
from im.domain.errors import Refused
from im.domain.money.offer import Offers
from im.services.money import offers
from im.standins.digitalocean import DigitalOcean
from im.standins.lambda_cloud import Lambda
from im.standins.service import serving
from tests.integration.typed import run
from tests.world import World

HOURS = timedelta(hours=2)


class Market:
    """A world without a cloud of its own, and two others to ask."""

    def __init__(self, world: World, stack: ExitStack) -> None:
        self.world = world
        self.lambdas, self.ocean = Lambda("secret"), DigitalOcean("secret")
        self.urls = {
            name: stack.enter_context(serving(cloud)).replace("http://", "http://sandbox:secret@")
            for name, cloud in (("lambda", self.lambdas), ("digitalocean", self.ocean))
        }
        self.asks()

    def asks(self) -> None:
        told = ",".join(f"{name}={url}" for name, url in self.urls.items())
        settings = replace(self.world.ctx.settings, sandbox_url=told, region="")
        self.world.ctx = replace(self.world.ctx, settings=settings)

    def offers(self, gpu: str | None = "h100", most: str | None = None, gives: float = 30) -> Offers:
        return offers.offers(self.world.ctx, gpu, Decimal(most) if most else None, HOURS, gives=gives)


@pytest.fixture
def market(database_url: str) -> Iterator[Market]:
    with ExitStack() as stack:
        world = World(database_url)
        stack.callback(world.close)
        yield Market(world, stack)


def test_the_cheapest_is_first_with_its_room_and_the_bill_to_the_deadline(market: Market) -> None:
    told = market.offers()
    assert [(one.provider, one.instance_type, one.room, one.zones) for one in told.found] == [
        ("lambda", "gpu_1x_h100_pcie", True, ("us-west-3",)),
        ("digitalocean", "gpu-h100x1-80gb", None, ("atl1", "nyc3", "tor1")),
        ("lambda", "gpu_1x_h100_sxm5", True, ("us-south-1", "us-west-3")),
    ]
    assert [one.usd_per_hour for one in told.found] == [Decimal("3.29"), Decimal("3.39"), Decimal("4.29")]
    assert told.found[0].usd_to_deadline == 2 * Decimal("3.29")
    assert all("price list" in one.price_source and one.asked_at is not None for one in told.found)


def test_what_costs_more_than_that_and_what_has_no_room_is_left_out(market: Market) -> None:
    assert [one.instance_type for one in market.offers(most="3.3").found] == ["gpu_1x_h100_pcie"]
    market.lambdas.team("default").rooms["gpu_1x_h100_pcie"] = ()
    assert [one.instance_type for one in market.offers().found] == ["gpu-h100x1-80gb", "gpu_1x_h100_sxm5"]


def test_without_a_word_all_that_have_gpus_are_offered(market: Market) -> None:
    kinds = {one.gpus.model for one in market.offers(None).found}
    assert {"a10", "a100", "h100", "b200", "gh200"} <= kinds
    with pytest.raises(Refused, match="no GPU that im knows"):
        market.offers("h1000")


def test_a_cloud_that_hangs_is_named_and_what_is_known_of_it_is_shown(market: Market) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:  # takes connections, and answers none
        market.urls["lambda"] = f"http://sandbox:secret@127.0.0.1:{silent.getsockname()[1]}"
        market.asks()
        told = market.offers(gives=3)
    by_cloud = {one.provider: one for one in reversed(told.found)}
    assert by_cloud["digitalocean"].asked_at is not None
    assert (by_cloud["lambda"].asked_at, by_cloud["lambda"].price_source) == (None, "built-in table of 2026-09-20")
    (why,) = [one.why for one in told.silent if one.provider == "lambda"]
    assert why.startswith("did not answer within")


def test_a_cloud_that_knows_nobody_is_named_with_its_reason(market: Market, monkeypatch: pytest.MonkeyPatch) -> None:
    market.urls["lambda"] = market.urls["lambda"].replace("sandbox:secret", "sandbox:guessed")
    market.asks()
    told = market.offers()
    assert {one.provider: one.why for one in told.silent}["lambda"].startswith("Lambda: API key was invalid")
    for name in ("LAMBDA_API_KEY", "DIGITALOCEAN_TOKEN"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HOME", "/nonexistent")
    settings = replace(market.world.ctx.settings, sandbox_url="", accounts=(Account("lab", "lambda"),))
    market.world.ctx = replace(market.world.ctx, settings=settings)
    told = market.offers()
    why = {(one.provider, one.account): one.why for one in told.silent}
    assert why["lambda", "lab"].startswith("no API key of a Lambda team is known")
    assert why["digitalocean", ""].startswith("no credentials are seen here: set DIGITALOCEAN_TOKEN")
    assert {one.account for one in told.found if one.provider == "lambda"} == {"lab"}


def test_the_command_line_shows_them_as_a_table_and_as_json(market: Market) -> None:
    said = run(market.world, "offers", "--gpu", "h100:1", "--max-price", "4", "-d", "2h")
    assert said.exit_code == 0, said.stderr
    heads, first, second = said.stdout.splitlines()
    assert heads.split() == ["CLOUD", "TYPE", "GPUS", "ROOM", "WHERE", "$/H", "$/GPU/H", "FOR", "2h", "PRICE", "FROM"]
    assert first.split()[:6] == ["lambda", "gpu_1x_h100_pcie", "h100-80gb:1", "yes,", "now", "us-west-3"]
    assert "$6.58" in first
    assert "sold, now" in second
    told = json.loads(run(market.world, "offers", "--gpu", "h100", "--json").stdout)
    assert [one["room"] for one in told["items"]] == [True, None, True]
    assert run(market.world, "offers", "--gpu", "h100", "--max-price", "0").exit_code == 2
