"""What im made beside machines, and nothing uses any more; and read again."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from im.domain.leftover import Leftover, Survey
from im.views.scope import place_json, read_place
from im.views.times import read_utc, utc


def leftover_json(one: Leftover) -> dict[str, Any]:
    """`condemned_at`: somebody said that it may go; `error`: why it could not be taken away."""
    return {
        "kind": one.kind,
        "id": one.id,
        "name": one.name,
        "detail": one.detail,
        **place_json(one.scope),
        "gone": one.gone_at is not None,
        "condemned_at": utc(one.condemned_at),
        "gone_at": utc(one.gone_at),
        "error": one.error,
    }


def read_leftover(told: Mapping[str, Any]) -> Leftover:
    return Leftover(
        read_place(told),
        0,  # which number a scope has is nobody's business
        told["id"],
        told["kind"],
        told["name"],
        told["detail"],
        read_utc(told["condemned_at"]),
        read_utc(told["gone_at"]),
        told["error"],
    )


def survey_json(seen: Survey) -> dict[str, Any]:
    """`open`: so many scopes still have to be looked at or swept by a worker."""
    return {
        "items": [leftover_json(one) for one in seen.found],
        "troubles": [{**place_json(scope), "reason": why} for scope, why in seen.troubles.items()],
        "open": seen.open,
    }


def read_survey(told: Mapping[str, Any]) -> Survey:
    troubles = {read_place(one): one["reason"] for one in told["troubles"]}
    return Survey(tuple(read_leftover(one) for one in told["items"]), troubles, told["open"])
