"""How an API server says no: a Status object, whose `reason` is one word for many things, and whose message tells them apart."""

from __future__ import annotations

from typing import Any

from im.standins.service import Refusal

_REASONS = {
    400: "BadRequest",
    401: "Unauthorized",
    403: "Forbidden",
    404: "NotFound",
    409: "Conflict",
    410: "Expired",
    415: "UnsupportedMediaType",
    422: "Invalid",
    504: "Timeout",
}


def status(code: int, message: str, reason: str = "", details: dict[str, Any] | None = None) -> dict[str, Any]:
    """The body of a refusal."""
    return {
        "kind": "Status",
        "apiVersion": "v1",
        "metadata": {},
        "status": "Failure",
        "message": message,
        "reason": reason or _REASONS.get(code, "InternalError"),
        "details": details or {},
        "code": code,
    }


def no(code: int, message: str, reason: str = "", details: dict[str, Any] | None = None) -> Refusal:
    return Refusal(code, status(code, message, reason, details))


def not_found(what: str, name: str) -> Refusal:
    return no(404, f'{what} "{name}" not found', details={"name": name, "kind": what})


def exists(what: str, name: str, *, going: bool) -> Refusal:
    """One reason for both; only the words tell that the old one is on its way out."""
    before = "object is being deleted: " if going else ""
    return no(409, f'{before}{what} "{name}" already exists', "AlreadyExists", {"name": name, "kind": what})


def invalid(kind: str, name: str, field: str, why: str) -> Refusal:
    causes = [{"reason": "FieldValueInvalid", "message": why, "field": field}]
    return no(422, f'{kind} "{name}" is invalid: {field}: {why}', details={"name": name, "causes": causes})


def forbidden(what: str, name: str, why: str) -> Refusal:
    return no(403, f'{what} "{name}" is forbidden: {why}', details={"name": name, "kind": what})
