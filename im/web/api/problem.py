"""What went wrong, as RFC 9457 has it: our error tree, with the command line's exit code and what to do next."""

from __future__ import annotations

from collections.abc import Mapping
from http import HTTPStatus
from types import MappingProxyType
from typing import Any

from pydantic import BaseModel, Field

from im.domain import errors
from im.domain.errors import ImError
from im.secret import conceal
from im.views.exits import Exit, exit_of
from im.web.answers import JSONResponse
from im.web.api.rates import TooMany

MEDIA_TYPE = "application/problem+json"
_STATUS: Mapping[type[ImError], HTTPStatus] = MappingProxyType(
    {
        errors.Refused: HTTPStatus.UNPROCESSABLE_ENTITY,
        errors.NameTaken: HTTPStatus.CONFLICT,
        errors.MachineTaken: HTTPStatus.CONFLICT,
        errors.ViewTaken: HTTPStatus.CONFLICT,
        errors.NotFound: HTTPStatus.NOT_FOUND,
        errors.NotSignedIn: HTTPStatus.UNAUTHORIZED,
        errors.Denied: HTTPStatus.FORBIDDEN,
        errors.OverLimit: HTTPStatus.FORBIDDEN,
        errors.Superseded: HTTPStatus.CONFLICT,
        TooMany: HTTPStatus.TOO_MANY_REQUESTS,
        errors.Unauthorized: HTTPStatus.BAD_GATEWAY,
        errors.NoCapacity: HTTPStatus.SERVICE_UNAVAILABLE,
        errors.Unavailable: HTTPStatus.SERVICE_UNAVAILABLE,
        errors.Uncertain: HTTPStatus.INTERNAL_SERVER_ERROR,
    }
)


class Pointer(BaseModel):
    """One thing that is wrong with what was sent."""

    pointer: str = Field(description="Where: a JSON pointer into the body, or the name of a parameter or header.")
    detail: str


class Problem(BaseModel):
    """An error, as `application/problem+json`."""

    type: str = Field(description="urn:im:error: and the code.")
    title: str
    status: int
    detail: str = Field(description="What happened, and why.")
    code: str
    exit: int = Field(description="The exit code with which the command line ends for the same.")
    next: str | None = Field(description="What to do next; null where nothing is to be done.")
    errors: list[Pointer] = Field(description="One by one what is wrong with what was sent; empty for other errors.")
    request_id: str


def status_of(error: ImError) -> HTTPStatus:
    return next((_STATUS[kind] for kind in type(error).__mro__ if kind in _STATUS), HTTPStatus.INTERNAL_SERVER_ERROR)


def of_error(error: ImError, request_id: str) -> JSONResponse:
    status = status_of(error)
    headers = {"WWW-Authenticate": "Bearer"} if status is HTTPStatus.UNAUTHORIZED else {}
    if status in (HTTPStatus.SERVICE_UNAVAILABLE, HTTPStatus.TOO_MANY_REQUESTS):
        headers["Retry-After"] = str(getattr(error, "after", 2))
    return problem(status, error.code, error.message, error.hint, request_id, exit_code=exit_of(error), headers=headers)


def problem(
    status: int,
    code: str,
    detail: str,
    hint: str,
    request_id: str,
    *,
    exit_code: int = Exit.USAGE,
    errors: list[dict[str, str]] | None = None,
    headers: Mapping[str, str] | None = None,
    more: Mapping[str, Any] | None = None,
) -> JSONResponse:
    body = {
        "type": f"urn:im:error:{code}",
        "title": HTTPStatus(status).phrase,
        "status": int(status),
        "detail": conceal(detail),
        "code": code,
        "exit": int(exit_code),
        "next": hint or None,  # ours to say, and no secret in it
        "errors": [{name: conceal(said) for name, said in one.items()} for one in errors or ()],
        "request_id": request_id,
        **(more or {}),
    }
    return JSONResponse(body, status_code=status, media_type=MEDIA_TYPE, headers=dict(headers or {}))


def changed_since(told: str, request_id: str, *, hint: str = "look at it again", **as_it_is: Any) -> JSONResponse:
    """412: what If-Match names is not there any more; `as_it_is` is what there is."""
    return problem(412, "precondition_failed", told, hint, request_id, exit_code=Exit.SUPERSEDED, more=as_it_is)


def answers(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """For OpenAPI: what may come beside the good answer."""
    told = {"content": {MEDIA_TYPE: {"schema": {"$ref": "#/components/schemas/Problem"}}}}
    return {status: {**told, "description": HTTPStatus(status).phrase} for status in statuses}


def rehearsed(document: type[BaseModel], others: Mapping[int | str, dict[str, Any]]) -> dict[int | str, dict[str, Any]]:
    """The same for a request that can be rehearsed: 200 with what it would come to, and nothing is stored."""
    return {200: {"model": document, "description": "With `dry_run`: what it would come to."}, **others}
