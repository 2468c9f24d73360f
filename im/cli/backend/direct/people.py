"""Users, tokens, quotas, saved views and the audit, by their services."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from im.context import Context
    from im.domain.access import Actor, Grant, Role
    from im.domain.people.entry import Entry
    from im.domain.people.quota import Quota, QuotaFor, Use
    from im.domain.people.session import Link, Session
    from im.domain.people.token import Made, Token
    from im.domain.people.user import User, UserKind
    from im.domain.people.view import View


class DirectPeople:
    def __init__(self, ctx: Context, actor: Actor) -> None:
        self._ctx, self._actor = ctx, actor

    def users(self) -> Sequence[User]:
        from im.services.people import users

        return users.listed(self._ctx)

    def add_user(self, login: str, *, kind: UserKind, role: Role, team: str | None, display: str) -> User:
        from im.services.people import users

        return users.add(self._ctx, login, kind=kind, role=role, team=team, display=display, actor=self._actor)

    def change_user(
        self,
        login: str,
        *,
        role: Role | None = None,
        team: str | None = None,
        display: str | None = None,
        disabled: bool | None = None,
        subject: str | None = None,
    ) -> User:
        from im.services.people import users

        return users.change(
            self._ctx,
            login,
            role=role,
            team=team,
            display=display,
            disabled=disabled,
            subject=subject,
            actor=self._actor,
        )

    def remove_user(self, login: str) -> None:
        from im.services.people import users

        users.remove(self._ctx, login, actor=self._actor)

    def tokens(self, login: str | None, *, everybody: bool) -> Sequence[Token]:
        from im.services.people import tokens

        whose = None if everybody else login or self._ctx.settings.owner
        return tokens.listed(self._ctx, whose, actor=self._actor)

    def create_token(self, name: str, *, login: str | None, grants: frozenset[Grant], life: timedelta | None) -> Made:
        from im.services.people import tokens

        whose = login or self._ctx.settings.owner
        return tokens.create(self._ctx, whose, name, grants=grants, life=life, actor=self._actor)

    def break_glass(self, name: str, life: timedelta) -> Made:
        from im.services.people import tokens

        return tokens.break_glass(self._ctx, name, life=life, actor=self._actor)

    def rotate_token(self, token_id: str, overlap: timedelta) -> Made:
        from im.services.people import tokens

        return tokens.rotate(self._ctx, token_id, overlap=overlap, actor=self._actor)

    def revoke_token(self, token_id: str) -> Token:
        from im.services.people import tokens

        return tokens.revoke(self._ctx, token_id, actor=self._actor)

    def sessions(self, login: str | None) -> Sequence[Session]:
        from im.services.people import sessions

        return sessions.listed(self._ctx, login, actor=self._actor)

    def end_session(self, session_id: str) -> Session:
        from im.services.people import sessions

        return sessions.revoke(self._ctx, session_id, actor=self._actor)

    def link(self, login: str | None) -> tuple[Link, str]:
        from im.services.people import links
        from im.web.address import link_to

        made = links.make(self._ctx, login, actor=self._actor)
        return made.link, link_to(self._ctx.settings, made.secret)

    def quotas(self) -> Sequence[Use]:
        from im.services.people import quotas

        return quotas.uses(self._ctx)

    def set_quota(self, wanted: Quota) -> Use:
        from im.services.people import quotas

        return quotas.write(self._ctx, wanted, actor=self._actor)

    def remove_quota(self, of: QuotaFor, name: str) -> None:
        from im.services.people import quotas

        quotas.remove(self._ctx, of, name, actor=self._actor)

    def views(self) -> Sequence[View]:
        from im.services.people import views

        return views.listed(self._ctx, self._actor.name)

    def save_view(self, view: View) -> View:
        from im.services.people import views

        return views.save(self._ctx, view, actor=self._actor)

    def rename_view(self, name: str, to: str) -> View:
        from im.services.people import views

        return views.rename(self._ctx, name, to, actor=self._actor)

    def remove_view(self, name: str) -> None:
        from im.services.people import views

        views.remove(self._ctx, name, actor=self._actor)

    def audit(self, limit: int) -> Sequence[Entry]:
        from im.services.people import audit

        return audit.listed(self._ctx, limit)
