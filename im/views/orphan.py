"""A machine of ours that no row has, with the same keys as an instance where the fact is the same; and read again."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from im.domain.orphan import Orphan
from im.domain.sighting import Sighting
from im.domain.state import Observed
from im.views.scope import place_json, read_place
from im.views.times import read_moment, read_utc, seconds, utc


def orphan_json(one: Orphan, now: datetime, *, sandbox: bool) -> dict[str, Any]:
    seen = one.seen
    return {
        "provider_id": one.provider_id,
        **place_json(one.scope),
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


def read_orphan(told: Mapping[str, Any]) -> Orphan:
    seen = Sighting(
        told["provider_id"],
        Observed(told["observed"]),
        told["zone"] or "",
        told["public_ip"],
        told["private_ip"],
        read_utc(told["launched_at"]),
        tags=told["tags"],
        instance_type=told["instance_type"] or "",
        image=told["image"] or "",
    )
    return Orphan(
        read_place(told), seen, read_moment(told["first_seen_at"]), read_moment(told["last_seen_at"]), told["because"]
    )
