"""A failure: its code, what happened, what to type next, and the exit code that stands for its kind."""

from __future__ import annotations

from typing import Any


def error_json(code: str, message: str, hint: str, exit_code: int) -> dict[str, Any]:
    return {"error": {"code": code, "message": message, "hint": hint, "exit": exit_code}}
