"""The list of instances in a real browser: what people expect of it, one by one."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest
from playwright.sync_api import Page, Route, expect

from im import __version__
from im.domain.access import Role
from im.domain.intent import Deadline
from im.services import queries
from im.services.deadlines import holds
from im.services.requests import change
from im.web.api import stream
from tests.browser.conftest import Site
from tests.browser.test_story import come_true, row
from tests.integration.web.conftest import ROOT

OVER = """() => {
  window.over = new Promise((done) => document.addEventListener("htmx:finally:request", () => done(true), { once: true }));
}"""


@pytest.fixture
def three(site: Site) -> Site:
    """Three machines that run, one of them another's."""
    site.api.user("bob", Role.MEMBER)
    site.api.create("web-1", duration="1h", instance_type="large")
    site.api.create("web-2", duration="3h")
    site.api.create("db", by="bob", duration="2h")
    site.world.advance(20)
    return site


def listed(page: Page) -> list[str]:
    return page.locator(".instances tbody tr").evaluate_all("rows => rows.map((one) => one.dataset.name)")


def test_the_soonest_deadline_stands_first_with_a_bar_a_span_and_a_moment_and_a_member_is_offered_what_is_theirs(
    three: Site,
) -> None:
    page = three.open("/")
    assert listed(page) == ["web-1", "db", "web-2"]
    expect(page.locator("#count")).to_have_text("3 instances")
    expect(page.locator("#count")).to_have_attribute("aria-live", "polite")
    expect(page.get_by_role("columnheader", name="Time left")).to_have_attribute("aria-sort", "ascending")

    cell = row(page, "web-1").locator(".lasts")
    expect(cell.locator(".ends")).to_have_text("stops 14:00")
    expect(cell.locator("time")).to_have_attribute("title", "2030-01-01 13:00:00 UTC")
    expect(page.locator("footer")).to_contain_text("Times are in Europe/Berlin")
    assert 0 < float(cell.locator("progress").evaluate("one => one.value")) < 1000
    expect(cell.locator(".ticks")).to_have_attribute("aria-hidden", "true")

    page = three.open("/", login="bob")
    expect(row(page, "db").get_by_role("button", name="Extend db")).to_be_visible()
    expect(row(page, "web-1").get_by_role("button", name="Extend web-1")).to_have_count(0)


def test_time_ticks_by_the_server_and_never_jumps_back(three: Site) -> None:
    page = three.context().new_page()
    page.clock.install(time="2001-01-01T00:00:00")  # the laptop is wrong by decades
    page.goto("/")
    ticks = row(page, "web-1").locator(".ticks")
    seen = [ticks.text_content()]
    for _ in range(4):
        page.clock.run_for(61_000)
        seen.append(ticks.text_content())
    assert seen == ["59m", "58m", "57m", "56m", "55m"]


def test_the_first_look_tells_the_server_the_zone_once(three: Site) -> None:
    context = three.context(timezone_id="Asia/Tokyo")
    context.clear_cookies(name="im_zone")
    page = context.new_page()
    page.goto("/")
    expect(page.locator("footer")).to_contain_text("Times are in Asia/Tokyo")
    expect(row(page, "web-1").locator(".ends")).to_have_text("stops 22:00")


def test_one_field_searches_as_the_command_line_does_values_become_filters_and_the_address_is_the_state(
    three: Site,
) -> None:
    page = three.open("/")
    page.get_by_label("Filter", exact=True).fill("owner=bob status=running")
    page.keyboard.press("Enter")
    expect(page.locator("#count")).to_have_text("1 instance")
    assert listed(page) == ["db"]
    assert "q=owner%3Dbob+status%3Drunning" in page.url
    expect(page.locator(".cli code")).to_have_text("im list --filter owner=bob --filter status=running")
    page.get_by_label("Filter", exact=True).fill("colour=red")
    page.keyboard.press("Enter")
    expect(page.get_by_role("alert")).to_contain_text("colour=red is not understood")
    expect(page.get_by_label("Filter", exact=True)).to_have_value("colour=red")

    page.goto("/")
    row(page, "db").get_by_role("link", name="bob").click()
    expect(page.locator("#count")).to_have_text("1 instance")
    row(page, "db").get_by_role("link", name="running").click()
    page.go_back()
    page.get_by_role("link", name="Remove the filter owner=bob").click()
    expect(page.locator("#count")).to_have_text("3 instances")

    page.goto("/?view=mine&columns=status&columns=owner&q=name%3Dweb-2")
    assert listed(page) == ["web-2"]
    expect(page.get_by_role("columnheader")).to_have_count(5)
    expect(page.locator(".cli code")).to_have_text("im list --view mine --filter name=web-2")
    page.get_by_role("link", name="Ends within 2 h").click()
    expect(page.locator(".cli code")).to_have_text("im list --view soon")
    assert listed(page) == ["web-1", "db"]


