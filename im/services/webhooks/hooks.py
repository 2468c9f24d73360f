"""Webhooks are made, changed, tried, rotated, switched off and removed; each is somebody's, and hears of what is theirs."""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING

from im.db.people import audit, users
from im.db.webhooks import deliveries, hooks, planned
from im.domain.access import Actor, Allow, Deny, Role, Verb, may
from im.domain.config.webhook import WebhookSettings
from im.domain.errors import Denied, NoSuchWebhook, OverLimit, Refused
from im.domain.people.user import UserKind
from im.domain.webhook import message
from im.domain.webhook.kind import WebhookKind
from im.domain.webhook.message import Delivery, Message
from im.domain.webhook.target import check_literal, read_target
from im.domain.webhook.webhook import (
    LONGEST_OVERLAP,
    MOST,
    OVERLAP,
    SECRET_BYTES,
    Made,
    Webhook,
    check_name,
    make_secret,
)
from im.queue.tasks import Task
from im.services import access
from im.services.access import Permit
from im.services.people.users import check_owner_in

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from im.context import Context


def create(
    ctx: Context,
    name: str,
    url: str,
    *,
    kinds: frozenset[WebhookKind],
    owner: str | None = None,
    everybody: bool = False,
    actor: Actor,
) -> Made:
    """A webhook of `owner`'s, or of the actor's. `everybody`: it hears of everybody's, for an admin alone.

    Raises Refused, Denied, NoSuchUser, OverLimit.
    """
    whose = owner or actor.name
    access.ask(actor, Verb.SET_WEBHOOK).on([whose, None] if everybody else [whose])
    check_name(name)
    _check_url(ctx, url)
    with ctx.storing() as connection:
        now = ctx.clock(connection)
        _check_owner(connection, whose, everybody=everybody)
        if hooks.named(connection, whose, name) is not None:
            raise Refused(f"{whose} has a webhook of that name", "im webhook  shows them; take another name")
        if hooks.count(connection, whose) >= MOST:
            raise OverLimit(f"{whose} has {MOST} webhooks, which is the most", "im webhook remove ID  makes room")
        webhook = Webhook(f"whk-{secrets.token_hex(5)}", name, url, whose, everybody, kinds, now, actor.name)
        made = Made(webhook, make_secret(secrets.token_bytes(SECRET_BYTES)))
        hooks.add(connection, webhook, made.secret)
        audit.record(connection, actor, "webhook made", whose, _said(webhook), now)
    return made


def listed(ctx: Context, *, actor: Actor) -> list[Webhook]:
    """The actor's own and their teams'; everybody's for an admin."""
    access.ask(actor, Verb.SEE_WEBHOOK)
    owners = None if _sees_all(actor) else [actor.name, *sorted(actor.teams)]
    with ctx.begin() as connection:
        return hooks.listed(connection, owners)


def one(ctx: Context, webhook_id: str, *, actor: Actor) -> Webhook:
    """Raises NoSuchWebhook also for one that the actor may not see."""
    access.ask(actor, Verb.SEE_WEBHOOK)
    with ctx.begin() as connection:
        return _one(connection, webhook_id, actor)


def change(
    ctx: Context,
    webhook_id: str,
    *,
    url: str | None = None,
    kinds: frozenset[WebhookKind] | None = None,
    on: bool | None = None,
    actor: Actor,
) -> Webhook:
    """None leaves a thing as it is. Switched on again it hears of what happens from then on, and gets what waited."""
    permit = access.ask(actor, Verb.SET_WEBHOOK)
    if url is not None:
        _check_url(ctx, url)
    with ctx.storing() as connection:
        now = ctx.clock(connection)
        before = _locked(connection, webhook_id, permit)
        after = replace(before, url=url or before.url, kinds=before.kinds if kinds is None else kinds)
        if on is True:
            after = replace(after, off_at=None, off_because=None, failing_since=None)
        elif on is False and before.off_at is None:
            after = replace(after, off_at=now, off_because=f"by {actor.name}")
        if after.url != before.url:  # another receiver, of whom nothing is known so far
            after = replace(after, failing_since=None)
        hooks.write(connection, after)
        verb = {None: "webhook changed", True: "webhook enabled", False: "webhook disabled"}[on]
        audit.record(connection, actor, verb, after.owner, _said(after), now)
    if on:
        ctx.queue.ring(Task.WEBHOOK)
    return after


