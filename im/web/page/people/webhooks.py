"""Webhooks: one's own and one's team's, for admins everybody's; how each stands, and whatever `im webhook` can do with it."""

from __future__ import annotations

import secrets
from datetime import timedelta
from typing import Annotated, Any, get_args

from fastapi import APIRouter, Path
from fastapi import Form as FormBody
from pydantic import Field
from starlette.responses import Response

from im.domain.access import Actor, Verb
from im.domain.errors import Denied, ImError, Refused
from im.domain.input.duration import format_duration, parse_duration
from im.domain.webhook.message import DeliveryState
from im.domain.webhook.target import read_target
from im.domain.webhook.webhook import OVERLAP, Made, Webhook, read_kinds
from im.services.people import users
from im.services.webhooks import hooks
from im.views.words.webhooks import became, standing, wants
from im.web.api.forms import Form
from im.web.api.people.marks import on_webhook, webhook_mark
from im.web.api.problem import status_of
from im.web.api.webhooks.documents import Kind
from im.web.api.webhooks.routes import WebhookId
from im.web.page.people.forms import SAID, Key, Line, Mark, can, done, sent_once
from im.web.page.site import Visit, Visiting

router = APIRouter(prefix="/people/webhooks", include_in_schema=False)
KINDS = get_args(Kind)
SAYS = {
    "running": "it runs",
    "stopped": "it has stopped",
    "terminated": "it is gone",
    "missing": "its cloud lists it no more",
    "expiring": "it ends soon",
    "failed": "a request was given up",
    "overrun": "it runs past its deadline",
    "budget": "a budget is nearly spent",
}
SHOWN = 50
"""Messages of one webhook."""
SOON = timedelta(minutes=2)
"""So long the page asks again by itself what became of a message that nobody has sent yet."""
LOST = "this form was sent before, and the secret that it made was shown then, once", "nobody has it? make a new secret"
Url = Annotated[str, Field(max_length=4000)]


class MakeForm(Form):
    name: Line = ""
    url: Url = ""
    owner: Line = ""
    everybody: bool = False
    kinds: list[Kind] = Field(default=[], max_length=len(KINDS))
    key: Key


class EditForm(Form):
    seen: Mark
    url: Url = ""
    kinds: list[Kind] = Field(default=[], max_length=len(KINDS))


class RotateForm(Form):
    overlap: Line = ""
    key: Key


class SeenForm(Form):
    seen: Mark


# ---- looking ---------------------------------------------------------------------------------------------------------


@router.get("")
def show_webhooks(visit: Visiting) -> Response:
    actor = visit.asker.actor
    found = hooks.listed(visit.asker.ctx, actor=actor)
    return visit.show(
        "people/webhooks.html",
        lines=[(one, _host(one), wants(one), _tone(one), standing(one, visit.now, visit.look.zone)) for one in found],
        whose=any(one.owner != actor.name for one in found),
        makes=can(actor, Verb.SET_WEBHOOK, actor.name),
    )


@router.get("/make")
def show_make(visit: Visiting) -> Response:
    _check(visit.asker.actor)
    return _show_make(visit, MakeForm(owner=visit.asker.actor.name, kinds=list(KINDS), key=secrets.token_hex(16)))


def _show_make(visit: Visit, typed: MakeForm, *, wrong: ImError | None = None) -> Response:
    actor = visit.asker.actor
    everybodys = can(actor, Verb.SET_WEBHOOK, None)
    others = [user.login for user in users.listed(visit.asker.ctx)] if everybodys else []
    told: dict[str, Any] = {
        "typed": typed,
        "wrong": wrong,
        "owners": sorted({actor.name, *actor.teams, *others}),
        "everybodys": everybodys,
        "kinds": SAYS,
    }
    return visit.show("people/webhook_make.html", status=status_of(wrong) if wrong else 200, **told)


