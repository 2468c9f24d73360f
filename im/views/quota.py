"""A quota, and how it stands."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from im.domain.money.amount import exact
from im.views.times import seconds

if TYPE_CHECKING:
    from im.services.people.quotas import Use


def quota_json(use: Use) -> dict[str, Any]:
    """What is taken is null for a role, each of whose users has it alone; so is a sum of which a price is not known."""
    quota, taken = use.quota, use.taken
    limit = quota.usd_per_hour
    usd = taken.usd_per_hour if taken else None
    return {
        "of": quota.of.value,
        "name": quota.name,
        "live": quota.live,
        "usd_per_hour": None if limit is None else exact(limit),
        "longest_ttl_seconds": seconds(quota.longest_ttl),
        "longest_life_seconds": seconds(quota.longest_life),
        "types": list(quota.types),
        "live_taken": taken.live if taken else None,
        "usd_per_hour_taken": None if usd is None else exact(usd),
    }
