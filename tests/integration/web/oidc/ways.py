"""im web with an identity provider, and a browser that goes there and back."""

from __future__ import annotations

from dataclasses import replace

from im.domain.access import Role
from im.domain.config.oidc import OidcSettings
from im.domain.config.web import WebSettings
from im.stack.layout import free_port
from tests.integration.web.browser import Browser
from tests.integration.web.conftest import Api, Said
from tests.integration.web.oidc.provider import Provider
from tests.world import World

SECRET = "a-secret-that-is-long-enough-for-hmac-0123456789"


def forget(provider: Provider) -> None:
    """It is as it should be again."""
    for kept in (provider.claims, provider.header, provider.document, provider.without, provider.down, provider.asked):
        kept.clear()
    provider.key = None


def serving(world: World, provider: Provider, **settings: object) -> Api:
    port = free_port()
    own = OidcSettings(
        **{
            "oidc_issuer": provider.url,
            "oidc_client_id": "im",
            "oidc_client_secret": SECRET,
            "oidc_new_users": "member",
            **settings,
        }
    )
    world.ctx = replace(world.ctx, settings=replace(world.ctx.settings, parts=(WebSettings(web_port=port), own)))
    made = Api(world, port)
    made.user("root", Role.ADMIN)
    return made


def out(browser: Browser, goes_to: str = "/") -> str:
    said = browser.get(f"/sign-in/oidc?next={goes_to}")
    assert said.status == 303, said.text
    return said.headers["Location"]


def through(browser: Browser, provider: Provider, subject: str = "sub-ada", goes_to: str = "/") -> Said:
    """All the way: out, in there, and back."""
    return browser.get(provider.lets_in(out(browser, goes_to), subject), Sec_Fetch_Site="cross-site")


def nobody_is_in(browser: Browser, said: Said) -> bool:
    return said.status in (401, 403, 503) and browser.me().status == 401
