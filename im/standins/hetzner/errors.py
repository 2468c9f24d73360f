"""Hetzner's way to say no: a status, and a code that decides."""

from __future__ import annotations

from typing import Any

from im.standins.service import Refusal


def no(status: int, code: str, message: str, details: dict[str, Any] | None = None) -> Refusal:
    return Refusal(status, {"error": {"code": code, "message": message, "details": details}})


def not_found(what: str, number: object) -> Refusal:
    return no(404, "not_found", f"{what} with ID '{number}' not found")


def invalid(field: str, message: str) -> Refusal:
    details = {"fields": [{"name": field, "messages": [message]}]}
    return no(422, "invalid_input", f"invalid input in field '{field}'", details)


def taken(what: str) -> Refusal:
    return no(409, "uniqueness_error", f"{what} is already used")


def locked() -> Refusal:
    return no(423, "locked", "server is locked")
