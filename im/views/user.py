"""A user, a token, a session, and a line of the audit."""

from __future__ import annotations

from typing import Any

from im.domain.people.entry import Entry
from im.domain.people.session import Link, Session
from im.domain.people.token import Token
from im.domain.people.user import User, UserKind
from im.views.times import utc


def user_json(user: User) -> dict[str, Any]:
    """`role` is null for a team."""
    return {
        "login": user.login,
        "kind": user.kind.value,
        "role": None if user.kind is UserKind.TEAM else user.role.value,
        "team": user.team,
        "display": user.display,
        "disabled_at": utc(user.disabled_at),
        "made_at": utc(user.made_at),
        "made_by": user.made_by,
    }


def token_json(token: Token, secret: str | None = None) -> dict[str, Any]:
    """`secret` is there in the answer that makes the token, and never again."""
    return {
        "id": token.id,
        "login": token.login,
        "name": token.name,
        "shown": token.shown,
        "grants": sorted(grant.value for grant in token.grants),
        "made_at": utc(token.made_at),
        "made_by": token.made_by,
        "expires_at": utc(token.expires_at),
        "last_used_at": utc(token.last_used_at),
        "revoked_at": utc(token.revoked_at),
        "break_glass": token.break_glass,
        **({} if secret is None else {"secret": secret}),
    }


def session_json(session: Session) -> dict[str, Any]:
    """`token` is the id of the token that it is bound to; null for none. `expires_at` is the latest that it can last."""
    return {
        "id": session.id,
        "login": session.login,
        "how": session.how.value,
        "token": session.token,
        "made_at": utc(session.made_at),
        "seen_at": utc(session.seen_at),
        "expires_at": utc(session.expires_at),
    }


def link_json(link: Link, url: str) -> dict[str, Any]:
    """`url` is there in the answer that makes the link, and never again."""
    return {"url": url, "login": link.login, "expires_at": utc(link.expires_at)}


def audit_json(entry: Entry) -> dict[str, Any]:
    """`token` is the id of the token by which it was asked; null for none."""
    return {
        "at": utc(entry.at),
        "actor": entry.actor,
        "channel": entry.channel,
        "request_id": entry.request_id or None,
        "token": entry.token or None,
        "verb": entry.verb,
        "subject": entry.subject,
        "detail": entry.detail,
    }
