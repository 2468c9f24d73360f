"""What stands around every page: the sandbox, the version, Flower and the documents; and the fleet's own page."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest
from playwright.sync_api import Browser, expect
from sqlalchemy import text

from im import __version__
from im.domain.access import Role
from im.domain.config.web import WebSettings
from tests.browser.conftest import Site
from tests.integration.web.conftest import Api
from tests.world import World


def opened(world: World, browser: Browser, docs_url: str, **settings: str) -> Iterator[Site]:
    """The page of a deployment that is told this, too."""
    told: dict[str, Any] = {**settings, "parts": (*world.ctx.settings.parts, WebSettings(docs_url=docs_url))}
    world.ctx = replace(world.ctx, settings=replace(world.ctx.settings, **told))
    api = Api(world)
    api.user("ada", Role.ADMIN)
    yield Site(api, browser)
    for context in browser.contexts:
        context.close()
    api.close()


@pytest.fixture
def told(world: World, browser: Browser) -> Iterator[Site]:
    yield from opened(
        world,
        browser,
        flower_url="http://im:unspoken@127.0.0.1:5555",
        docs_url="https://docs.example.com/im",
        sandbox_url="fake=http://127.0.0.1:1",
    )


@pytest.fixture
def misled(world: World, browser: Browser) -> Iterator[Site]:
    yield from opened(world, browser, flower_url="javascript:alert(1)", docs_url="javascript:alert(1)")


@pytest.mark.parametrize("path", ["/", "/agenda", "/fleet", "/create"])
def test_sandbox_version_flower_and_documents_are_on_every_page(told: Site, path: str) -> None:
    page = told.open(path)
    foot = page.locator("footer")
    expect(page.locator("header").get_by_text("sandbox", exact=True)).to_be_visible()
    expect(foot.get_by_text(f"im {__version__}")).to_be_visible()
    expect(foot.get_by_role("link", name="Flower, the queue")).to_have_attribute("href", "http://127.0.0.1:5555")
    expect(foot.get_by_role("link", name="Documentation")).to_have_attribute("href", "https://docs.example.com/im")
    assert "unspoken" not in page.content()


def test_what_is_no_web_address_is_no_link(misled: Site) -> None:
    page = misled.open("/fleet")
    assert "javascript:" not in page.content()
    expect(page.locator("header").get_by_text("sandbox", exact=True)).to_have_count(0)


def test_the_fleets_page_says_where_it_sees_and_what_it_enforces(site: Site) -> None:
    site.api.create("web-1")
    site.world.advance(40)
    page = site.open("/fleet")
    expect(page.get_by_role("region", name="Every cloud, account and region in use")).to_contain_text("fake-1")
    expect(page.locator("#deadlines + p")).to_contain_text("Enforced.")
    expect(page.get_by_text("Asking them …")).to_have_count(0)  # they were asked after the page stood


def test_the_first_rows_of_a_large_fleet_are_there_and_counted_at_once(site: Site) -> None:
    site.api.create("web", count=1)
    site.world.advance(20)
    with site.world.ctx.begin() as connection:
        columns = [
            name
            for (name,) in connection.execute(
                text("SELECT column_name FROM information_schema.columns WHERE table_name = 'instances'")
            )
            if name not in ("id", "name", "provider_id")
        ]
        listed = ", ".join(columns)
        connection.execute(
            text(
                f"INSERT INTO instances (id, name, provider_id, {listed})"
                f" SELECT id || n, name || '-' || n, provider_id || n, {listed}"
                " FROM instances, generate_series(1, 2999) AS n"
            )
        )
    page = site.open("/")
    expect(page.locator(".instances tbody tr")).to_have_count(50)
    expect(page.get_by_text("3,000 instances").first).to_be_visible()
