"""Is it there, is it ready, which version is it: what a load balancer and a client ask first. Nothing is told of the fleet."""

from __future__ import annotations

from fastapi import APIRouter
from sqlalchemy import text
from starlette.requests import Request
from starlette.responses import Response

from im import __version__
from im.web.answers import JSONResponse
from im.web.api.documents_of_fleet import HealthDocument, VersionDocument
from im.web.api.problem import answers

router = APIRouter(tags=["health"])


@router.get("/healthz", operation_id="get_health", response_model=HealthDocument)
def get_health() -> Response:
    """This process answers."""
    return JSONResponse({"ok": True})


@router.get("/readyz", operation_id="get_readiness", response_model=HealthDocument, responses=answers(503))
def get_readiness(request: Request) -> Response:
    """The database answers too. The broker is not asked: requests are stored without it."""
    with request.app.state.ctx.begin() as connection:
        connection.execute(text("SELECT 1"))
    return JSONResponse({"ok": True})


@router.get("/version", operation_id="get_version", response_model=VersionDocument)
def get_version() -> Response:
    return JSONResponse({"version": __version__, "api": "v1"})
