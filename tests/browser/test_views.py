"""Views that one has saved, in a real browser: with a mouse, by keyboard, on a phone."""

from __future__ import annotations

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import Site
from tests.browser.test_list import listed


@pytest.fixture
def two(site: Site) -> Site:
    site.api.create("web", duration="1h", instance_type="large")
    site.api.create("db", duration="5h")
    site.world.advance(20)
    return site


def views_of(page: Page) -> list[str]:
    return page.locator(".views .own").all_inner_texts()


def test_what_one_sees_is_saved_changed_saved_over_renamed_and_deleted(two: Site) -> None:
    page = two.open("/?q=type%3Dlarge&columns=status&columns=owner")
    page.get_by_role("button", name="Save this view").click()
    dialog = page.get_by_role("dialog")
    expect(dialog).to_contain_text("Status, Owner")
    dialog.get_by_label("Name").fill("big <b>ones")
    dialog.get_by_role("button", name="Save", exact=True).click()
    own = page.get_by_role("link", name="big <b>ones", exact=True)
    expect(own).to_have_attribute("aria-current", "true")
    assert listed(page) == ["web"]
    page.get_by_role("link", name="Everybody").click()
    own.click()
    expect(page.get_by_role("columnheader")).to_have_count(5)
    expect(page.get_by_role("button", name="Save this view")).to_have_count(0)
    page.get_by_role("link", name="Remove the filter type=large").click()
    page.get_by_role("button", name="Save this view").click()
    expect(dialog).to_contain_text("“big <b>ones” is saved over; another name keeps both.")
    dialog.get_by_role("button", name="Save", exact=True).click()
    expect(page.locator("#count")).to_have_text("2 instances")
    expect(own).to_have_attribute("aria-current", "true")
    page.get_by_role("button", name="Your views").click()
    dialog.get_by_label("Another name for big <b>ones").fill("mine")
    dialog.get_by_role("button", name="Rename big <b>ones").click()
    expect(dialog.get_by_role("alert")).to_contain_text("There is always a view 'mine'")
    dialog.get_by_label("Another name for big <b>ones").fill("all of it")
    dialog.get_by_role("button", name="Rename big <b>ones").click()
    expect(page.get_by_role("link", name="all of it", exact=True)).to_be_visible()
    page.goto("/?view=soon")
    page.get_by_role("button", name="Your views").click()
    dialog.get_by_role("button", name="Delete all of it").click()
    expect(page.locator(".views .own")).to_have_count(0)
    assert page.url.endswith("/?view=soon"), "one stays where one was"
    assert two.api.ask("GET", "/api/v1/views").body["items"] == []


def test_the_same_by_keyboard_alone_and_a_link_shows_another_the_same(two: Site) -> None:
    page = two.open("/?view=soon&columns=status")
    page.get_by_role("button", name="Save this view").focus()
    page.keyboard.press("Enter")
    expect(page.get_by_role("dialog").get_by_label("Name")).to_be_focused()
    page.keyboard.type("soon, short")
    page.keyboard.press("Enter")
    expect(page.get_by_role("link", name="soon, short", exact=True)).to_have_attribute("aria-current", "true")
    two.api.user("bob")
    theirs = two.open(page.url.removeprefix(two.url), login="bob")
    assert (listed(theirs), views_of(theirs)) == (["web"], [])
    expect(theirs.get_by_role("columnheader")).to_have_count(4)


def test_the_same_on_a_phone_without_a_script(two: Site) -> None:
    phone = {"viewport": {"width": 360, "height": 740}, "has_touch": True, "is_mobile": True}
    page = two.open("/?q=type%3Dlarge", java_script_enabled=False, **phone)
    page.get_by_role("button", name="Save this view").tap()
    page.get_by_label("Name").fill("pocket")
    page.get_by_role("button", name="Save", exact=True).tap()
    expect(page.get_by_role("link", name="pocket", exact=True)).to_have_attribute("aria-current", "true")
    page.get_by_role("button", name="Your views").tap()
    assert page.locator("html").evaluate("one => one.scrollWidth <= innerWidth")
    page.get_by_role("button", name="Delete pocket").tap()
    expect(page.locator(".views .own")).to_have_count(0)
    expect(page.locator("#count")).to_have_text("2 instances")
    assert two.api.ask("GET", "/api/v1/views").body["items"] == []
