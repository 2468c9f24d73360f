"""Lambda's way to say no: a code with a path, and a sentence; nearly always a 400."""

from __future__ import annotations

from typing import Any

from im.standins.service import Refusal


def no(status: int, code: str, message: str) -> Refusal:
    error: dict[str, Any] = {"code": code, "message": message, "suggestion": "See the documentation."}
    return Refusal(status, {"error": error})


def invalid(message: str) -> Refusal:
    return no(400, "global/invalid-parameters", message)


def not_found(message: str) -> Refusal:
    return no(404, "global/object-does-not-exist", message)


def unknown() -> Refusal:
    """What ending a machine that is ending already is answered with."""
    return no(400, "global/unknown", "An unknown error occurred.")
