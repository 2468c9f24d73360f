"""The whole life of a machine by somebody who never saw the command line: with a mouse, by keyboard alone, on a phone."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal

import pytest
from playwright.sync_api import Page, expect

from im.services.money import budgets
from tests.browser.conftest import KEY, Site
from tests.integration.web.conftest import ROOT


@pytest.fixture
def priced(site: Site) -> Site:
    """A deployment that knows what things cost, and has a budget."""
    budgets.write(site.world.ctx, "", Decimal(50), actor=ROOT)
    return site


def row(page: Page, name: str):  # type: ignore[no-untyped-def]  # a locator, of a class that is not for typing
    return page.locator(f'tr[data-name="{name}"]')


def come_true(site: Site, page: Page, seconds: float) -> None:
    """Time goes by in the world, and the page is asked to look."""
    site.world.advance(seconds)
    page.evaluate("document.getElementById('live').dispatchEvent(new CustomEvent('im:refresh'))")


def test_a_machine_from_the_price_to_its_end(priced: Site) -> None:
    site, page = priced, priced.open("/", login="")
    page.get_by_label("A token of yours").fill(site.api.tokens["ada"])
    page.get_by_role("button", name="Sign in").click()
    expect(page.get_by_role("heading", name="Nothing runs, nothing costs")).to_be_visible()
    page.get_by_role("link", name="Create the first").click()
    page.get_by_label("Public key").fill(KEY)
    page.get_by_label("Name", exact=True).fill("web-1")
    page.get_by_role("button", name="4h").click()
    quote = page.get_by_label("What it comes to")
    expect(quote).to_contain_text("$1.98")
    expect(quote).to_contain_text("$50.00 of the budget of this deployment is left this month, $48.02 after this")
    expect(quote).to_contain_text("im create --public-key ~/.ssh/id_ed25519.pub --name web-1 -d 4h")
    page.get_by_role("button", name="Create").click()

    expect(page.get_by_role("heading", name="web-1")).to_be_visible()
    assert page.url.endswith("/instances/web-1")
    expect(page.locator(".state").first).to_have_text("launching")
    come_true(site, page, 20)
    expect(page.locator(".state").first).to_have_text("running")
    expect(page.get_by_label("Log in")).to_contain_text("ssh fake@198.18.0.1")

    page.get_by_role("link", name="Instances").first.click()
    row(page, "web-1").get_by_role("button", name="Extend web-1").click()
    dialog = page.get_by_role("dialog")
    expect(dialog).to_contain_text("17:00 → 21:00")
    expect(dialog).to_contain_text("$1.98 more")
    expect(dialog).to_contain_text("of the budget of this deployment left this month")
    dialog.get_by_role("button", name="+4h").click()
    expect(dialog).to_be_hidden()
    expect(page.locator("#said")).to_contain_text("web-1: stops 17:00 → 21:00 (in 7h 59m)")
    expect(page.locator("#said")).to_contain_text("of the budget of this deployment left this month")
    expect(row(page, "web-1").locator(".ends")).to_have_text("stops 21:00")

    page.get_by_role("link", name="Agenda").click()
    expect(page.get_by_role("row", name="web-1")).to_contain_text("21:00")
    site.world.advance(timedelta(hours=8).total_seconds(), tick=1800)
    site.world.advance(60)
    page.goto("/")
    expect(row(page, "web-1").locator(".state")).to_have_text("stopped (ttl)")
    row(page, "web-1").get_by_role("button", name="Start web-1").click()
    page.get_by_role("dialog").get_by_role("button", name="1h").click()
    come_true(site, page, 30)
    expect(row(page, "web-1").locator(".state")).to_have_text("running")

    page.get_by_role("link", name="Cost").click()
    expect(page.locator(".sum", has_text="Today").locator("dd")).to_contain_text("$3.9")
    page.goto("/instances/web-1")
    expect(page.locator(".why")).to_contain_text("ada wants it to run")
    story = page.locator(".story")
    for line in ("Create requested", "Extended", "Expired", "Stopped", "Start requested"):
        expect(story).to_contain_text(line)

    page.get_by_label("More for web-1").click()
    page.get_by_role("button", name="Terminate web-1").click()
    dialog = page.get_by_role("dialog")
    expect(dialog).to_contain_text("gone for good, disk and all")
    expect(dialog.get_by_role("listitem")).to_contain_text("web-1")
    dialog.get_by_role("button", name="Terminate web-1").click()
    come_true(site, page, 60)
    page.goto("/?all=true")
    expect(row(page, "web-1").locator(".state")).to_have_text("terminated")
    assert site.world.at_cloud("web-1").value == "terminated"


def test_the_same_by_keyboard_alone(priced: Site) -> None:
    site, page = priced, priced.open("/")
    keys = page.keyboard
    keys.press("c")
    expect(page.get_by_role("heading", name="Create an instance")).to_be_visible()
    expect(page.get_by_label("For how long")).to_be_focused()
    keys.press("ControlOrMeta+a")
    keys.type("2h")
    _tab_to(page, "[name=public_key]")
    keys.insert_text(KEY)
    _tab_to(page, "#name")
    keys.type("box")
    keys.press("Enter")
    expect(page.get_by_role("heading", name="box")).to_be_visible()
    site.world.advance(20)
    page.goto("/")
    keys.press("j")
    expect(page.get_by_role("link", name="box", exact=True)).to_be_focused()
    keys.press("e")
    expect(page.get_by_role("dialog").get_by_role("button", name="+1h")).to_be_focused()
    keys.press("Enter")
    expect(page.locator("#said")).to_contain_text("15:00 → 16:00")
    keys.press("j")
    keys.press("s")
    expect(page.get_by_role("dialog").get_by_role("button", name="Stop box")).to_be_focused()
    keys.press("Escape")
    expect(page.get_by_role("dialog")).to_be_hidden()
    assert site.api.ask("GET", "/api/v1/instances/box").body["desired"] == "running"
    keys.press("s")
    page.get_by_role("dialog").get_by_role("button", name="Stop box").wait_for()
    keys.press("Enter")
    come_true(site, page, 30)
    expect(row(page, "box").locator(".state")).to_have_text("stopped")
    keys.press("j")
    keys.press("x")
    expect(page.get_by_label("Choose box")).to_be_checked()
    keys.press("?")
    expect(page.get_by_role("heading", name="Keyboard")).to_be_visible()
    keys.press("Escape")
    keys.press("/")
    expect(page.get_by_label("Filter", exact=True)).to_be_focused()
    keys.type("owner=me")
    keys.press("Enter")
    page.wait_for_url("**/?*q=owner%3Dme*")


def _tab_to(page: Page, selector: str) -> None:
    for _ in range(20):
        if page.locator(selector).evaluate("one => one === document.activeElement"):
            return
        page.keyboard.press("Tab")
    raise AssertionError(f"no way by the Tab key to {selector}")


def test_the_same_on_a_phone(priced: Site) -> None:
    site = priced
    page = site.open("/create", viewport={"width": 360, "height": 740}, has_touch=True, is_mobile=True)
    page.get_by_label("Public key").fill(KEY)
    page.get_by_label("Name", exact=True).fill("pocket")
    page.get_by_role("button", name="Create").tap()
    expect(page.get_by_role("heading", name="pocket")).to_be_visible()
    come_true(site, page, 20)
    expect(page.locator(".state").first).to_have_text("running")
    page.get_by_role("button", name="Extend pocket").tap()
    page.get_by_role("dialog").get_by_role("button", name="+1h").tap()
    expect(page.locator("#said")).to_contain_text("14:00 → 15:00")
    page.get_by_role("link", name="Instances").first.tap()
    row(page, "pocket").get_by_role("button", name="Stop pocket").tap()
    page.get_by_role("dialog").get_by_role("button", name="Stop pocket").tap()
    come_true(site, page, 30)
    expect(row(page, "pocket").locator(".state")).to_have_text("stopped")
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")


def test_without_a_script_everything_can_be_done_too(priced: Site) -> None:
    site = priced
    page = site.open("/create", java_script_enabled=False)
    page.get_by_label("Public key").fill(KEY)
    page.get_by_label("Name", exact=True).fill("plain")
    page.get_by_role("button", name="Only show the price").click()
    expect(page.get_by_label("What it comes to")).to_contain_text("$0.50")
    page.get_by_role("button", name="Create").click()
    site.world.advance(20)
    page.goto("/")
    page.get_by_role("button", name="Extend plain").click()
    page.get_by_role("button", name="+1h").click()
    expect(page.get_by_role("heading", name="Stored")).to_be_visible()
    page.get_by_role("link", name="Back to the instances").click()
    page.get_by_label("Choose plain").check()
    page.get_by_role("button", name="Stop", exact=True).click()
    page.get_by_role("button", name="Stop plain").click()
    site.world.advance(30)
    page.goto("/")
    expect(row(page, "plain").locator(".state")).to_have_text("stopped")
