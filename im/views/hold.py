"""Why deadlines are not enforced."""

from __future__ import annotations

from typing import Any

from im.domain.hold import Hold
from im.views.times import utc


def hold_json(hold: Hold) -> dict[str, Any]:
    """`until` is null for what lasts until it is mended."""
    return {
        "kind": hold.kind.value,
        "reason": hold.reason,
        "next": hold.fix,
        "by": hold.by,
        "since": utc(hold.since),
        "until": utc(hold.until),
    }
