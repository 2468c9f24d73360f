"""Asking for machines on the page: what it would cost and what is left of the budget stands there before the click."""

from __future__ import annotations

import secrets
import shlex
from typing import Annotated, Any

from fastapi import APIRouter
from fastapi import Form as FormBody
from pydantic import Field, ValidationError
from starlette.responses import RedirectResponse, Response

from im.domain.errors import ImError, Refused
from im.domain.input.duration import parse_duration
from im.domain.money.amount import show, show_rate
from im.domain.tags import parse_tags
from im.providers import registry
from im.services import queries
from im.services.money.quotes import quote_of
from im.services.requests import create
from im.services.requests import order as orders
from im.views.words.money import quote_sentence, what_goes_on
from im.views.words.times import ahead, local
from im.web.api.asker import Asker
from im.web.api.forms import CreateForm, Form
from im.web.api.idempotency import once
from im.web.api.instances import order_of
from im.web.api.problem import status_of
from im.web.api.seen import Answered, as_they_are, changes
from im.web.page.site import Visit, Visiting, link
from im.web.page.stored import items, uses

router = APIRouter(include_in_schema=False)
DURATIONS = ("30m", "1h", "4h", "1d", "1w")
Line = Annotated[str, Field(max_length=300)]


class Typed(Form):
    """The form as it was typed: every field a text, so that what is wrong with one is said beside it."""

    name: Line = ""
    provider: Line = ""
    account: Line = ""
    instance_type: Line = ""
    duration: Line = "1h"
    until: Line = ""
    count: Line = "1"
    public_key: Annotated[str, Field(max_length=16_000)] = ""
    availability_zone: Line = ""
    image: Line = ""
    ssh_from: Line = ""
    open: Line = ""
    owner: Line = ""
    tags: Line = ""
    disk: Line = ""
    on_expiry: Line = ""
    keep_stopped: Line = ""
    spot: bool = False
    max_price: Line = ""
    protect: bool = False
    guard: Line = ""
    key: Annotated[str, Field(pattern="^([0-9a-f]{32})?$")] = ""
    look: bool = False
    """The price is asked for, without a script: nothing is stored."""


@router.get("/create")
def show_create(visit: Visiting) -> Response:
    return _show(visit, Typed(public_key=_last_key(visit), key=secrets.token_hex(16)))


@router.post("/create/quote")
def show_quote(visit: Visiting, typed: Annotated[Typed, FormBody()]) -> Response:
    """What the form as it stands would come to; nothing is stored."""
    told, wrong = _quoted(visit, typed)
    return visit.show("quote.html", layout="part.html", quote=told, wrong=wrong, cli=_command(typed))


@router.post("/create")
def create_instances(visit: Visiting, typed: Annotated[Typed, FormBody()]) -> Response:
    """Stored when the answer leaves; the cloud is later."""
    if typed.look:
        return _show(visit, typed)
    try:
        order = order_of(visit.asker, _read(visit, typed))

        def ask(asking: Asker) -> Answered:
            return 202, changes(asking, create.create(asking.ctx, order))

        asked = typed.model_dump(mode="json", exclude={"key", "look"})
        made = items(once(visit.asker, typed.key or None, ["page create", asked], ask, as_they_are))
    except _Wrong as exc:
        return _show(visit, typed, status=422, wrong=exc.told)
    except ImError as exc:
        return _show(visit, typed, status=status_of(exc), wrong={"": exc})
    names = [one["name"] for one in made]
    where = f"/instances/{names[0]}" if len(names) == 1 else link("/", view="mine")
    return RedirectResponse(where, status_code=303)


class _Wrong(Exception):
    """Fields that cannot be as they are: name of the field → what is wrong with it."""

    def __init__(self, told: dict[str, ImError]) -> None:
        super().__init__(", ".join(told))
        self.told = told


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
        home=visit.asker.ctx.settings.provider,
        accounts=visit.asker.ctx.settings.account_names,
        durations=DURATIONS,
        owners=sorted({actor.name, *actor.teams}),
        cli=_command(typed),
    )


def _quoted(visit: Visit, typed: Typed) -> tuple[dict[str, Any] | None, ImError | None]:
    """What it would come to, or why nobody can tell yet."""
    try:
        ready = typed if typed.public_key.strip() else typed.model_copy(update={"public_key": _SOME_KEY})
        order = order_of(visit.asker, _read(visit, ready))
        plan = orders.plan(visit.asker.ctx.settings, order)
        now = visit.now
        until = order.deadline.after(now)
        priced = quote_of(visit.asker.ctx, plan, until - now, now)
    except _Wrong as exc:
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
        "exceeds": any(priced.to_deadline and use.left < priced.to_deadline for use in counted),
    }, None


