"""What the forms about people have in common: who may, what was seen when it was agreed to, and what was sent once already."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING, Annotated, Any

from pydantic import Field
from starlette.responses import Response

from im.db.people import idempotency, quotas, users
from im.db.webhooks import hooks
from im.domain.access import Actor, Allow, Verb, may
from im.domain.errors import NotFound, OverLimit, Refused, Superseded
from im.domain.people.quota import Quota, QuotaFor
from im.domain.people.user import User
from im.domain.webhook.webhook import Webhook
from im.web.api.asker import Asker
from im.web.api.people.users import LOGIN
from im.web.page.site import Visit

if TYPE_CHECKING:
    from sqlalchemy import Connection

Line = Annotated[str, Field(max_length=300)]
Mark = Annotated[str, Field(pattern="^[0-9a-f]{16}$")]
"""Of what was shown: whoever agreed to another state than there is has agreed to nothing."""
Key = Annotated[str, Field(pattern="^[0-9a-f]{32}$")]
LoginPath = LOGIN
SAID = (Refused, NotFound, OverLimit, Superseded)
"""What is wrong with a form is said on it; what one may not do at all has a page of its own."""


def can(actor: Actor, verb: Verb, owner: str | None = None) -> bool:
    return isinstance(may(actor, verb, owner), Allow)


def done(visit: Visit, title: str, said: str, back: str) -> Response:
    """It is stored: told beneath the page that the dialog lay on, or on a page of its own."""
    return visit.show("people/done.html", title=title, said=said, back=back)


# ---- what was agreed to ----------------------------------------------------------------------------------------------


def user_mark(user: User) -> str:
    return _mark(user.kind, user.role, user.team, user.display, user.disabled_at is not None, user.subject)


def quota_mark(quota: Quota | None) -> str:
    return _mark(quota and (quota.live, quota.usd_per_hour, quota.longest_ttl, quota.longest_life, quota.types))


def webhook_mark(webhook: Webhook) -> str:
    """How it stands is no part of it: a message that was refused meanwhile changes nothing that one agrees to."""
    off = webhook.off_at is not None
    return _mark(webhook.name, webhook.url, webhook.owner, webhook.everybody, sorted(webhook.kinds), off)


def on_user(asker: Asker, login: str, mark: str) -> Asker:
    """The same asker, whose next change is refused (Superseded) where this user is another by then than was shown."""

    def check(connection: Connection) -> None:
        user = users.lock(connection, login)
        if user is not None and user_mark(user) != mark:
            raise _meanwhile(login)

    return _beside(asker, check)


def on_quota(asker: Asker, of: QuotaFor, name: str, mark: str) -> Asker:
    """The same for a quota, also for one that somebody has set where none was shown."""

    def check(connection: Connection) -> None:
        found = quotas.lock(connection, [(of, name)])
        if quota_mark(found[0] if found else None) != mark:
            raise _meanwhile(f"the quota of {of} {name}")

    return _beside(asker, check)


def on_webhook(asker: Asker, webhook_id: str, mark: str) -> Asker:
    """The same for a webhook, of whoever may see it: to all others it is not there, by the service itself."""

    def check(connection: Connection) -> None:
        found = hooks.by_id(connection, webhook_id, lock=True)
        if found is not None and can(asker.actor, Verb.SEE_WEBHOOK, found.owner) and webhook_mark(found) != mark:
            raise _meanwhile(f"webhook {found.name}")

    return _beside(asker, check)


TOKEN_LOST = (
    "this form was sent before, and the token that it made was shown then, once",
    "nobody has it? revoke it in the list of tokens, and make another",
)


def sent_once(asker: Asker, key: str, lost: str = TOKEN_LOST[0], then: str = TOKEN_LOST[1]) -> Asker:
    """The same asker, whose next change is refused where this very form was sent before.

    Nothing is kept of the answer, for it holds a secret: whoever sends the form again is told, and not shown it again.
    """

    def check(connection: Connection) -> None:
        now = asker.ctx.clock(connection)
        if not idempotency.claim(connection, asker.actor.name, key, "page", asker.actor.request_id, now):
            raise Refused(lost, then)

    return _beside(asker, check)


def _beside(asker: Asker, check: Callable[[Connection], None]) -> Asker:
    return replace(asker, ctx=replace(asker.ctx, beside=check))


def _meanwhile(what: str) -> Superseded:
    return Superseded(f"{what} was changed meanwhile, and nothing was stored", "look again, and ask once more")


def _mark(*told: Any) -> str:
    return hashlib.sha256(repr(told).encode()).hexdigest()[:16]
