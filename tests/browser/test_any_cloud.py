"""GPUs wherever they are cheapest: the form offers any cloud, and says before the click which one it would be."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import replace

import pytest
from playwright.sync_api import Browser, expect

from im.domain.access import Role
from im.services import queries
from im.standins.digitalocean import DigitalOcean
from im.standins.lambda_cloud import Lambda
from im.standins.service import serving
from tests.browser.conftest import KEY, Site
from tests.integration.web.conftest import Api
from tests.world import World


@pytest.fixture
def market(world: World, browser: Browser) -> Iterator[Site]:
    """Two clouds to ask, and none that is usual."""
    with ExitStack() as stack:
        clouds = {"lambda": Lambda("secret"), "digitalocean": DigitalOcean("secret")}
        urls = {name: stack.enter_context(serving(cloud)) for name, cloud in clouds.items()}
        told = ",".join(f"{name}={url.replace('://', '://sandbox:secret@')}" for name, url in urls.items())
        world.ctx = replace(world.ctx, settings=replace(world.ctx.settings, sandbox_url=told, region=""))
        api = Api(world)
        stack.callback(api.close)
        api.user("ada", Role.ADMIN)
        yield Site(api, browser)
        for context in browser.contexts:
            context.close()


def test_the_cheapest_that_has_room_is_said_and_taken(market: Site) -> None:
    page = market.open("/create")
    page.get_by_label("Public key").fill(KEY)
    page.get_by_label("Name", exact=True).fill("train")
    page.locator('select[name="provider"]').select_option("any")
    quote = page.get_by_label("What it comes to")
    expect(quote).to_contain_text("say --gpu h100:1, or name the cloud")
    page.get_by_label("GPU", exact=True).fill("h100")
    expect(quote).to_contain_text("say --max-price USD")
    page.get_by_label("Price at most, $/h").fill("3.35")
    expect(quote).to_contain_text("1 × gpu_1x_h100_pcie")
    expect(quote.get_by_role("listitem")).to_have_text(["$3.29/h  lambda gpu_1x_h100_pcie in us-west-3"])
    expect(quote).to_contain_text("--provider any --max-price 3.35 -d 1h --gpu h100")
    page.get_by_role("button", name="Create").click()
    expect(page.get_by_role("heading", name="train")).to_be_visible()
    (row,) = queries.listing(market.world.ctx).rows
    assert (row.scope.provider, row.spec.instance_type) == ("lambda", "gpu_1x_h100_pcie")
