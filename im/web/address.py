"""Where the page is, as people reach it."""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import quote

from im.address import host_and_port
from im.domain.config.web import WebSettings
from im.stack.probes import http_answers

if TYPE_CHECKING:
    from im.settings import Settings


def page_url(settings: Settings) -> str:
    """Without a slash at its end."""
    own = settings.own(WebSettings)
    return own.web_url or f"http://{host_and_port(own.web_host, own.web_port)}"


def page_answers(settings: Settings) -> bool:
    """Is it there, as far as this machine can tell without going elsewhere?"""
    own = settings.own(WebSettings)
    return http_answers(f"http://{host_and_port(own.web_host, own.web_port)}/healthz")


def link_to(settings: Settings, secret: str) -> str:
    """What a browser opens to use a one-use link."""
    return f"{page_url(settings)}/enter?link={quote(secret)}"
