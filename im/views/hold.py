"""Why deadlines are not enforced, and what a copied or restored database would do if it were told to act."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from im.domain.explain.resumption import Resumption
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


def resumption_json(seen: Resumption, *, resumed: bool) -> dict[str, Any]:
    """`would` is in the order in which it would be done; `resumed`: it was told to act."""
    would = [
        {
            "name": one.row.name,
            "id": one.row.id,
            "owner": one.row.owner,
            "provider_id": one.row.provider_id,
            "state": one.row.observed.value,
            "do": one.effect.value,
            "at": utc(one.at),
            "because": one.because,
        }
        for one in seen.consequences
    ]
    return {"resumed": resumed, "holds": [hold_json(hold) for hold in seen.holds], "would": would}
