"""The page in a real browser, before a world whose clock is stepped."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, sync_playwright

from im.domain.access import Role
from tests.integration.web.browser import Browser as Visitor
from tests.integration.web.conftest import KEY, Api
from tests.world import World

CHROMIUM = "/usr/bin/chromium"
QUIET = ("--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-sync", "--no-first-run")


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        made = playwright.chromium.launch(executable_path=CHROMIUM, args=QUIET)
        yield made
        made.close()


@dataclass
class Site:
    """The page as people meet it."""

    api: Api
    browser: Browser

    @property
    def world(self) -> World:
        return self.api.world

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.api.port}"

    def context(self, login: str = "ada", **more: object) -> BrowserContext:
        """A browser of this person's own, signed in; nobody's with an empty login."""
        given = {"timezone_id": "Europe/Berlin", "base_url": self.url, **more}
        made = self.browser.new_context(**given)  # type: ignore[arg-type]
        made.set_default_timeout(8000)
        if login:
            visitor = Visitor(self.api)
            visitor.sign_in(login)
            (name, kept), *_ = visitor.cookies.items()
            zone = {"name": "im_zone", "value": str(given["timezone_id"]), "url": self.url}  # as after a first look
            made.add_cookies([{"name": name, "value": kept.value, "url": self.url}, zone])  # type: ignore[list-item]
        return made

    def open(self, path: str = "/", login: str = "ada", **more: object) -> Page:
        page = self.context(login, **more).new_page()
        page.goto(path)
        return page


@pytest.fixture
def site(world: World, browser: Browser) -> Iterator[Site]:
    api = Api(world)
    api.user("ada", Role.ADMIN)
    yield Site(api, browser)
    for context in browser.contexts:
        context.close()
    api.close()


__all__ = ["KEY", "Site"]
