"""Crusoe's way to say no: a flat body with a code and a sentence."""

from __future__ import annotations

from im.standins.service import Refusal


def no(status: int, code: str, message: str) -> Refusal:
    return Refusal(status, {"code": code, "message": message})


def bad(message: str) -> Refusal:
    return no(400, "bad_request", message)


def not_found(what: str) -> Refusal:
    return no(404, "not_found", f"{what} not found")


def conflict(message: str) -> Refusal:
    return no(409, "conflict", message)
