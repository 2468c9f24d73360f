"""What every page has in common: who looks, how they want to see it, what is wrong with the fleet, and the frame around it."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta, tzinfo
from functools import cache
from pathlib import Path
from typing import Annotated, Any
from urllib.parse import urlencode

from fastapi import Depends
from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup, escape
from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response

from im import __version__
from im.domain.access import Role
from im.domain.config.web import WebSettings
from im.domain.errors import ImError
from im.domain.explain.listing import Listing
from im.domain.instance import Instance
from im.domain.money.amount import show, show_rate
from im.services import queries
from im.views.words.freshness import freshness
from im.views.words.money import UNKNOWN
from im.views.words.times import ahead, local, span
from im.web.api.asker import Asker, Asking
from im.web.page.look import Look
from im.web.page.static_files import url_of

CONTENT_SECURITY_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self';"
    " form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)
PLACES = (
    ("/", "Instances"),
    ("/agenda", "Agenda"),
    ("/cost", "Cost"),
    ("/fleet", "Fleet"),
    ("/people", "People"),
)


@dataclass(frozen=True, slots=True)
class Visit:
    """One look at one page, by somebody who is signed in."""

    request: Request
    asker: Asker
    look: Look
    state: Listing
    """What is wrong with the fleet; without rows."""

    @property
    def now(self) -> datetime:
        return self.state.now

    @property
    def partly(self) -> bool:
        """A part is asked for, for the dialog of a page that is there already."""
        return self.request.headers.get("hx-target", "").partition("#")[2] == "dialog-content"

    @property
    def here(self) -> str:
        """This page's own address, whose query is its state."""
        query = self.request.url.query
        return self.request.url.path + (f"?{query}" if query else "")

    def warnings(self, seen: Sequence[Instance] = ()) -> Sequence[str]:
        """What is wrong with the fleet, and with what is known of the rows that are shown."""
        return freshness(replace(self.state, rows=tuple(seen)))

    def show(
        self,
        template: str,
        *,
        status: int = 200,
        now: datetime | None = None,
        seen: Sequence[Instance] = (),
        **told: Any,
    ) -> HTMLResponse:
        """The page, or its content alone where a dialog asks for it.

        `now`: the moment of which it tells; `seen`: the rows that it shows, whose clouds may be badly seen.
        """
        ctx = self.asker.ctx
        frame = {
            "visit": self,
            "me": self.asker.actor.name,
            "admin": Role.ADMIN in self.asker.actor.roles,
            "sandbox": ctx.settings.sandbox,
            "flower": _without_password(ctx.settings.flower_url),
            "docs": _without_password(ctx.settings.own(WebSettings).docs_url),
            "warnings": self.warnings(seen),
            "now": now or self.now,
            "layout": "part.html" if self.partly else "shell.html",
        }
        return answer(render(template, self.look, {**frame, **told}), status)

    def go(self, where: str) -> Response:
        """There next: a dialog is told to leave its page, whoever sent a form is sent on."""
        if self.partly:
            return Response(headers={"HX-Redirect": where})
        return RedirectResponse(where, status_code=303)


def visit_of(request: Request, asker: Asking) -> Visit:
    return Visit(request, asker, Look.of(request.cookies), queries.state(asker.ctx))


Visiting = Annotated[Visit, Depends(visit_of)]


def show_error(request: Request, error: ImError, status: int) -> HTMLResponse:
    """What went wrong and what to do, in the frame of a page, or in the dialog that asked."""
    partly = request.headers.get("hx-target", "").partition("#")[2] == "dialog-content"
    told = {"error": error, "layout": "part.html" if partly else "plain.html", "status": status}
    return answer(render("error.html", Look.of(request.cookies), told), status)


def show_alone(request: Request, template: str, told: Mapping[str, Any], status: int = 200) -> HTMLResponse:
    """A page for who is not signed in: without the frame, which is somebody's."""
    return answer(render(template, Look.of(request.cookies), told), status)


def render(template: str, look: Look, told: Mapping[str, Any]) -> str:
    return environment().get_template(template).render(look=look, **told)


