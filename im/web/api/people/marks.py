"""What was seen of a user, a quota or a webhook is what is changed: its mark is compared under the lock that the change holds.

Over HTTP the mark is the ETag, and comes back in If-Match; on the page it is a hidden field of the form.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING, Annotated, Any

from fastapi import Header
from starlette.responses import Response

from im.db.people import quotas, users
from im.db.webhooks import hooks
from im.domain.access import Allow, Verb, may
from im.domain.errors import Superseded
from im.domain.people.quota import Quota, QuotaFor
from im.domain.people.user import User
from im.domain.webhook.webhook import Webhook
from im.web.answers import JSONResponse
from im.web.api.asker import Asker
from im.web.api.problem import changed_since

if TYPE_CHECKING:
    from sqlalchemy import Connection

_TAG = r'(W/)?"[0-9a-f]{16}"'
Match = Annotated[str | None, Header(max_length=30, pattern=rf"^(\*|{_TAG})$")]
NoneYet = Annotated[str | None, Header(pattern=r"^\*$", description="`*`: only where there is none.")]
ANY = "*"
"""In If-Match: whatever it is, as long as it is there."""
_NONE = ""


def etag(mark: str) -> str:
    return f'"{mark}"'


def with_etag(body: dict[str, Any], mark: str, status: int = 200) -> Response:
    return JSONResponse(body, status_code=status, headers={"ETag": etag(mark)})


def matches(header: str, mark: str) -> bool:
    return header == ANY or _read(header) == mark


def failed(asker: Asker, changed: Superseded, **as_it_is: Any) -> Response:
    """412, with what is there by now."""
    return changed_since(changed.message, asker.actor.request_id, hint=changed.hint, **as_it_is)


# ---- what it was -----------------------------------------------------------------------------------------------------


def user_mark(user: User) -> str:
    """Of whoever is made anew under the same login it is another."""
    told = (user.kind, user.role, user.team, user.display, user.disabled_at is not None, user.issuer, user.subject)
    return _mark(*told, user.made_at.timestamp())


def quota_mark(quota: Quota | None) -> str:
    """What is taken of it is no part of it."""
    return _mark(quota and (quota.live, quota.usd_per_hour, quota.longest_ttl, quota.longest_life, quota.types))


def webhook_mark(webhook: Webhook) -> str:
    """How it stands is no part of it: a message that was refused meanwhile changes nothing that one agrees to."""
    off = webhook.off_at is not None
    return _mark(webhook.name, webhook.url, webhook.owner, webhook.everybody, sorted(webhook.kinds), off)


# ---- and is by then --------------------------------------------------------------------------------------------------


def on_user(asker: Asker, login: str, mark: str) -> Asker:
    """The same asker, whose next change is refused (Superseded) where this user is another by then than was shown."""

    def check(connection: Connection) -> None:
        user = users.lock(connection, login)
        if user is not None and user_mark(user) != mark:
            raise _meanwhile(login)

    return beside(asker, check)


def on_quota(asker: Asker, of: QuotaFor, name: str, mark: str) -> Asker:
    """The same for a quota, also for one that somebody has set where none was shown."""

    def check(connection: Connection) -> None:
        if quota_mark(quotas.alone(connection, of, name)) != mark:
            raise _meanwhile(f"the quota of {of} {name}")

    return beside(asker, check)


def on_webhook(asker: Asker, webhook_id: str, mark: str) -> Asker:
    """The same for a webhook, of whoever may see it: to all others it is not there, by the service itself."""

    def check(connection: Connection) -> None:
        found = hooks.by_id(connection, webhook_id, lock=True)
        sees = found is not None and isinstance(may(asker.actor, Verb.SEE_WEBHOOK, found.owner), Allow)
        if found is not None and sees and webhook_mark(found) != mark:
            raise _meanwhile(f"webhook {found.name}")

    return beside(asker, check)


def if_user(asker: Asker, login: str, if_match: str | None) -> Asker:
    """`on_user` by the header; one that is not there is told as such, whatever was to match."""
    return asker if if_match in (None, ANY) else on_user(asker, login, _read(if_match))


def if_quota(asker: Asker, of: QuotaFor, name: str, if_match: str | None, if_none_match: str | None = None) -> Asker:
    """`on_quota` by the headers."""
    if if_none_match is not None:
        return on_quota(asker, of, name, quota_mark(None))
    if if_match == ANY:
        return _on_some_quota(asker, of, name)
    return asker if if_match is None else on_quota(asker, of, name, _read(if_match))


def _on_some_quota(asker: Asker, of: QuotaFor, name: str) -> Asker:
    def check(connection: Connection) -> None:
        if quotas.alone(connection, of, name) is None:
            raise _meanwhile(f"the quota of {of} {name}")

    return beside(asker, check)


def beside(asker: Asker, check: Callable[[Connection], None]) -> Asker:
    """The same asker, whose next change has `check` in its transaction, before it."""
    return replace(asker, ctx=replace(asker.ctx, beside=check))


def _meanwhile(what: str) -> Superseded:
    return Superseded(f"{what} was changed meanwhile, and nothing was stored", "look again, and ask once more")


def _read(tag: str | None) -> str:
    return (tag or _NONE).removeprefix("W/").strip('"')


def _mark(*told: Any) -> str:
    return hashlib.sha256(repr(told).encode()).hexdigest()[:16]