def rotate(ctx: Context, webhook_id: str, *, overlap: timedelta = OVERLAP, actor: Actor) -> Made:
    """Another secret; messages are signed with the one before as well for `overlap` more, so that none is refused meanwhile."""
    permit = access.ask(actor, Verb.SET_WEBHOOK)
    if overlap > LONGEST_OVERLAP:
        raise Refused("the secret before signs for a week at most", "--overlap 7d, or less")
    with ctx.storing() as connection:
        now = ctx.clock(connection)
        webhook = _locked(connection, webhook_id, permit)
        made = Made(webhook, make_secret(secrets.token_bytes(SECRET_BYTES)))
        hooks.rotate(connection, webhook.id, made.secret, now + overlap, now)
        audit.record(connection, actor, "webhook rotated", webhook.owner, _said(webhook), now)
    return made


def remove(ctx: Context, webhook_id: str, *, actor: Actor) -> Webhook:
    """With its secret, and with whatever was on its way."""
    permit = access.ask(actor, Verb.SET_WEBHOOK)
    with ctx.storing() as connection:
        now = ctx.clock(connection)
        webhook = _locked(connection, webhook_id, permit)
        hooks.remove(connection, webhook.id)
        audit.record(connection, actor, "webhook removed", webhook.owner, _said(webhook), now)
    return webhook


def test(ctx: Context, webhook_id: str, *, actor: Actor) -> str:
    """Put down a message of kind `test` for it, and ring; returns the message's id."""
    permit = access.ask(actor, Verb.SET_WEBHOOK)
    with ctx.storing() as connection:
        now = ctx.clock(connection)
        webhook = _locked(connection, webhook_id, permit)
        if webhook.off_at is not None:
            raise Refused(
                f"webhook {webhook.name} is off, and nothing is sent to it", f"im webhook enable {webhook.id}"
            )
        body = message.of_test(webhook.name, actor.name, now)
        (made,) = planned.add(connection, [Message(webhook.id, WebhookKind.TEST, body)], now)
    ctx.queue.ring(Task.WEBHOOK)
    return made


def resend(ctx: Context, webhook_id: str, *, actor: Actor) -> int:
    """What was not taken begins anew, and at once; returns how many messages that are."""
    permit = access.ask(actor, Verb.SET_WEBHOOK)
    with ctx.storing() as connection:
        now = ctx.clock(connection)
        webhook = _that_is_on(connection, webhook_id, permit)
        count = deliveries.resend(connection, webhook.id, now)
    if count:
        ctx.queue.ring(Task.WEBHOOK)
    return count


def delivered(
    ctx: Context, webhook_id: str, limit: int, message: str | None = None, *, actor: Actor
) -> Sequence[Delivery]:
    """Its newest `limit` messages, and what became of each; with `message`, that one alone."""
    access.ask(actor, Verb.SEE_WEBHOOK)
    with ctx.begin() as connection:
        return deliveries.listed(connection, _one(connection, webhook_id, actor).id, limit, message)


def _sees_all(actor: Actor) -> bool:
    return isinstance(may(actor, Verb.SEE_WEBHOOK, None), Allow)


def _one(connection: Connection, webhook_id: str, actor: Actor, *, lock: bool = False) -> Webhook:
    found = hooks.by_id(connection, webhook_id, lock=lock)
    if found is None or isinstance(may(actor, Verb.SEE_WEBHOOK, found.owner), Deny):
        raise NoSuchWebhook(f"there is no webhook '{webhook_id[:40]}'", "im webhook  shows them")
    return found


def _locked(connection: Connection, webhook_id: str, permit: Permit) -> Webhook:
    """To be changed: what hears of everybody's is an admin's alone to change, whoever owns it by now."""
    found = _one(connection, webhook_id, permit.actor, lock=True)
    permit.on([found.owner, None] if found.everybody else [found.owner])
    return found


def _that_is_on(connection: Connection, webhook_id: str, permit: Permit) -> Webhook:
    webhook = _locked(connection, webhook_id, permit)
    if webhook.off_at is not None:
        raise Refused(f"webhook {webhook.name} is off, and nothing is sent to it", f"im webhook enable {webhook.id}")
    return webhook


def _check_url(ctx: Context, url: str) -> None:
    check_literal(read_target(url), ctx.settings.own(WebhookSettings).webhook_private)


def _check_owner(connection: Connection, owner: str, *, everybody: bool) -> None:
    check_owner_in(connection, owner)
    user = users.lock(connection, owner)
    if everybody and user is not None and (user.kind is UserKind.TEAM or user.role is not Role.ADMIN):
        raise Denied(
            f"{owner} is no admin, and hears of what is {owner}'s alone", "leave --everybody out, or name an admin"
        )


def _said(webhook: Webhook) -> str:
    """Without the URL, which may be a secret from its host on."""
    what = ", ".join(sorted(webhook.kinds))
    off = f", off {webhook.off_because}" if webhook.off_at else ""
    of = "everybody's" if webhook.everybody else "its owner's"
    return f"{webhook.id} '{webhook.name}' to {read_target(webhook.url).where}: {what} of {of}{off}"
