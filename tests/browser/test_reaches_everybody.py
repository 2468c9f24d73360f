"""No page has anything that axe finds wrong: light and dark, wide and on a phone, with dialogs and menus open."""

from __future__ import annotations

import pytest
from axe_playwright_python.base import AXE_SCRIPT
from playwright.sync_api import Page

from tests.browser.conftest import Site

PAGES = (
    "/",
    "/create",
    "/instances/web-0",
    "/agenda",
    "/cost",
    "/fleet",
    "/orphans",
    "/prices",
    "/people",
    "/people/add",
    "/people/users/ada",
    "/people/quotas",
    "/people/quotas/set?of=user&name=ada",
    "/people/tokens",
    "/people/tokens/make",
    "/people/sessions",
    "/people/webhooks",
    "/people/webhooks/make",
    "/people/webhooks/{webhook}",
    "/people/webhooks/{webhook}/edit",
    "/people/webhooks/{webhook}/rotate",
    "/people/webhooks/{webhook}/remove",
    "/audit",
    "/?q=status%3Dnone",
    "/?q=owner%3Dme&saved=hers",
    "/views",
    "/views/save?q=owner%3Dme",
    "/?q=colour%3Dred",
    "/instances/nobody",
    "/change/stop?id=web-0",
)
SCREENS = {"light": ("light", 1280), "dark": ("dark", 1280), "phone": ("light", 390), "dark phone": ("dark", 320)}


AXE_RUN = """async within =>
  (await axe.run(within ?? document, {resultTypes: ["violations"]})).violations"""
"""What passes is not told in full: that takes longer than finding it."""

SMALL = """() => [...document.querySelectorAll("a, button, summary, input")]
  .filter((one) => one.checkVisibility())
  .map((one) => [one.outerHTML.slice(0, 80), (one.closest("label") ?? one).getBoundingClientRect()])
  .filter(([, box]) => box.width > 1 && (box.width < 24 || box.height < 24))
  .map(([text]) => text)"""
"""What a thumb can miss: less than 24 CSS pixels wide or high."""


def found(page: Page, within: str | None = None) -> list[str]:
    """What axe finds wrong, here or `within` a selector, once nothing moves: a dialog that still rises has half its contrast."""
    page.emulate_media(reduced_motion="reduce")
    if not page.evaluate("'axe' in window"):  # half a megabyte, which stays as long as the document
        page.evaluate(AXE_SCRIPT)
    told = page.evaluate(AXE_RUN, within)
    return [
        f"{one['id']}: {node['html'][:160]} ({node['failureSummary'][:200]})" for one in told for node in one["nodes"]
    ]


@pytest.mark.parametrize(
    "screens",
    [
        ("light", "dark phone"),
        # what only one of the two differs in, both have tried
        pytest.param(("dark", "phone"), marks=pytest.mark.long),
    ],
    ids=" and ".join,
)
def test_axe_finds_nothing(site: Site, screens: tuple[str, ...]) -> None:
    """Each page is opened once, and becomes another screen where it stands."""
    for i in range(3):
        site.api.create(f"web-{i}", duration=f"{i + 1}h")
    site.world.advance(20)
    site.api.ask("POST", "/api/v1/instances/web-2/stop")
    site.world.advance(20)
    site.api.ask("PUT", "/api/v1/views/hers", {"q": "owner=me"})
    url = "https://ci.example.com/im"
    webhook = site.api.ask("POST", "/api/v1/webhooks", {"name": "ci", "url": url}).body["id"]
    site.api.ask("POST", f"/api/v1/webhooks/{webhook}/test")
    page = site.context(bypass_csp=True).new_page()
    wrong: dict[str, list[str]] = {}

    def become(screen: str) -> None:
        scheme, width = SCREENS[screen]
        page.emulate_media(color_scheme=scheme)
        page.set_viewport_size({"width": width, "height": 800})

    for path in PAGES:
        page.goto(path.replace("{webhook}", webhook))
        page.wait_for_load_state("networkidle") if path == "/fleet" else None
        for screen in screens:
            become(screen)
            assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), f"{path} scrolls sideways"
            wrong[f"{path}, {screen}"] = found(page)
    for screen in screens:
        become(screen)
        for what, told in unfolded(page).items():
            wrong[f"{what}, {screen}"] = told
    assert {where: what for where, what in wrong.items() if what} == {}


def unfolded(page: Page) -> dict[str, list[str]]:
    """What is found in the dialogs and menus of the list."""
    wrong: dict[str, list[str]] = {}
    page.goto("/")
    page.get_by_role("button", name="Extend web-0").click()
    page.get_by_role("dialog").get_by_text("+4h").wait_for()
    wrong["the extend dialog"] = found(page)
    page.keyboard.press("Escape")
    page.get_by_label("More for web-0").click()
    wrong["the menu of a row"] = found(page)
    page.get_by_role("button", name="Terminate web-0").click()
    page.get_by_role("dialog").get_by_text("gone for good").wait_for()
    wrong["the terminate dialog"] = found(page)
    page.keyboard.press("Escape")
    page.get_by_role("button", name="Your views").click()
    page.get_by_role("dialog").get_by_role("button", name="Rename hers").wait_for()
    wrong["the dialog of views"] = found(page)
    page.keyboard.press("Escape")
    page.get_by_label("Choose web-1").check()
    wrong["with rows chosen"] = found(page)
    page.keyboard.press("?")
    wrong["the list of keys"] = found(page)
    return wrong


def test_targets_are_large_enough_for_a_thumb(site: Site) -> None:
    site.api.create("web")
    site.world.advance(20)
    page = site.open("/", viewport={"width": 360, "height": 700}, has_touch=True)
    small = page.evaluate(SMALL)
    assert small == []


def test_no_width_scrolls_sideways(site: Site) -> None:
    site.api.create("a-name-that-is-as-long-as-a-name-can-be-which-is-sixty-three-xx", instance_type="c7i.metal-48xl")
    site.world.advance(20)
    page = site.open("/")
    wider: dict[int, int] = {}
    for width in range(320, 1600, 80):
        page.set_viewport_size({"width": width, "height": 700})
        wide = page.evaluate("document.documentElement.scrollWidth")
        wider[width] = wide
    assert {width: wide for width, wide in wider.items() if wide > width} == {}
