"""Asking for machines on the page: what it would cost and what is left of the budget stands there before the click."""

from __future__ import annotations

import secrets
from typing import Annotated, Any

from fastapi import APIRouter
from fastapi import Form as FormBody
from starlette.responses import RedirectResponse, Response

from im.domain.errors import ImError
from im.domain.money.amount import show, show_rate
from im.providers import registry
from im.services import queries
from im.services.money.quotes import quote_of
from im.services.requests import create
from im.services.requests import order as orders
from im.services.requests.anywhere import ANY_CLOUD
from im.views.words.money import offered, quote_sentence, what_goes_on
from im.views.words.times import ahead, local
from im.web.api.asker import Asker
from im.web.api.idempotency import once
from im.web.api.instances import order_of
from im.web.api.problem import status_of
from im.web.api.seen import Answered, as_they_are, changes
from im.web.page.site import Visit, Visiting, link
from im.web.page.stored import items, uses
from im.web.page.wish import Typed, Wrong, command, read

router = APIRouter(include_in_schema=False)
DURATIONS = ("30m", "1h", "4h", "1d", "1w")


@router.get("/create")
def show_create(visit: Visiting) -> Response:
    return _show(visit, Typed(public_key=_last_key(visit), key=secrets.token_hex(16)))


@router.post("/create/quote")
def show_quote(visit: Visiting, typed: Annotated[Typed, FormBody()]) -> Response:
    """What the form as it stands would come to; nothing is stored."""
    told, wrong = _quoted(visit, typed)
    return visit.show(
        "quote.html", layout="part.html", quote=told, wrong=wrong, cli=command(typed, visit.asker.ctx.settings)
    )


@router.post("/create")
def create_instances(visit: Visiting, typed: Annotated[Typed, FormBody()]) -> Response:
    """Stored when the answer leaves; the cloud is later."""
    if typed.look:
        return _show(visit, typed)
    try:
        order = order_of(visit.asker, read(visit.look, typed))

        def ask(asking: Asker) -> Answered:
            return 202, changes(asking, create.create(asking.ctx, order))

        asked = typed.model_dump(mode="json", exclude={"key", "look"})
        made = items(once(visit.asker, typed.key or None, ["page create", asked], ask, as_they_are))
    except Wrong as exc:
        return _show(visit, typed, status=422, wrong=exc.told)
    except ImError as exc:
        return _show(visit, typed, status=status_of(exc), wrong={"": exc})
    names = [one["name"] for one in made]
    where = f"/instances/{names[0]}" if len(names) == 1 else link("/", view="mine")
    return RedirectResponse(where, status_code=303)


def _show(visit: Visit, typed: Typed, *, status: int = 200, wrong: dict[str, ImError] | None = None) -> Response:
    told, not_now = _quoted(visit, typed)
    actor = visit.asker.actor
    return visit.show(
        "create.html",
        status=status,
        typed=typed if typed.key else typed.model_copy(update={"key": secrets.token_hex(16)}),
        wrong=wrong or {},
        quote=told,
        quote_wrong=not_now if not (wrong or {}) else None,
        clouds=registry.names(),
        any_cloud=ANY_CLOUD,
        flags=registry.flags(),
        home=visit.asker.ctx.settings.provider,
        accounts=visit.asker.ctx.settings.account_names,
        durations=DURATIONS,
        owners=sorted({actor.name, *actor.teams}),
        cli=command(typed, visit.asker.ctx.settings),
    )


_SOME_KEY = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIHUvTP2ZzNfVJzGwDgnBpGmGH1GSUSbY0yV9r9eoyv6z"
"""In place of one that is not typed yet: a price does not depend on it."""


def _quoted(visit: Visit, typed: Typed) -> tuple[dict[str, Any] | None, ImError | None]:
    """What it would come to, or why nobody can tell yet."""
    try:
        ready = typed if typed.public_key.strip() else typed.model_copy(update={"public_key": _SOME_KEY})
        order = order_of(visit.asker, read(visit.look, ready))
        plan = orders.plan(visit.asker.ctx.settings, order)
        now = visit.now
        until = order.deadline.after(now)
        priced = quote_of(visit.asker.ctx, plan, until - now, now)
    except Wrong as exc:
        return None, next(iter(exc.told.values()))
    except ImError as exc:
        return None, exc
    counted = uses(visit, [order.ask.owner])
    left = [
        f"{show(use.left)} of {use.budget.whose} is left this month"
        + (f", {show(use.left - priced.to_deadline)} after this" if priced.to_deadline is not None else "")
        for use in counted
    ]
    return {
        "plan": plan,
        "rate": None if priced.per_hour is None else show_rate(priced.per_hour),
        "to_deadline": priced.to_deadline,
        "sentence": quote_sentence(priced),
        "ends": f"{plan.on_expiry.value}s {local(until, now, visit.look.zone)} ({ahead(until, now)})",
        "goes_on": what_goes_on(priced) if priced.endless else "",
        "left": left,
        "best": [offered(one) for one in order.best],
        "exceeds": any(priced.to_deadline and use.left < priced.to_deadline for use in counted),
    }, None


def _last_key(visit: Visit) -> str:
    """The one that the reader used last: it is no secret, and few people change it."""
    return queries.last_public_key(visit.asker.ctx, visit.asker.actor.name) or ""
