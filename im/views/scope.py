"""A cloud's account and region, and how well it is seen."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from im.domain.explain.listing import ScopeHealth
from im.domain.scope import Scope
from im.views.times import read_utc, seconds, utc


def place_json(scope: Scope) -> dict[str, Any]:
    return {"provider": scope.provider, "account": scope.account, "region": scope.region}


def read_place(told: Mapping[str, Any]) -> Scope:
    return Scope(told["provider"], told["account"], told["region"])


def scope_json(scope: Scope, health: ScopeHealth, now: datetime) -> dict[str, Any]:
    """Null where it was never seen, or is seen well."""
    return {
        **place_json(scope),
        "refreshed_at": utc(health.refreshed_at),
        "facts_age_seconds": seconds(now - health.refreshed_at) if health.refreshed_at else None,
        "failing_since": utc(health.failing_since),
        "error_code": health.error_code,
        "error": health.error,
    }


def read_scope(told: Mapping[str, Any]) -> ScopeHealth:
    return ScopeHealth(
        read_place(told),
        read_utc(told["refreshed_at"]),
        read_utc(told["failing_since"]),
        told["error_code"],
        told["error"],
    )
