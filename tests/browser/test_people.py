"""People managed on the page in a real browser: with a mouse, by keyboard alone, on a phone, without a script."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Error, Page, expect

from im.domain.people.session import How
from im.services.people import sessions
from tests.browser.conftest import Site
from tests.browser.test_reaches_everybody import SMALL, found

SECRET = re.compile(r"im_(?:pat|svc)_[0-9A-Za-z]{49}")


def signed_in(site: Site, login: str = "ada", **more: object) -> Page:
    """As after an identity provider: by no token, so that tokens can be made."""
    context = site.context("", **more)
    with site.world.ctx.begin() as connection:
        made = sessions.begin(connection, sessions.user_actor(connection, login, ""), How.OIDC, site.world.now)
    zone = {"name": "im_zone", "value": "Europe/Berlin", "url": site.url}
    cookie = {"name": f"im-{site.api.port}", "value": made.secret, "url": site.url}
    context.add_cookies([zone, cookie])  # type: ignore[list-item]
    return context.new_page()


def line(page: Page, name: str):  # type: ignore[no-untyped-def]  # a locator, of a class that is not for typing
    return page.get_by_role("row").filter(has=page.get_by_role("rowheader", name=name))


def test_an_admin_adds_changes_disables_and_limits_somebody(site: Site) -> None:
    page = signed_in(site)
    page.goto("/people")
    page.get_by_role("button", name="Add a person, a service or a team").click()
    dialog = page.get_by_role("dialog")
    expect(dialog.get_by_label("Login")).to_be_focused()
    dialog.get_by_label("Login").fill("ml")
    dialog.get_by_label("A team").check()
    dialog.get_by_role("button", name="Add", exact=True).click()
    expect(page.locator("#said")).to_have_text("Added ml: team.")
    expect(line(page, "ml")).to_contain_text("team")

    page.get_by_role("button", name="Add a person, a service or a team").click()
    dialog.get_by_label("Login").fill("Bob")
    dialog.get_by_role("button", name="Add", exact=True).click()
    expect(dialog.get_by_role("alert")).to_contain_text("'Bob' cannot be a login")
    dialog.get_by_label("Login").fill("bob")
    dialog.get_by_role("combobox", name="Team").select_option("ml")
    dialog.get_by_role("button", name="Add", exact=True).click()
    expect(line(page, "bob")).to_contain_text("member")

    page.get_by_role("button", name="Change bob").click()
    dialog.get_by_label("Role").select_option("viewer")
    dialog.get_by_role("button", name="Change bob").click()
    expect(line(page, "bob")).to_contain_text("viewer")
    expect(page.get_by_role("button", name="Change bob")).to_be_focused()
    page.get_by_role("button", name="Change ada").click()
    dialog.get_by_text("Disable or remove").click()
    dialog.get_by_role("button", name="Disable ada").click()
    expect(dialog.get_by_role("alert")).to_contain_text("ada is the only admin there is")
    page.keyboard.press("Escape")

    page.get_by_role("link", name="Quotas").click()
    page.get_by_label("One user").select_option("bob")
    page.get_by_role("button", name="Set a quota for a user").click()
    dialog.get_by_label("Machines at a time").fill("many")
    dialog.get_by_role("button", name="Set", exact=True).click()
    expect(dialog.get_by_role("alert")).to_contain_text("'many' is no number of machines")
    dialog.get_by_label("Machines at a time").fill("2")
    dialog.get_by_role("button", name="Set", exact=True).click()
    expect(line(page, "user bob")).to_contain_text("2 live")
    page.get_by_role("button", name="Change the quota of user bob").click()
    dialog.get_by_role("button", name="Remove it").click()
    expect(page.get_by_role("heading", name="No quota")).to_be_visible()


def test_a_stale_form_says_who_it_was_about(site: Site) -> None:
    site.api.user("bob")
    page = signed_in(site)
    page.goto("/people")
    page.get_by_role("button", name="Change bob").click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_label("Role").select_option("admin")
    site.api.ask("PATCH", "/api/v1/users/bob", {"role": "viewer"})
    dialog.get_by_role("button", name="Change bob").click()
    expect(dialog.get_by_role("alert")).to_contain_text("bob was changed meanwhile, and nothing was stored")


def test_a_token_is_made_by_keyboard_copied_and_never_seen_again(site: Site) -> None:
    page = signed_in(site, permissions=["clipboard-read", "clipboard-write"])
    page.goto("/people/tokens")
    page.get_by_role("button", name="Make a token").focus()
    page.keyboard.press("Enter")
    dialog = page.get_by_role("dialog")
    expect(dialog.get_by_label("What it is for")).to_be_focused()
    page.keyboard.type("laptop")
    page.keyboard.press("Enter")
    expect(dialog.get_by_role("button", name="Copy")).to_be_focused()
    secret = str(dialog.locator("#secret").text_content())
    assert SECRET.fullmatch(secret)
    page.keyboard.press("Enter")
    expect(page.locator("#said")).to_have_text("Copied: the token")
    assert page.evaluate("navigator.clipboard.readText()") == secret
    page.keyboard.press("Escape")
    expect(dialog).to_be_hidden()
    expect(line(page, "laptop")).to_contain_text("read, write")
    assert secret not in page.content()
    assert secret not in page.url
    assert secret not in page.evaluate("JSON.stringify([{...localStorage}, {...sessionStorage}, history.state])")
    page.goto("/people")
    page.go_back()
    expect(line(page, "laptop")).to_be_visible()
    assert secret not in page.content()
    assert site.api.ask("GET", "/api/v1/me", by=secret).body["login"] == "ada"

    page.get_by_role("button", name=re.compile("^Renew laptop")).click()
    dialog.get_by_role("button", name="Renew laptop").click()
    expect(dialog).to_contain_text("works for 1h more")
    dialog.get_by_role("link", name="I have it").click()
    expect(page.get_by_role("rowheader", name="laptop")).to_have_count(2)
    page.get_by_role("button", name=re.compile("^Revoke laptop")).first.click()
    dialog.get_by_role("button", name="Revoke laptop").click()
    expect(page.get_by_role("rowheader", name="laptop")).to_have_count(1)


def test_a_secret_does_not_come_back_in_the_history_of_a_browser_without_dialogs(site: Site) -> None:
    page = signed_in(site, java_script_enabled=False)
    page.goto("/people/tokens/make")
    page.get_by_label("What it is for").fill("plain")
    page.get_by_role("button", name="Make it").click()
    secret = SECRET.search(page.content())
    assert secret is not None
    page.get_by_role("link", name="I have it").click()
    expect(page.get_by_role("rowheader", name="plain")).to_be_visible()
    with pytest.raises(
        Error, match="ERR_CACHE_MISS"
    ):  # the browser has not kept it, and asks before it would send the form again
        page.go_back()
    expect(page.locator("body")).not_to_contain_text(secret[0])  # which waits for the page that says so
    assert [one["name"] for one in site.api.ask("GET", "/api/v1/tokens").body["items"]].count("plain") == 1


def test_on_a_phone_a_session_is_ended_and_a_machine_given_away(site: Site) -> None:
    site.api.user("bob")
    site.api.create("pocket")
    site.world.advance(20)
    signed_in(site, "bob").goto("/")
    page = signed_in(site, viewport={"width": 360, "height": 740}, has_touch=True, is_mobile=True)
    for path in ("/people", "/people/quotas", "/people/tokens", "/people/sessions"):
        page.goto(path)
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), path
    page.get_by_role("button", name=re.compile("^End ses-.* of bob")).tap()
    dialog = page.get_by_role("dialog")
    dialog.get_by_role("button", name="Sign bob out").tap()
    expect(page.locator("#said")).to_contain_text("Signed bob out of ses-")
    expect(page.get_by_text("Nobody else is signed in")).to_be_visible()

    page.goto("/instances/pocket")
    page.get_by_label("More for pocket").tap()
    page.get_by_role("button", name="Give away pocket").tap()
    dialog.get_by_label("To").select_option("bob")
    dialog.get_by_role("button", name="Give pocket away").tap()
    expect(page.get_by_label("Facts")).to_contain_text("bob")
    assert site.world.row("pocket").owner == "bob"


@pytest.mark.parametrize("way", ["dialog", "page"])
def test_whoever_leaves_a_form_is_where_they_were(site: Site, way: str) -> None:
    page = signed_in(site, java_script_enabled=way == "dialog")
    page.goto("/people")
    page.get_by_role("button", name="Change ada").click()
    page.get_by_role("link", name="Leave it").click()
    expect(page.get_by_role("heading", name="People")).to_be_visible()
    assert page.url.endswith("/people")


@pytest.mark.parametrize("scheme", ["light", pytest.param("dark", marks=pytest.mark.long)])
def test_axe_finds_nothing_in_the_dialogs_and_a_thumb_misses_nothing(site: Site, scheme: str) -> None:
    site.api.user("bob")
    site.api.ask("PUT", "/api/v1/quotas/user/bob", {"live": 1})
    page = signed_in(site, color_scheme=scheme, viewport={"width": 360, "height": 740}, bypass_csp=True)
    dialog = page.get_by_role("dialog")
    wrong: dict[str, object] = {}
    for path, button in (
        ("/people", "Add a person, a service or a team"),
        ("/people", "Change bob"),
        ("/people/quotas", "Change the quota of user bob"),
        ("/people/tokens", "Make a token"),
        ("/people/tokens", "Revoke test of bob"),
        ("/people/tokens", "Renew test of bob"),
        ("/people/sessions", "End ses-"),
    ):
        page.goto(path)
        wrong[path] = page.evaluate(SMALL)
        page.get_by_role("button", name=re.compile(f"^{button}")).first.click()
        dialog.get_by_role("heading", level=2).wait_for()
        for folded in dialog.locator("summary").all():
            folded.click()
        wrong[button] = found(page)
        for danger in dialog.locator(".button.danger").all():
            danger.hover()
            page.mouse.down()  # pointed at, pressed and focused
            wrong[f"{button}, pressed"] = found(page, "dialog .danger")
            page.mouse.move(0, 0)
            page.mouse.up()
    page.goto("/people/tokens")
    page.get_by_role("button", name="Make a token").click()
    dialog.get_by_role("button", name="Make it").click()
    expect(dialog.get_by_label("What it is for")).to_be_focused()  # the browser itself wants a name
    dialog.get_by_label("What it is for").fill("ci")
    dialog.get_by_role("button", name="Make it").click()
    dialog.locator("#secret").wait_for()
    wrong["a token that is shown once"] = found(page)
    assert {where: what for where, what in wrong.items() if what} == {}
