"""Why an instance is in its state, and what happens next; and read again."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from im.domain.explain.phase import phase
from im.domain.explain.why import Explanation
from im.domain.instance import Instance


def why_json(row: Instance, told: Explanation, now: datetime, *, sandbox: bool) -> dict[str, Any]:
    return {
        "id": row.id,
        "name": row.name,
        "status": phase(row, now).word,
        "sandbox": sandbox,
        "because": told.because,
        "next": told.next,
        "type": told.type or None,
        "turn": told.turn or None,
        "if_gone": told.if_gone or None,
    }


def read_why(told: Mapping[str, Any]) -> Explanation:
    return Explanation(
        told["because"], told["next"], told["type"] or "", told.get("turn") or "", told.get("if_gone") or ""
    )
