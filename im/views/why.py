"""Why an instance is in its state, and what happens next."""

from __future__ import annotations

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
    }
