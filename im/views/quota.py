"""A quota, and how it stands; and read again."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from im.domain.money.amount import exact
from im.domain.people.quota import Quota, QuotaFor, Taken, Use
from im.views.cost import read_usd
from im.views.times import read_seconds, seconds


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


def read_quota(told: Mapping[str, Any]) -> Use:
    quota = Quota(
        QuotaFor(told["of"]),
        told["name"],
        told["live"],
        read_usd(told["usd_per_hour"]),
        read_seconds(told["longest_ttl_seconds"]),
        read_seconds(told["longest_life_seconds"]),
        tuple(told["types"]),
    )
    live = told["live_taken"]
    return Use(quota, None if live is None else Taken(live, read_usd(told["usd_per_hour_taken"])))
