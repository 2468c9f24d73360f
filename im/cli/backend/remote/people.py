"""Users, tokens, quotas, saved views and the audit, over the API."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from im.cli.backend.remote.link import Link
from im.domain.errors import Denied, NoSuchSession
from im.domain.people.token import Made
from im.domain.people.view import find
from im.views.quota import read_quota
from im.views.user import read_entry, read_link, read_session, read_token, read_user, read_view

if TYPE_CHECKING:
    from im.domain.access import Grant, Role
    from im.domain.people.entry import Entry
    from im.domain.people.quota import Quota, QuotaFor, Use
    from im.domain.people.session import Link as SignInLink
    from im.domain.people.session import Session
    from im.domain.people.token import Token
    from im.domain.people.user import User, UserKind
    from im.domain.people.view import View


class RemotePeople:
    def __init__(self, link: Link) -> None:
        self._link = link

    def users(self) -> Sequence[User]:
        return self._link.read(lambda told: [read_user(one) for one in told["items"]], self._link.get("/users"))

    def add_user(self, login: str, *, kind: UserKind, role: Role, team: str | None, display: str) -> User:
        form = {"login": login, "kind": kind.value, "role": role.value, "team": team, "display": display}
        return self._link.read(read_user, self._link.post("/users", form, once=False), stored=True)

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
        said: dict[str, object] = {"role": role.value if role else None, "team": team, "display": display}
        said |= {"disabled": disabled, "subject": subject}
        form = {key: value for key, value in said.items() if value is not None}
        return self._link.read(read_user, self._link.put("PATCH", f"/users/{_word(login)}", form), stored=True)

    def remove_user(self, login: str) -> None:
        self._link.put("DELETE", f"/users/{_word(login)}")

    def tokens(self, login: str | None, *, everybody: bool) -> Sequence[Token]:
        told = self._link.get("/tokens", {"login": login, "all": everybody})
        return self._link.read(lambda all_: [read_token(one) for one in all_["items"]], told)

    def create_token(self, name: str, *, login: str | None, grants: frozenset[Grant], life: timedelta | None) -> Made:
        form: dict[str, Any] = {"name": name, "grants": sorted(one.value for one in grants)}
        form |= {"login": login} if login else {}
        form |= {"life": _span(life)} if life is not None else {}
        return self._made(self._link.post("/tokens", form, once=False))

    def break_glass(self, name: str, life: timedelta) -> Made:
        raise Denied(
            "only who has the database's address breaks the glass",
            f"on a machine of the deployment: im token create {name} --admin --for 1h, with IM_API_URL unset",
        )

    def rotate_token(self, token_id: str, overlap: timedelta) -> Made:
        form = {"overlap": _span(overlap)}
        return self._made(self._link.post(f"/tokens/{_word(token_id)}/rotate", form, once=False))

    def revoke_token(self, token_id: str) -> Token:
        path = f"/tokens/{_word(token_id)}"
        token = self._link.read(read_token, self._link.get(path))
        self._link.put("DELETE", path)
        return token

    def _made(self, told: Any) -> Made:
        return self._link.read(lambda one: Made(read_token(one), one["secret"]), told, stored=True)

    def sessions(self, login: str | None) -> Sequence[Session]:
        told = self._link.get("/sessions", {"login": login, "all": login is None and self._sees_all})
        return self._link.read(lambda all_: [read_session(one) for one in all_["items"]], told)

    @property
    def _sees_all(self) -> bool:
        """Whether what is everybody's is theirs to see: without it, what is meant by it is their own."""
        return self._link.read(lambda me: me["role"] == "admin" and "admin" in me["grants"], self._link.get("/me"))

    def end_session(self, session_id: str) -> Session:
        found = next((one for one in self.sessions(None) if one.id == session_id), None)
        if found is None:
            raise NoSuchSession(f"there is no session '{session_id[:40]}'", "im session  shows them")
        self._link.put("DELETE", f"/sessions/{_word(session_id)}")
        return found

    def link(self, login: str | None) -> tuple[SignInLink, str]:
        if login is not None:
            raise Denied("over the API a link signs nobody in but whose the token is", "leave --user out")
        return self._link.read(read_link, self._link.post("/links", once=False), stored=True)

    def quotas(self) -> Sequence[Use]:
        return self._link.read(lambda told: [read_quota(one) for one in told["items"]], self._link.get("/quotas"))

    def set_quota(self, wanted: Quota) -> Use:
        said = {
            "live": wanted.live,
            "usd_per_hour": None if wanted.usd_per_hour is None else f"{wanted.usd_per_hour:f}",
            "longest_ttl": _span(wanted.longest_ttl) if wanted.longest_ttl else None,
            "longest_life": _span(wanted.longest_life) if wanted.longest_life else None,
            "types": list(wanted.types) or None,
        }
        form = {key: value for key, value in said.items() if value is not None}
        told = self._link.put("PUT", f"/quotas/{wanted.of.value}/{_word(wanted.name)}", form)
        return self._link.read(read_quota, told, stored=True)

    def remove_quota(self, of: QuotaFor, name: str) -> None:
        self._link.put("DELETE", f"/quotas/{of.value}/{_word(name)}")

    def views(self) -> Sequence[View]:
        return self._link.read(lambda told: [read_view(one) for one in told["items"]], self._link.get("/views"))

    def save_view(self, view: View) -> View:
        form = {"q": view.q, "base": view.base.value if view.base else None, "all": view.everything}
        told = self._link.put("PUT", f"/views/{_word(view.name)}", {**form, "columns": list(view.columns)})
        return self._link.read(read_view, told, stored=True)

    def rename_view(self, name: str, to: str) -> View:
        told = self._link.put("PATCH", f"/views/{_view(name)}", {"name": to})
        return self._link.read(read_view, told, stored=True)

    def remove_view(self, name: str) -> None:
        self._link.put("DELETE", f"/views/{_view(name)}")

    def audit(self, limit: int) -> Sequence[Entry]:
        told = self._link.get("/audit", {"limit": limit})
        return self._link.read(lambda all_: [read_entry(one) for one in all_["items"]], told)


def _word(text: str) -> str:
    return quote(text, safe="")


def _view(name: str) -> str:
    """Raises NoSuchView for a name that no view and no path can have."""
    if "/" in name:
        find(name, ())
    return _word(name)


def _span(long: timedelta) -> str:
    return f"{int(long.total_seconds())}s"
