"""Users, services and teams: who there is, and for admins how to add, change, disable and remove them."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Path
from fastapi import Form as FormBody
from starlette.responses import Response

from im.domain.access import Role, Verb
from im.domain.errors import Denied, ImError, NoSuchUser
from im.domain.people.user import User, UserKind
from im.services.people import users
from im.web.api.forms import Form
from im.web.api.people.marks import on_user, user_mark
from im.web.api.people.users import Login
from im.web.api.problem import status_of
from im.web.page.people.forms import SAID, Line, Mark, can, done
from im.web.page.site import Visit, Visiting

router = APIRouter(prefix="/people", include_in_schema=False)


class AddForm(Form):
    login: Line = ""
    kind: UserKind = UserKind.PERSON
    role: Role = Role.MEMBER
    team: Line = ""
    display: Line = ""


class ChangeForm(Form):
    seen: Mark
    role: Role | None = None
    team: Line = ""
    display: Line = ""


class EndForm(Form):
    seen: Mark


@router.get("")
def show_users(visit: Visiting) -> Response:
    manages = can(visit.asker.actor, Verb.MANAGE_USERS)
    return visit.show("people/users.html", users=users.listed(visit.asker.ctx), manages=manages)


# ---- adding ----------------------------------------------------------------------------------------------------------


@router.get("/add")
def show_add(visit: Visiting) -> Response:
    _check(visit)
    return _show_add(visit, AddForm())


def _show_add(visit: Visit, typed: AddForm, *, wrong: ImError | None = None) -> Response:
    told: dict[str, Any] = {
        "typed": typed,
        "wrong": wrong,
        "teams": _teams(visit),
        "kinds": list(UserKind),
        "roles": list(Role),
    }
    return visit.show("people/add.html", status=status_of(wrong) if wrong else 200, **told)


@router.post("/add")
def add_user(visit: Visiting, typed: Annotated[AddForm, FormBody()]) -> Response:
    """A person, a service account or a team. A team is in no other, and has no role."""
    asker, team = visit.asker, typed.kind is UserKind.TEAM
    try:
        made = users.add(
            asker.ctx,
            typed.login.strip(),
            kind=typed.kind,
            role=typed.role,
            team=None if team else typed.team or None,
            display=typed.display.strip(),
            actor=asker.actor,
        )
    except SAID as exc:
        return _show_add(visit, typed, wrong=exc)
    return done(visit, f"Added {made.login}", f"Added {made.login}: {users.told(made)}", "/people")


# ---- changing --------------------------------------------------------------------------------------------------------


@router.get("/users/{login}")
def show_user(visit: Visiting, login: Login) -> Response:
    _check(visit)
    user = _one(visit, login)
    return _show_user(visit, user, ChangeForm(seen=user_mark(user), role=user.role, **_written(user)))


def _written(user: User) -> dict[str, str]:
    return {"team": user.team or "", "display": user.display}


def _show_user(visit: Visit, user: User, typed: ChangeForm, *, wrong: ImError | None = None) -> Response:
    told: dict[str, Any] = {"user": user, "typed": typed, "wrong": wrong, "teams": _teams(visit), "roles": list(Role)}
    return visit.show("people/user.html", status=status_of(wrong) if wrong else 200, **told)


@router.post("/users/{login}")
def change_user(visit: Visiting, login: Login, typed: Annotated[ChangeForm, FormBody()]) -> Response:
    """Role, team and name. It counts at once, in every session and with every token."""
    asker = on_user(visit.asker, login, typed.seen)
    team = _one(visit, login).kind is UserKind.TEAM
    try:
        made = users.change(
            asker.ctx,
            login,
            role=None if team else typed.role,
            team=None if team else typed.team,
            display=typed.display.strip() or login,
            actor=asker.actor,
        )
    except SAID as exc:
        return _show_user(visit, _one(visit, login), typed, wrong=exc)
    return done(visit, f"Changed {login}", f"Changed {login}: {users.told(made)}", "/people")


@router.post("/users/{login}/{act}")
def end_user(
    visit: Visiting,
    login: Login,
    act: Annotated[str, Path(pattern="^(disable|enable|remove)$")],
    form: Annotated[EndForm, FormBody()],
) -> Response:
    """Whoever is disabled does nothing from now on; whoever is removed is forgotten, but for the history."""
    asker = on_user(visit.asker, login, form.seen)
    try:
        if act == "remove":
            users.remove(asker.ctx, login, actor=asker.actor)
        else:
            users.change(asker.ctx, login, disabled=act == "disable", actor=asker.actor)
    except SAID as exc:
        found = next((user for user in users.listed(visit.asker.ctx) if user.login == login), None)
        if found is None:
            raise
        return _show_user(visit, found, ChangeForm(seen=form.seen, role=found.role, **_written(found)), wrong=exc)
    said = {
        "disable": f"Disabled {login}: their tokens and sessions are over, and what they have runs on until its deadlines",
        "enable": f"Enabled {login}, without a token or a session",
        "remove": f"Removed {login}; the history keeps the name",
    }[act]
    return done(visit, f"{act.capitalize()}d {login}", said, "/people")


def _check(visit: Visit) -> None:
    """Raises Denied: a form that nobody may send is shown to nobody."""
    if not can(visit.asker.actor, Verb.MANAGE_USERS):
        raise Denied(f"{visit.asker.actor.name} may not {Verb.MANAGE_USERS}", "ask an admin of this deployment")


def _one(visit: Visit, login: str) -> User:
    """Raises NoSuchUser."""
    found = next((user for user in users.listed(visit.asker.ctx) if user.login == login), None)
    if found is None:
        raise NoSuchUser(f"there is no user '{login[:80]}'", "/people  shows who there is")
    return found


def _teams(visit: Visit) -> list[str]:
    return [user.login for user in users.listed(visit.asker.ctx) if user.kind is UserKind.TEAM]
