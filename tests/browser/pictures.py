"""`pytest tests/browser/pictures.py` draws the pictures of the README anew: docs/page.png and docs/page-dark.png."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path

from im.domain.access import Role
from im.domain.money.bill import Item
from im.services.money import budgets, prices
from tests.browser.conftest import Site
from tests.integration.web.conftest import ROOT

DOCS = Path(__file__).parents[2] / "docs"
PRICES = {
    "t3.large": "0.0832",
    "c7i.2xlarge": "0.357",
    "g5.xlarge": "1.006",
    "t3.micro": "0.0104",
    "r6i.xlarge": "0.252",
}


def a_busy_afternoon(site: Site) -> None:
    world, api = site.world, site.api
    for name, usd in PRICES.items():
        prices.state(world.ctx, Item("fake", "fake-1", name), Decimal(usd), actor=ROOT)
    budgets.write(world.ctx, "", Decimal(400), actor=ROOT)
    api.team("ml")
    api.user("grace", Role.MEMBER, team="ml")
    api.user("linus", Role.MEMBER)
    api.create("checkout-review", instance_type="t3.large", duration="4h", by="linus")
    api.create(
        "train-vision-3", instance_type="g5.xlarge", duration="9h", by="grace", owner="ml", tags={"job": "vision"}
    )
    api.create("load-test", instance_type="c7i.2xlarge", duration="5h", by="ada")
    api.create("notebook", instance_type="r6i.xlarge", duration="3h", by="grace", protect=True)
    api.create("docs-preview", instance_type="t3.micro", duration="2h", by="ada")
    world.advance(2 * 3600 + 1800, tick=1800)
    api.create("migration-dry-run", instance_type="r6i.xlarge", duration="1h", by="ada")
    api.create("bisect-4711", instance_type="t3.large", duration="45m", by="linus")
    world.advance(30)
    api.ask("POST", "/api/v1/instances/load-test/stop", {})
    api.create("train-vision-4", instance_type="g5.xlarge", duration="6h", by="grace", owner="ml")
    api.ask("POST", "/api/v1/instances/bisect-4711/stop", {}, by="linus")


def test_the_pictures_of_the_readme(site: Site) -> None:
    a_busy_afternoon(site)
    for name, scheme in (("page", "light"), ("page-dark", "dark")):
        page = site.open("/", color_scheme=scheme, viewport={"width": 1280, "height": 720}, device_scale_factor=1.5)
        page.locator(".instances").wait_for()
        page.wait_for_timeout(1500)
        if scheme == "dark":
            page.goto("/instances/train-vision-3")
            page.get_by_role("button", name="Extend train-vision-3").click()
            page.get_by_role("dialog").get_by_text("+4h").wait_for()
            page.wait_for_timeout(400)
        page.screenshot(path=DOCS / f"{name}.png")
    for width, name in ((390, "phone"), (820, "tablet")):
        page = site.open("/", viewport={"width": width, "height": 900})
        page.wait_for_timeout(600)
        page.screenshot(path=f"/tmp/shots/p-{name}.png", full_page=True)
    for where in ("agenda", "cost", "create"):
        page = site.open("/" + where, viewport={"width": 1280, "height": 800})
        page.wait_for_timeout(600)
        page.screenshot(path=f"/tmp/shots/p-{where}.png", full_page=True)
