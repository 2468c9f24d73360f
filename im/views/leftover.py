"""What im made beside machines, and nothing uses any more."""

from __future__ import annotations

from typing import Any

from im.domain.leftover import Leftover


def leftover_json(one: Leftover) -> dict[str, Any]:
    return {
        "kind": one.kind,
        "id": one.id,
        "name": one.name,
        "detail": one.detail,
        "provider": one.scope.provider,
        "account": one.scope.account,
        "region": one.scope.region,
        "gone": one.gone_at is not None,
    }