@router.get("/{webhook}")
def show_webhook(visit: Visiting, webhook: WebhookId) -> Response:
    """One, with what it was sent lately and what it answered."""
    ctx, actor = visit.asker.ctx, visit.asker.actor
    one = hooks.one(ctx, webhook, actor=actor)
    sent = hooks.delivered(ctx, one.id, SHOWN, actor=actor)
    return visit.show(
        "people/webhook.html",
        one=one,
        mark=webhook_mark(one),
        wants=wants(one),
        tone=_tone(one),
        standing=standing(one, visit.now, visit.look.zone),
        sent=[(message, became(message), TONES[message.state]) for message in sent],
        shown=SHOWN,
        waits=any(message.state in (DeliveryState.PENDING, DeliveryState.DEAD) for message in sent),
        under_way=any(
            message.state is DeliveryState.PENDING and not message.answered_at and visit.now - message.made_at < SOON
            for message in sent
        ),
        sets=_may_set(actor, one),
    )


TONES = {
    DeliveryState.TAKEN: "good",
    DeliveryState.PENDING: "busy",
    DeliveryState.DEAD: "bad",
    DeliveryState.MOOT: "idle",
}


# ---- making and changing ---------------------------------------------------------------------------------------------


@router.post("/make")
def make_webhook(visit: Visiting, typed: Annotated[MakeForm, FormBody()]) -> Response:
    """What its messages are signed with is in this answer and nowhere else."""
    asker = sent_once(visit.asker, typed.key, *LOST)
    try:
        made = hooks.create(
            asker.ctx,
            typed.name.strip(),
            typed.url.strip(),
            kinds=read_kinds(typed.kinds),
            owner=typed.owner or None,
            everybody=typed.everybody,
            actor=asker.actor,
        )
    except SAID as exc:
        return _show_make(visit, typed, wrong=exc)
    return _show_made(visit, made, f"The secret of {made.webhook.name}")


def _show_made(visit: Visit, made: Made, title: str, overlap: str = "") -> Response:
    return visit.show("people/webhook_made.html", made=made.webhook, secret=made.secret, title=title, overlap=overlap)


@router.get("/{webhook}/edit")
def show_edit(visit: Visiting, webhook: WebhookId) -> Response:
    one = _to_be_set(visit, webhook)
    return _show_edit(visit, one, EditForm(seen=webhook_mark(one), url=one.url, kinds=_ordered(one)))


def _show_edit(visit: Visit, one: Webhook, typed: EditForm, *, wrong: ImError | None = None) -> Response:
    told: dict[str, Any] = {"one": one, "typed": typed, "wrong": wrong, "kinds": SAYS}
    return visit.show("people/webhook_edit.html", status=status_of(wrong) if wrong else 200, **told)


@router.post("/{webhook}/edit")
def edit_webhook(visit: Visiting, webhook: WebhookId, typed: Annotated[EditForm, FormBody()]) -> Response:
    """Where it goes and what it wants; its secret stays."""
    one = hooks.one(visit.asker.ctx, webhook, actor=visit.asker.actor)
    asker = on_webhook(visit.asker, webhook, typed.seen)
    try:
        url, kinds = typed.url.strip(), read_kinds(typed.kinds)
        read_target(url)
        after = hooks.change(asker.ctx, webhook, url=url, kinds=kinds, actor=asker.actor)
    except SAID as exc:
        return _show_edit(visit, one, typed, wrong=exc)
    return done(visit, f"Changed {after.name}", f"Changed {after.name}: it wants {wants(after)}", _at(after))


@router.get("/{webhook}/rotate")
def show_rotate(visit: Visiting, webhook: WebhookId) -> Response:
    one = _to_be_set(visit, webhook)
    return _show_rotate(visit, one, RotateForm(overlap=format_duration(OVERLAP), key=secrets.token_hex(16)))


def _show_rotate(visit: Visit, one: Webhook, typed: RotateForm, *, wrong: ImError | None = None) -> Response:
    told: dict[str, Any] = {"one": one, "typed": typed, "wrong": wrong}
    return visit.show("people/webhook_rotate.html", status=status_of(wrong) if wrong else 200, **told)