_SOME_KEY = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIHUvTP2ZzNfVJzGwDgnBpGmGH1GSUSbY0yV9r9eoyv6z"
"""In place of one that is not typed yet: a price does not depend on it."""


def _read(visit: Visit, typed: Typed) -> CreateForm:
    """Raises _Wrong."""
    wrong: dict[str, ImError] = {}
    told: dict[str, Any] = {}
    for name in _TEXTS:
        if text := str(getattr(typed, name)).strip():
            told[name] = text
    if not typed.public_key.strip():
        wrong["public_key"] = Refused("paste your public key", "it is the line in ~/.ssh/id_ed25519.pub")
    told["public_key"] = typed.public_key
    try:
        told |= _deadline(visit, typed)
    except Refused as exc:
        wrong["until" if typed.until else "duration"] = exc
    try:
        told["count"] = int(typed.count or "1")
    except ValueError:
        wrong["count"] = Refused("that is no number", "1 to 1000")
    try:
        told["tags"] = parse_tags(tuple(shlex.split(typed.tags)))
    except (Refused, ValueError) as exc:
        wrong["tags"] = (
            exc if isinstance(exc, Refused) else Refused("a quotation mark is not closed", "team=ml, blanks between")
        )
    told |= {"ssh_from": typed.ssh_from.replace(",", " ").split(), "open": typed.open.replace(",", " ").split()}
    told |= {"spot": typed.spot, "protect": typed.protect}
    try:
        made = None if wrong else CreateForm(**told)
    except ValidationError as exc:
        for one in exc.errors():
            field = str(one["loc"][0]) if one["loc"] else ""
            wrong.setdefault(field, Refused(_plainly(field, str(one["msg"])), ""))
        made = None
    if made is None:
        raise _Wrong(wrong)
    return made


_TEXTS = (
    *("name", "provider", "account", "instance_type", "availability_zone", "image"),
    *("owner", "disk", "keep_stopped", "on_expiry", "max_price", "guard"),
)
"""Fields that are handed on as they are."""
_FLAGS = {
    "name": "--name",
    "provider": "--provider",
    "account": "--account",
    "instance_type": "--instance-type",
    "availability_zone": "--availability-zone",
    "image": "--image",
    "owner": "--owner",
    "disk": "--disk",
    "on_expiry": "--on-expiry",
    "keep_stopped": "--keep-stopped",
    "max_price": "--max-price",
    "guard": "--guard",
}
_PLAINLY = {
    "name": "begins with a letter, then lower-case letters, digits and -",
    "count": "1 to 1000",
    "on_expiry": "stop, terminate or shelve",
    "guard": "native or none",
}


def _plainly(field: str, otherwise: str) -> str:
    return _PLAINLY.get(field, otherwise)


def _deadline(visit: Visit, typed: Typed) -> dict[str, Any]:
    if typed.until.strip():
        return {"until": visit.look.moment(typed.until)}
    if not typed.duration.strip():
        raise Refused("for how long?", "as 1h, 4h or 1d12h")
    parse_duration(typed.duration.strip())
    return {"duration": typed.duration.strip()}


def _last_key(visit: Visit) -> str:
    """The one that the reader used last: it is no secret, and few people change it."""
    return queries.last_public_key(visit.asker.ctx, visit.asker.actor.name) or ""


def _command(typed: Typed) -> str:
    """The same on the command line, whole."""
    words = ["im", "create", "--public-key", "~/.ssh/id_ed25519.pub"]
    for field, flag in _FLAGS.items():
        if text := getattr(typed, field).strip():
            words += [flag, shlex.quote(text)]
    words += ["--until", shlex.quote(typed.until)] if typed.until else ["-d", shlex.quote(typed.duration)]
    words += ["--count", shlex.quote(typed.count)] if typed.count.strip() not in ("", "1") else []
    words += [word for one in typed.tags.split() for word in ("--tag", shlex.quote(one))]
    # the command line lets in the machine that it is typed on, where nothing is said; the page lets in nobody
    words += [word for one in typed.ssh_from.split() or ["none"] for word in ("--ssh-from", shlex.quote(one))]
    words += [word for one in typed.open.split() for word in ("--open", shlex.quote(one))]
    return " ".join([*words, *(flag for flag, on in (("--spot", typed.spot), ("--protect", typed.protect)) if on)])
