"""A cloud's account and region, and how well it is seen."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Any

from im.domain.scope import Scope
from im.views.times import seconds, utc

if TYPE_CHECKING:
    from im.db.read.health import ScopeHealth


def scope_json(scope: Scope, health: ScopeHealth, now: datetime) -> dict[str, Any]:
    """Null where it was never seen, or is seen well."""
    return {
        "provider": scope.provider,
        "account": scope.account,
        "region": scope.region,
        "refreshed_at": utc(health.refreshed_at),
        "facts_age_seconds": seconds(now - health.refreshed_at) if health.refreshed_at else None,
        "failing_since": utc(health.failing_since),
        "error_code": health.error_code,
        "error": health.error,
    }
