"""Webhooks managed on the page in a real browser: with a mouse, by keyboard, on a phone, without a script."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace

import pytest
from playwright.sync_api import Page, expect

from im.domain.config.webhook import WebhookSettings
from im.domain.webhook.target import read_networks
from tests.browser.conftest import Site
from tests.browser.test_people import line, signed_in
from tests.browser.test_reaches_everybody import SMALL, found
from tests.integration.web.people.test_managed_webhooks import SECRET
from tests.integration.webhooks.receiver import Receiver, receiving
from tests.world import World


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with receiving() as one:
        yield one


@pytest.fixture
def world(world: World) -> World:
    settings = replace(world.ctx.settings, parts=(WebhookSettings(read_networks("127.0.0.1")),))
    world.ctx = replace(world.ctx, settings=settings)
    return world


def make(page: Page, name: str, url: str) -> str:
    """By keyboard alone; returns the secret that is shown."""
    page.goto("/people/webhooks")
    page.get_by_role("button", name="Make a webhook").focus()
    page.keyboard.press("Enter")
    dialog = page.get_by_role("dialog")
    expect(dialog.get_by_label("Name")).to_be_focused()
    page.keyboard.type(name)
    page.keyboard.press("Tab")
    page.keyboard.type(url)
    page.keyboard.press("Enter")
    expect(dialog.get_by_role("button", name="Copy")).to_be_focused()
    secret = str(dialog.locator("#secret").text_content())
    page.keyboard.press("Escape")
    return secret


def test_it_is_made_by_keyboard_tried_and_seen_to_be_taken(site: Site, receiver: Receiver) -> None:
    page = signed_in(site)
    secret = make(page, "ci", receiver.url)
    assert SECRET.fullmatch(secret)
    expect(line(page, "ci")).to_contain_text("on, nothing sent so far")
    assert secret not in page.content()
    page.get_by_role("link", name="ci", exact=True).click()
    expect(page.get_by_role("heading", name="ci", exact=True)).to_be_visible()
    page.get_by_role("button", name="Send a test").click()
    expect(page.locator("#said")).to_contain_text("A test is on its way to ci")
    expect(page.get_by_role("row").filter(has_text="on its way")).to_have_count(1)
    site.world.deliver()
    expect(page.get_by_role("row").filter(has_text="taken")).to_contain_text("200")  # the page asks by itself
    receiver.status = 500
    page.get_by_role("button", name="Send a test").click()
    expect(page.get_by_role("row").filter(has_text="on its way")).to_have_count(1)
    site.world.deliver()
    expect(page.get_by_role("row").filter(has_text="sent again")).to_contain_text("127.0.0.1 answered 500")
    expect(page.locator("main")).to_contain_text("failing since")
    receiver.status = 200
    page.get_by_role("button", name="Send again what was not taken").click()
    expect(page.locator("#said")).to_contain_text("1 message is on the way again")
    site.world.deliver()
    page.reload()
    expect(page.get_by_role("row").filter(has_text="taken")).to_have_count(2)


def test_it_is_changed_switched_and_deleted(site: Site) -> None:
    page = signed_in(site)
    make(page, "ci", "https://ci.example.com/im")
    page.get_by_role("link", name="ci", exact=True).click()
    page.get_by_role("button", name="Change", exact=True).click()
    dialog = page.get_by_role("dialog")
    expect(dialog.get_by_label("Where it goes")).to_have_value("https://ci.example.com/im")
    for box in dialog.get_by_role("checkbox").all()[1:]:
        box.uncheck()
    dialog.get_by_label("Where it goes").fill("http://10.0.0.1/")
    dialog.get_by_role("button", name="Change ci").click()
    expect(dialog.get_by_role("alert")).to_contain_text("that address is a private one")
    dialog.get_by_label("Where it goes").fill("https://ci.example.com/other")
    dialog.get_by_role("button", name="Change ci").click()
    expect(page.locator("#said")).to_contain_text("Changed ci: it wants running")
    expect(page.locator("dd").filter(has_text="https://ci.example.com/other")).to_be_visible()
    page.get_by_role("button", name="New secret").click()
    dialog.get_by_role("button", name="Make a new secret").click()
    expect(dialog).to_contain_text("The one before signs as well for 1d more")
    page.keyboard.press("Escape")
    page.get_by_role("button", name="Disable").click()
    expect(page.get_by_role("button", name="Enable")).to_be_visible()
    expect(page.get_by_role("button", name="Send a test")).to_have_count(0)
    page.get_by_role("button", name="Enable").click()
    expect(page.get_by_role("button", name="Send a test")).to_be_visible()
    page.get_by_role("button", name="Delete").click()
    dialog.get_by_role("button", name="Delete ci").click()
    page.wait_for_url("**/people/webhooks")
    expect(page.get_by_role("heading", name="No webhook")).to_be_visible()


def test_the_same_on_a_phone_without_a_script(site: Site) -> None:
    phone = {"viewport": {"width": 360, "height": 740}, "has_touch": True, "is_mobile": True}
    page = signed_in(site, java_script_enabled=False, **phone)
    page.goto("/people/webhooks")
    page.get_by_role("button", name="Make a webhook").tap()
    page.get_by_label("Name").fill("pocket")
    page.get_by_label("Where it goes").fill("https://ci.example.com/im")
    page.get_by_role("button", name="Make it").tap()
    expect(page.locator("#secret")).to_have_text(SECRET)
    page.get_by_role("link", name="I have it").tap()
    page.get_by_role("button", name="Send a test").tap()
    page.get_by_role("link", name="Back").tap()
    expect(page.get_by_text("on its way")).to_be_visible()
    page.get_by_role("button", name="Disable").tap()
    page.get_by_role("link", name="Back").tap()
    expect(page.get_by_text("off, by ada")).to_be_visible()
    assert page.locator("html").evaluate("one => one.scrollWidth <= innerWidth")
    page.get_by_role("button", name="Delete").tap()
    page.get_by_role("button", name="Delete pocket").tap()
    page.get_by_role("link", name="Back").tap()
    expect(page.get_by_role("heading", name="No webhook")).to_be_visible()


@pytest.mark.parametrize("scheme", [pytest.param("light", marks=pytest.mark.long), "dark"])
def test_axe_finds_nothing_and_a_thumb_misses_nothing(site: Site, receiver: Receiver, scheme: str) -> None:
    page = signed_in(site, color_scheme=scheme, viewport={"width": 360, "height": 740}, bypass_csp=True)
    dialog = page.get_by_role("dialog")
    wrong: dict[str, object] = {}
    make(page, "ci", receiver.url)
    make(page, "chat", "https://chat.example.com/hooks/" + "a" * 120)
    receiver.status = 500
    page.get_by_role("link", name="ci", exact=True).click()
    for _ in range(2):
        page.get_by_role("button", name="Send a test").click()
        expect(page.locator("#said")).to_contain_text("A test is on its way")
        site.world.deliver()
        receiver.status = 200
    own = page.url.removeprefix(site.url)
    for path, buttons in (
        ("/people/webhooks", ("Make a webhook",)),
        (own, ("Change", "New secret", "Delete")),
    ):
        page.goto(path)
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), f"{path} scrolls sideways"
        wrong[path] = [*found(page), *page.evaluate(SMALL)]
        for button in buttons:
            page.get_by_role("button", name=re.compile(f"^{button}")).first.click()
            dialog.get_by_role("heading", level=2).wait_for()
            wrong[button] = [*found(page), *page.evaluate(SMALL)]
            page.keyboard.press("Escape")
    assert {where: what for where, what in wrong.items() if what} == {}
