"""A machine of ours that no row has, with the same keys as an instance where the fact is the same."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from im.domain.orphan import Orphan
from im.views.times import seconds, utc


def orphan_json(one: Orphan, now: datetime, *, sandbox: bool) -> dict[str, Any]:
    seen = one.seen
    return {
        "provider_id": one.provider_id,
        "provider": one.scope.provider,
        "account": one.scope.account,
        "region": one.scope.region,
        "zone": seen.zone or None,
        "sandbox": sandbox,
        "observed": seen.state.value,
        "instance_type": seen.instance_type or None,
        "image": seen.image or None,
        "public_ip": seen.public_ip,
        "private_ip": seen.private_ip,
        "launched_at": utc(seen.launched_at),
        "first_seen_at": utc(one.first_seen_at),
        "last_seen_at": utc(one.last_seen_at),
        "seconds_known": seconds(now - one.first_seen_at),
        "tags": dict(seen.tags),
        "because": one.because,
    }
