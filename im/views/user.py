"""A user, a token, a session, a view that one has saved, and a line of the audit; and read again."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from im.domain.access import Grant, Role
from im.domain.people.entry import Entry
from im.domain.people.session import How, Link, Session
from im.domain.people.token import Token
from im.domain.people.user import User, UserKind
from im.domain.people.view import Base, View, wrong_with
from im.views.times import read_moment, read_utc, utc


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


def read_user(told: Mapping[str, Any]) -> User:
    return User(
        told["login"],
        UserKind(told["kind"]),
        Role.VIEWER if told["role"] is None else Role(told["role"]),
        told["team"],
        told["display"],
        read_moment(told["made_at"]),
        told["made_by"],
        read_utc(told["disabled_at"]),
    )


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


def read_token(told: Mapping[str, Any]) -> Token:
    return Token(
        told["id"],
        told["login"],
        told["name"],
        told["shown"],
        frozenset(Grant(one) for one in told["grants"]),
        read_moment(told["made_at"]),
        told["made_by"],
        read_moment(told["expires_at"]),
        read_utc(told["last_used_at"]),
        read_utc(told["revoked_at"]),
        told["break_glass"],
    )


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


def read_session(told: Mapping[str, Any]) -> Session:
    return Session(
        told["id"],
        told["login"],
        How(told["how"]),
        told["token"],
        False,  # whose machine it is on is not told
        read_moment(told["made_at"]),
        read_moment(told["seen_at"]),
        read_moment(told["expires_at"]),
    )


def read_link(told: Mapping[str, Any]) -> tuple[Link, str]:
    return Link(told["login"], None, False, read_moment(told["expires_at"])), told["url"]


def link_json(link: Link, url: str) -> dict[str, Any]:
    """`url` is there in the answer that makes the link, and never again."""
    return {"url": url, "login": link.login, "expires_at": utc(link.expires_at)}


def view_json(view: View) -> dict[str, Any]:
    """`base` is the view that it narrows, of those that are always there; null for none. `wrong`: why it can no longer be read."""
    wrong = wrong_with(view)
    return {
        "name": view.name,
        "q": view.q,
        "base": view.base.value if view.base else None,
        "all": view.everything,
        "columns": list(view.columns),
        "saved_at": utc(view.saved_at),
        "wrong": None if wrong is None else wrong.message,
    }


def read_view(told: Mapping[str, Any]) -> View:
    base = Base(told["base"]) if told["base"] else None
    return View(told["name"], told["q"], base, told["all"], tuple(told["columns"]), read_moment(told["saved_at"]))


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


def read_entry(told: Mapping[str, Any]) -> Entry:
    return Entry(
        read_moment(told["at"]),
        told["actor"],
        told["channel"],
        told["request_id"] or "",
        told["token"] or "",
        told["verb"],
        told["subject"],
        told["detail"],
    )