def test_it_is_live_and_keeps_what_one_types_and_has_chosen(three: Site) -> None:
    page = three.open("/")
    page.get_by_label("Choose web-2").check()
    field = page.get_by_label("Filter", exact=True)
    field.fill("owner=")
    with page.expect_request("**/"):  # nobody clicks: the stream rings
        three.api.ask("POST", "/api/v1/instances/web-1/stop", {})
    expect(row(page, "web-1").locator(".state")).to_contain_text("stopping")
    expect(field).to_be_focused()
    expect(field).to_have_value("owner=")
    expect(page.get_by_label("Choose web-2")).to_be_checked()


def test_a_menu_stays_open_whatever_was_on_its_way(three: Site) -> None:
    page = three.open("/")
    held: list[Route] = []

    def hold(route: Route) -> None:
        if "hx-request" in route.request.headers and not held:
            held.append(route)
        else:
            route.continue_()

    page.route("**/*", hold)
    with page.expect_request(lambda asked: "hx-request" in asked.headers):
        three.api.create("web-3")
    page.get_by_label("More for web-1").click()
    page.evaluate(OVER)
    held[0].continue_()
    page.evaluate("() => window.over")
    page.get_by_role("button", name="Terminate web-1").wait_for()
    expect(row(page, "web-3")).to_have_count(0)
    page.keyboard.press("Escape")
    expect(row(page, "web-3")).to_be_visible()


