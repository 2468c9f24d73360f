"""The application: routes, and how whatever goes wrong is told."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any

import anyio.to_thread
from fastapi import FastAPI
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Match
from starlette.types import ASGIApp

from im import __version__
from im.domain.config.oidc import OidcSettings
from im.domain.config.web import WebSettings
from im.domain.errors import ImError, NotFound, NotSignedIn, Refused
from im.domain.money.unknown_price import PriceUnknown
from im.logs import log
from im.services.health.counters import Folding
from im.services.money import budgets
from im.views.exits import Exit
from im.web import health, mcp, metrics
from im.web.api import adoption, events, fleet, instances, money, stories, stream, upkeep, verbs
from im.web.api.asker import bearer_of
from im.web.api.counts import Counts
from im.web.api.forms import plainly
from im.web.api.people import quotas, sessions, tokens, users, views
from im.web.api.problem import Problem, answers, of_error, problem
from im.web.api.rates import Rates
from im.web.api.webhooks import routes as webhooks
from im.web.gate import Gate
from im.web.page import instances as instances_page
from im.web.page import live, pages
from im.web.page.site import show_error
from im.web.sign_in import oidc
from im.web.sign_in import pages as sign_in
from im.web.sign_in.visitor import to_sign_in

if TYPE_CHECKING:
    from im.context import Context
    from im.web.sign_in.provider import Provider

_API = (
    *(health, metrics, verbs, instances, stories, events, stream, money),
    *(users, tokens, quotas, sessions, views, fleet, adoption, upkeep, webhooks),
)
ROUTERS = (
    instances_page.router,  # first: who looks at it asks again each second, and each router that does not match costs
    *(part.router for part in _API),
    *(router for router in pages.ROUTERS if router is not instances_page.router),
    *(sign_in.router, oidc.router, mcp.router),
)
THREADS = 12
"""Handlers at a time: as many as the pool has connections, and a few that wait."""


class _Gated(FastAPI):
    """What nobody foresaw is answered outside all middleware: the gate stands before that too, and everything is counted."""

    def build_middleware_stack(self) -> ASGIApp:
        gate = Gate(super().build_middleware_stack(), url=self.state.ctx.settings.own(WebSettings).web_url)
        return metrics.Counting(gate)


def make_app(ctx: Context) -> FastAPI:
    """The application over `ctx`, which is used by many threads at once."""
    app = _Gated(
        title="im",
        version=__version__,
        description="Every cloud instance gets a deadline.",
        openapi_url="/api/v1/openapi.json",
        docs_url=None,
        redoc_url=None,
        lifespan=_lifespan,
        redirect_slashes=False,
    )
    put_before(app, ctx)
    for router in ROUTERS:
        app.include_router(router)
    app.add_exception_handler(ImError, _ours)
    app.add_exception_handler(RequestValidationError, _invalid)
    app.add_exception_handler(HTTPException, _http)
    app.add_exception_handler(Exception, _unforeseen)
    _tell_problems(app)
    return app


def put_before(app: FastAPI, ctx: Context) -> None:
    """All that an application keeps of a deployment; one that serves nobody may be put before another one."""
    app.state.ctx, app.state.rates = ctx, Rates(Counts.of(ctx))
    app.state.ending = lambda: False
    bell = app.state.bell = stream.Bell(ctx, lambda: app.state.ending())
    app.state.live, app.state.watched = live.Shared(), instances_page.watched
    app.state.figures = metrics.Figures(ctx, lambda: len(bell.listeners))
    app.state.provider = _provider(ctx.settings.own(OidcSettings))
    app.middleware_stack = None  # the first request builds it, by this deployment's name


def _provider(own: OidcSettings) -> Provider | None:
    if not own.oidc_issuer:
        return None
    from im.web.sign_in.provider import Provider  # and with it cryptography, for who has a provider

    return Provider(own)


@asynccontextmanager
async def _lifespan(app: FastAPI) -> AsyncIterator[None]:
    anyio.to_thread.current_default_thread_limiter().total_tokens = THREADS
    folding = Folding(app.state.ctx)
    folding.start()
    yield
    await anyio.to_thread.run_sync(folding.finish)
    app.state.rates.close()
    app.state.ctx.dispose()


def _ours(request: Request, exc: Exception) -> Response:
    assert isinstance(exc, ImError)
    told = of_error(exc, request.state.request_id)
    if isinstance(exc, PriceUnknown) and budgets.can_be_asked(request.app.state.ctx, exc):
        told.headers["Retry-After"] = "1"  # a worker was rung, which asks the cloud for it
    if not _is_page(request):
        return told
    if isinstance(exc, NotSignedIn) and bearer_of(request) is None:
        return to_sign_in(request)
    return show_error(request, exc, told.status_code)


def _is_page(request: Request) -> bool:
    """A person looks, and not a program."""
    return not request.url.path.startswith("/api/") and (
        "hx-request" in request.headers or "text/html" in request.headers.get("accept", "")
    )


def _invalid(request: Request, exc: Exception) -> Response:
    assert isinstance(exc, RequestValidationError)
    if _is_page(request):
        told = "; ".join(_detail(one) for one in exc.errors()[:3])
        return show_error(request, Refused(told, "go back, and try it from there"), 422)
    errors = [{"pointer": _pointer(one["loc"]), "detail": _detail(one)} for one in exc.errors()]
    told = errors[0]["detail"] if len(errors) == 1 else f"{len(errors)} things are wrong with what was sent"
    return problem(
        422, "invalid", told, "see errors, and /api/v1/openapi.json", request.state.request_id, errors=errors
    )


def _pointer(where: tuple[Any, ...]) -> str:
    first, *rest = (str(part).replace("~", "~0").replace("/", "~1") for part in where)
    return "/" + "/".join(rest) if first == "body" else "/".join(rest) or first


def _detail(error: Mapping[str, Any]) -> str:
    return f"{'.'.join(str(part) for part in error['loc'][1:]) or 'the body'}: {plainly(error)}"


def _http(request: Request, exc: Exception) -> Response:
    assert isinstance(exc, HTTPException)
    headers = dict(exc.headers or {})
    if exc.status_code == 405:
        headers["Allow"] = ", ".join(_methods(request))
        return problem(
            405,
            "method_not_allowed",
            "that method is none of this path's",
            "",
            request.state.request_id,
            headers=headers,
        )
    if _is_page(request) and exc.status_code in (404, 405):
        return show_error(
            request, NotFound("there is nothing at this address", "/  shows the instances"), exc.status_code
        )
    told = "there is nothing at this path" if exc.status_code == 404 else str(exc.detail)
    code = "not_found" if exc.status_code == 404 else "refused"
    status = Exit.NOT_FOUND if exc.status_code == 404 else Exit.USAGE
    return problem(
        exc.status_code,
        code,
        told,
        "see /api/v1/openapi.json",
        request.state.request_id,
        exit_code=status,
        headers=headers,
    )


def _methods(request: Request) -> list[str]:
    """All that the path takes, not those of the first route alone."""
    taken: set[str] = set()
    for route in (route for router in ROUTERS for route in router.routes):
        found, _ = route.matches(request.scope)
        if found is not Match.NONE:
            taken |= set(getattr(route, "methods", None) or ())
    return sorted(taken)


def _unforeseen(request: Request, exc: Exception) -> Response:
    log.error("unforeseen", request=request.state.request_id, path=request.url.path, error=type(exc).__name__)
    told = "something went wrong here that nobody foresaw"
    hint = "send it again; if it stays, tell the request_id to whoever runs this"
    return problem(500, "unforeseen", told, hint, request.state.request_id, exit_code=Exit.FAILURE)


def _say_what_fastapi_does_not(operation: dict[str, Any]) -> None:
    """No parameter or header is null: it is left out. A body that cannot be read as JSON is a 400."""
    for parameter in operation.get("parameters", ()):
        schema = parameter["schema"]
        kinds = [one for one in schema.get("anyOf", ()) if one != {"type": "null"}]
        if len(kinds) == 1:
            schema.pop("anyOf")
            schema |= {**kinds[0], **schema}
    if "requestBody" in operation:
        operation["responses"] |= answers(400)


def _tell_problems(app: FastAPI) -> None:
    """OpenAPI with our own document of an error in place of FastAPI's."""
    made = app.openapi

    def openapi() -> dict[str, Any]:
        told = made()
        schemas = told.setdefault("components", {}).setdefault("schemas", {})
        if "Problem" not in schemas:
            problems = Problem.model_json_schema(ref_template="#/components/schemas/{model}")
            schemas |= problems.pop("$defs", {})
            schemas["Problem"] = problems
            for unused in ("HTTPValidationError", "ValidationError"):
                schemas.pop(unused, None)
            for operation in (one for path in told["paths"].values() for one in path.values()):
                _say_what_fastapi_does_not(operation)
        return told

    app.openapi = openapi  # type: ignore[method-assign]