@router.post("/{webhook}/rotate")
def rotate_webhook(visit: Visiting, webhook: WebhookId, typed: Annotated[RotateForm, FormBody()]) -> Response:
    """Another secret; the one before signs as well for a while, so that the receiver has the time to change."""
    one = hooks.one(visit.asker.ctx, webhook, actor=visit.asker.actor)
    asker = sent_once(visit.asker, typed.key, *LOST)
    try:
        overlap = parse_duration(typed.overlap.strip()) if typed.overlap.strip() else OVERLAP
        made = hooks.rotate(asker.ctx, webhook, overlap=overlap, actor=asker.actor)
    except SAID as exc:
        return _show_rotate(visit, one, typed, wrong=exc)
    return _show_made(visit, made, f"The new secret of {one.name}", format_duration(overlap))


# ---- trying, switching, removing -------------------------------------------------------------------------------------


@router.get("/{webhook}/remove")
def show_remove(visit: Visiting, webhook: WebhookId) -> Response:
    one = _to_be_set(visit, webhook)
    return visit.show("people/webhook_remove.html", one=one, mark=webhook_mark(one))


@router.post("/{webhook}/remove")
def remove_webhook(visit: Visiting, webhook: WebhookId, form: Annotated[SeenForm, FormBody()]) -> Response:
    asker = on_webhook(visit.asker, webhook, form.seen)
    gone = hooks.remove(asker.ctx, webhook, actor=asker.actor)
    if visit.partly:  # its own page is gone too, on which the dialog may have lain
        return visit.go("/people/webhooks")
    return done(visit, f"Deleted {gone.name}", f"Deleted {gone.name}, with its secret", "/people/webhooks")


@router.post("/{webhook}/{act}")
def act_on_webhook(
    visit: Visiting,
    webhook: WebhookId,
    act: Annotated[str, Path(pattern="^(test|resend|enable|disable)$")],
    form: Annotated[SeenForm, FormBody()],
) -> Response:
    """A try-out, what was not taken once more, on and off: all can be done again, and undone."""
    asker = on_webhook(visit.asker, webhook, form.seen)
    ctx, actor = asker.ctx, asker.actor
    one = hooks.one(visit.asker.ctx, webhook, actor=actor)
    match act:
        case "test":
            hooks.test(ctx, webhook, actor=actor)
            title, said = "On its way", f"A test is on its way to {one.name}; what it answers stands among its messages"
        case "resend":
            count = hooks.resend(ctx, webhook, actor=actor)
            title, said = "On their way", f"{count} {'message is' if count == 1 else 'messages are'} on the way again"
        case _:
            hooks.change(ctx, webhook, on=act == "enable", actor=actor)
            off = f"Disabled {one.name}: nothing is sent to it, and of what happens meanwhile it does not hear"
            title, said = f"{act.capitalize()}d {one.name}", off if act == "disable" else f"Enabled {one.name}"
    return done(visit, title, said, _at(one))


def _check(actor: Actor) -> None:
    """Raises Denied: a form that nobody may send is shown to nobody."""
    if not can(actor, Verb.SET_WEBHOOK, actor.name):
        raise Denied(f"{actor.name} may not {Verb.SET_WEBHOOK}", "ask an admin of this deployment")


def _to_be_set(visit: Visit, webhook: str) -> Webhook:
    """Raises NoSuchWebhook, Denied."""
    one = hooks.one(visit.asker.ctx, webhook, actor=visit.asker.actor)
    if not _may_set(visit.asker.actor, one):
        raise Denied(f"{visit.asker.actor.name} may not change webhook {one.name}", "ask an admin of this deployment")
    return one


def _may_set(actor: Actor, one: Webhook) -> bool:
    """What hears of everybody's is an admin's alone to change, as `im.services.webhooks.hooks` has it."""
    return all(can(actor, Verb.SET_WEBHOOK, owner) for owner in ([one.owner, None] if one.everybody else [one.owner]))


def _ordered(one: Webhook) -> list[Kind]:
    return [kind for kind in KINDS if kind in one.kinds]


def _at(one: Webhook) -> str:
    return f"/people/webhooks/{one.id}"


def _host(one: Webhook) -> str:
    """Of its URL, whose path may be a secret: that stands on its own page alone."""
    try:
        return read_target(one.url).where
    except Refused:  # stored by a version that took it
        return "–"


def _tone(one: Webhook) -> str:
    if one.off_at is not None:
        return "idle"
    return "bad" if one.failing_since else "good"
