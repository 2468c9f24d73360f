"""Why deadlines are not enforced."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from im.domain.hold import Hold, HoldKind
from im.views.times import read_utc, utc


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


def read_hold(told: Mapping[str, Any]) -> Hold:
    return Hold(
        HoldKind(told["kind"]),
        told["reason"],
        told["next"],
        told["by"],
        read_utc(told["since"]),
        read_utc(told["until"]),
    )