def answer(text: str, status: int = 200) -> HTMLResponse:
    headers = {"content-security-policy": CONTENT_SECURITY_POLICY, "vary": "HX-Request, HX-Target, Cookie"}
    return HTMLResponse(text, status_code=status, headers=headers)


def link(path: str, **query: Any) -> str:
    """An address of ours; what is empty is left out."""
    told = [(name, value) for name, value in query.items() if value not in (None, "", False, ())]
    return f"{path}?{urlencode(told, doseq=True)}" if told else path


_MOMENT = re.compile(r"\b(?:(\d{4}-\d\d-\d\d) )?(\d\d:\d\d:\d\d) UTC\b")


def in_zone(text: str, now: datetime, zone: tzinfo, near: datetime | None = None) -> Markup:
    """A sentence of ours with its moments in the reader's zone, and UTC where one points at them.

    A time without its date is the one that is nearest to `near`, or to now.
    """

    def there(found: re.Match[str]) -> str:
        about = (near or now).astimezone(UTC)
        day = found[1] or f"{about:%Y-%m-%d}"
        at = datetime.strptime(f"{day} {found[2]}", "%Y-%m-%d %H:%M:%S").replace(tzinfo=UTC)
        if not found[1]:
            at += timedelta(days=round((about - at) / timedelta(days=1)))
        return (
            f'<time datetime="{at:%Y-%m-%dT%H:%M:%SZ}" title="{at:%Y-%m-%d %H:%M:%S} UTC">{local(at, now, zone)}</time>'
        )

    return Markup(_MOMENT.sub(there, str(escape(text))))  # noqa: S704  # what is not ours of it is escaped


_COMMAND = re.compile(r"(?<![\w.])(im [a-z](?:[^ ]| (?! ))*)(?:  |$)")


def hint(text: str) -> Markup:
    """What to do next, as every error of ours says it: what is to be typed is told from the words about it."""
    return Markup(_COMMAND.sub(r"<code>\1</code> ", str(escape(text))))  # noqa: S704  # as above


def _without_password(url: str) -> str:
    """Only for a browser to go to: Flower asks for its password itself, and what is no web address is no link."""
    scheme, there, rest = url.partition("://")
    return f"{scheme}://{rest.rpartition('@')[2]}" if there and scheme in ("http", "https") else ""


@cache
def icon(name: str) -> Markup:
    """One of lucide's; a word stands beside it, or in the label of what holds it."""
    return Markup('<svg class="icon" aria-hidden="true"><use href="{}#{}"></use></svg>').format(
        url_of("icons.svg"), name
    )


def moment(at: datetime, now: datetime, zone: tzinfo) -> Markup:
    """As its reader's clock has it, and UTC where one points at it."""
    there = at.astimezone(UTC).isoformat(" ", "seconds")[:19]
    told = f'<time datetime="{there[:10]}T{there[11:]}Z" title="{there} UTC">{local(at, now, zone)}</time>'
    return Markup(told)  # noqa: S704  # digits and days: nobody else's words


@cache
def part(template: str) -> Any:
    """A template's macros, by their names; they know of nothing but what they are given."""
    return environment().get_template(template).module


@cache
def environment() -> Environment:
    made = Environment(
        loader=FileSystemLoader(Path(__file__).parent / "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        auto_reload=False,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    made.globals |= {
        "link": link,
        "static": url_of,
        "icon": icon,
        "moment": moment,
        "places": PLACES,
        "version": __version__,
        "local": local,
        "ahead": ahead,
        "span": span,
        "triples": lambda pairs: [(label, count, count) for label, count in pairs],
        "money_bars": lambda days: [(f"{day:%d %b}", float(usd), show(usd)) for day, usd in days],
    }
    made.filters |= {
        "usd": lambda amount: UNKNOWN if amount is None else show(amount),
        "rate": lambda amount: UNKNOWN if amount is None else show_rate(amount),
        "capitalize_first": lambda text: text[:1].upper() + text[1:],
        "here": in_zone,
        "hint": hint,
        "utc": lambda at: f"{at.astimezone(UTC).isoformat(' ', 'seconds')[:19]} UTC",
        "iso": lambda at: at.astimezone(UTC).isoformat(timespec="seconds").replace("+00:00", "Z"),
        "ms": lambda at: int(at.timestamp() * 1000),
    }
    return made