def test_facts_that_grow_old_and_a_stream_that_is_lost_are_said(three: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    page = three.context().new_page()
    page.clock.install()
    page.goto("/")
    expect(page.locator(".as-of")).to_contain_text("As of 13:00:20")
    monkeypatch.setattr(stream, "MOST", 0)
    three.api.app.state.ending, before = (lambda: True), three.api.app.state.ending
    page.clock.run_for(4_000)
    expect(page.locator(".stale")).to_be_visible()
    three.api.app.state.ending = before
    page.context.set_offline(True)
    page.clock.run_for(40_000)
    expect(page.locator(".as-of.old")).to_be_visible()


def test_several_at_once_are_named_and_each_has_its_answer(three: Site) -> None:
    page = three.open("/")
    for name in ("web-1", "web-2", "db"):
        page.get_by_label(f"Choose {name}").check()
    expect(page.locator("#chosen")).to_have_text("3 chosen:")
    page.get_by_label("What to do with the chosen ones").get_by_role("button", name="Stop").click()
    dialog = page.get_by_role("dialog")
    expect(dialog.get_by_role("listitem")).to_have_count(3)
    dialog.get_by_role("button", name="Stop web-1, web-2, db").click()
    expect(page.locator("#said")).to_contain_text("web-1: stopping · web-2: stopping · db: stopping")
    assert {one["desired"] for one in three.api.ask("GET", "/api/v1/instances").body["items"]} == {"stopped"}


def test_all_that_match_are_asked_again_when_their_count_grew(three: Site) -> None:
    page = three.open("/?view=mine")
    page.get_by_role("link", name="stop all").click()
    dialog = page.get_by_role("dialog")
    expect(dialog.get_by_role("heading", name="Stop web-1, web-2?")).to_be_visible()
    three.api.create("web-3")
    three.world.advance(20)
    dialog.get_by_role("button", name="Stop web-1, web-2").click()
    expect(dialog).to_contain_text("web-3 matches too by now, and nothing was stored")
    assert three.world.row("web-1").desired.value == "running"


def test_whoever_leaves_a_dialog_is_where_they_were_and_a_stale_button_says_who_was_first(three: Site) -> None:
    page = three.open("/?q=owner%3Dbob")
    row(page, "db").get_by_role("button", name="Stop db").click()
    page.get_by_role("dialog").get_by_role("link", name="Leave it").click()
    expect(page.get_by_role("dialog")).to_be_hidden()
    assert page.url.endswith("/?q=owner%3Dbob")

    page.goto("/")
    row(page, "db").get_by_role("button", name="Stop db").click()
    dialog = page.get_by_role("dialog")
    expect(dialog.get_by_role("heading", name="Stop db?")).to_be_visible()
    ids = [queries.resolve(three.world.ctx, ["db"]).rows[0].id]
    change.extend(three.world.ctx, ids, Deadline(by=timedelta(hours=1)), actor=replace(ROOT, name="bob"))
    dialog.get_by_role("button", name="Stop db").click()
    expect(dialog).to_contain_text("db has changed since (last by bob), and nothing was stored")
    page.keyboard.press("Escape")
    expect(row(page, "db").get_by_role("button", name="Stop db")).to_be_focused()


def test_the_theme_is_the_systems_until_somebody_chooses(three: Site) -> None:
    page = three.open("/", color_scheme="dark")
    paper = "getComputedStyle(document.body).backgroundColor"
    dark = page.evaluate(paper)
    page.get_by_label("You are ada: theme, keys, sign out").click()
    page.get_by_label("Light").check()
    assert page.evaluate(paper) != dark
    page.reload()
    assert page.evaluate(paper) != dark
    assert page.locator("html").get_attribute("data-theme") == "light"


def test_what_one_needs_elsewhere_is_copied(three: Site) -> None:
    address = three.world.row("web-1").public_ip or ""
    page = three.open("/?q=owner%3Dme", permissions=["clipboard-read", "clipboard-write"])

    def copied(button: str, text: str) -> None:
        page.get_by_role("button", name=button, exact=True).first.click()
        expect(page.locator("#said")).to_contain_text(f"Copied: {text}")
        assert page.evaluate("navigator.clipboard.readText()") == text

    copied("Copy ssh of web-1", f"ssh fake@{address}")
    copied("Copy the command line of this view", "im list --filter owner=me")
    page.get_by_label("More for web-1").click()
    copied("Copy address", address)
    page.get_by_label("More for web-1").click()
    copied("Copy id", str(three.world.row("web-1").provider_id))
    page.goto("/instances/web-1")
    copied("Copy the address", address)
    copied("Copy our id", three.world.row("web-1").id)


def test_what_is_not_there_is_said_who_did_what_is_found_and_columns_are_chosen(three: Site) -> None:
    page = three.open("/?q=status%3Dstopped")
    expect(page.get_by_role("heading", name="Nothing matches")).to_be_visible()
    page.get_by_role("link", name="Show everything").click()
    expect(page.locator("#count")).to_have_text("3 instances")
    page.get_by_role("link", name="People").click()
    page.get_by_role("link", name="Audit").click()
    added = page.get_by_role("row").filter(has_text="user added").filter(has_text="bob")
    expect(added.get_by_role("rowheader")).to_have_text("root")
    expect(page.locator("footer")).to_contain_text(f"im {__version__}")

    page.goto("/")
    page.get_by_text("Columns").click()
    for name in ("Zone", "Address", "Cost", "$/h", "Type"):
        page.get_by_label(name, exact=True).uncheck()
    page.get_by_label("Cloud", exact=True).check()
    page.get_by_role("button", name="Show these").click()
    expect(page.get_by_role("columnheader", name="Cloud")).to_be_visible()
    expect(page.get_by_role("columnheader", name="Address")).to_have_count(0)


def test_a_held_deadline_cannot_be_missed(three: Site) -> None:
    page = three.open("/")
    holds.pause(three.world.ctx, timedelta(hours=1), actor=ROOT, reason="a move")
    come_true(three, page, 10)
    expect(page.locator(".warning.loud")).to_contain_text("DEADLINES ARE HELD: a move (by root)")


def test_nothing_inline_ran_and_nothing_was_refused_by_the_policy(three: Site) -> None:
    page = three.context().new_page()
    wrong: list[str] = []
    page.on("console", lambda told: wrong.append(told.text) if told.type in ("error", "warning") else None)
    page.on("pageerror", lambda exc: wrong.append(str(exc)))
    for path in ("/", "/create", "/instances/web-1", "/agenda", "/cost", "/people"):
        page.goto(path)
        page.locator("h1").first.wait_for(state="attached")
    page.goto("/")
    row(page, "web-1").get_by_role("button", name="Extend web-1").click()
    page.get_by_role("dialog").get_by_text("+4h").wait_for()
    assert wrong == []
