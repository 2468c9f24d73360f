"""Whoever visits a page and is not signed in is sent to where they can be, and back afterwards."""

from __future__ import annotations

from urllib.parse import quote, urlsplit

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from im.web import cookie
from im.web.sign_in.destination import own_path


def to_sign_in(request: Request) -> Response:
    """A script that asked for a part of a page is told to leave the page, not given another in it."""
    where = f"/sign-in?next={quote(_wanted(request), safe='')}"
    by_script = "hx-request" in request.headers
    answer = Response(status_code=401, headers={"HX-Redirect": where}) if by_script else RedirectResponse(where, 303)
    cookie.drop(answer, request)
    return answer


def _wanted(request: Request) -> str:
    if "hx-request" in request.headers:
        shown = urlsplit(request.headers.get("hx-current-url", ""))
        return own_path(f"{shown.path}?{shown.query}" if shown.query else shown.path)
    if request.method not in ("GET", "HEAD"):  # what was sent is lost, and must not be asked for by GET
        return "/"
    return own_path(f"{request.url.path}?{request.url.query}" if request.url.query else request.url.path)
