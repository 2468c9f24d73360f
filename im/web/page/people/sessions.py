"""Browsers that are signed in: one's own, and for admins everybody's; each can be signed out from here."""

from __future__ import annotations

from fastapi import APIRouter
from starlette.responses import Response

from im.domain.access import Verb
from im.domain.errors import NoSuchSession
from im.services.people import sessions
from im.web import cookie
from im.web.api.people.sessions import SessionId
from im.web.page.people.forms import can, done
from im.web.page.site import Visit, Visiting

router = APIRouter(prefix="/people/sessions", include_in_schema=False)


@router.get("")
def show_sessions(visit: Visiting) -> Response:
    actor = visit.asker.actor
    everybodys = can(actor, Verb.END_SESSION, None)
    found = sessions.listed(visit.asker.ctx, None if everybodys else actor.name, actor=actor)
    return visit.show(
        "people/sessions.html",
        own=[one for one in found if one.login == actor.name],
        others=[one for one in found if one.login != actor.name],
        everybodys=everybodys,
        here=_here(visit),
    )


@router.get("/{session}/end")
def show_end(visit: Visiting, session: SessionId) -> Response:
    actor = visit.asker.actor
    whose = None if can(actor, Verb.END_SESSION, None) else actor.name
    found = next((one for one in sessions.listed(visit.asker.ctx, whose, actor=actor) if one.id == session), None)
    if found is None:
        raise NoSuchSession(f"there is no session '{session}'", "/people/sessions  shows them")
    return visit.show("people/session_end.html", one=found, here=_here(visit))


@router.post("/{session}/end")
def end_session(visit: Visiting, session: SessionId) -> Response:
    """At once: the next thing that browser asks for is refused."""
    ended = sessions.revoke(visit.asker.ctx, session, actor=visit.asker.actor)
    if ended.id == _here(visit):
        return visit.go("/sign-in")
    return done(visit, "Signed out", f"Signed {ended.login} out of {ended.id}", "/people/sessions")


def _here(visit: Visit) -> str:
    """The session of this very browser; empty where a program asks."""
    secret = cookie.secret_in(visit.request)
    found = sessions.held(visit.asker.ctx, secret) if secret else None
    return found.id if found else ""
