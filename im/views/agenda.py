"""What is going to end by itself: one line for each instance."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from im.domain import agenda
from im.domain.instance import Instance
from im.domain.money.amount import exact
from im.views.times import seconds, utc

if TYPE_CHECKING:
    from im.domain.money.cost import Cost


def agenda_json(row: Instance, cost: Cost, *, sandbox: bool) -> dict[str, Any]:
    return {
        "id": row.id,
        "name": row.name,
        "owner": row.owner,
        "instance_type": row.spec.instance_type,
        "sandbox": sandbox,
        "at": utc(agenda.at(row)),
        "what": agenda.what(row).value,
        "lent_until": utc(agenda.lent_until(row)),
        "protected": row.protected,
        "keep_stopped_seconds": seconds(row.keep_stopped),
        "usd_to_deadline": exact(cost.to_deadline),
        "usd_per_hour_saved": exact(agenda.saves(row, cost.rates)),
        "usd_per_hour_afterwards": exact(agenda.afterwards(row, cost.rates)),
        "note": agenda.note(row, cost.rates) or None,
        "price_source": cost.rates.source or None,
    }
