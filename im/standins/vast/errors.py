"""Vast's ways to say no: a word and a sentence, sometimes under 200; and what comes too often, in either of two forms."""

from __future__ import annotations

from typing import Any

from im.standins.service import Refusal


def no(status: int, error: str, msg: str, **more: Any) -> Refusal:
    return Refusal(status, {"success": False, "error": error, "msg": msg, **more})


def too_often(threshold: float, *, plain: bool) -> Refusal:
    told = f"API requests too frequent endpoint threshold={threshold}"
    return Refusal(429, told) if plain else Refusal(429, {"detail": told})
