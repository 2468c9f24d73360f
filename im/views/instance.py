"""An instance: as it stands in a list, and with all that is told of it alone."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any

from im.domain.explain.phase import phase
from im.domain.instance import Instance
from im.views.cost import NO_COSTS, Costs, cost_json
from im.views.event import event_json
from im.views.guard import guard_json
from im.views.machine import machine_json
from im.views.times import seconds, utc

if TYPE_CHECKING:
    from im.domain.event import Event
    from im.domain.guard import Guard


def instance_json(row: Instance, now: datetime, *, sandbox: bool, costs: Costs = NO_COSTS) -> dict[str, Any]:
    return {
        "id": row.id,
        "name": row.name,
        "owner": row.owner,
        "provider": row.scope.provider,
        "account": row.scope.account,
        "region": row.scope.region,
        "zone": row.zone or row.spec.zone or None,
        "sandbox": sandbox,
        "provider_id": row.provider_id,
        "instance_type": row.spec.instance_type,
        "image": row.spec.image,
        "status": phase(row, now).word,
        "desired": row.desired.value,
        "observed": row.observed.value,
        "observed_at": utc(row.observed_at),
        "settled": row.settled,
        "failed": row.failed,
        "generation": row.generation,
        "why": row.why.value,
        "by": row.by,
        "public_ip": row.public_ip,
        "private_ip": row.private_ip,
        "ssh_user": row.spec.ssh_user,
        "created_at": utc(row.created_at),
        "launched_at": utc(row.launched_at),
        "expires_at": utc(row.expires_at),
        "seconds_left": max(0, int((row.expires_at - now).total_seconds())),
        "on_expiry": row.on_expiry.value,
        "keep_stopped_seconds": seconds(row.keep_stopped),
        "ends_at": utc(row.ends_at if row.stopped_by_ttl and not row.protected else None),
        "protected": row.protected,
        "error_code": row.error_code,
        "error": row.error,
        "closed_at": utc(row.closed_at),
        "tags": row.spec.tags,
        **machine_json(row.spec),
        **cost_json(costs.get(row.id)),
    }


def detail_json(
    row: Instance,
    now: datetime,
    *,
    sandbox: bool,
    costs: Costs,
    refreshed_at: datetime | None,
    guard: Guard | None,
    events: Sequence[Event],
) -> dict[str, Any]:
    """`refreshed_at`: when the cloud was last looked at for it; None: never."""
    return {
        **instance_json(row, now, sandbox=sandbox, costs=costs),
        "facts_age_seconds": seconds(now - refreshed_at) if refreshed_at else None,
        "guard": guard_json(guard),
        "events": [event_json(event) for event in events],
    }
