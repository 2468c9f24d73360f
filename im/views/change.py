"""What a request has changed, or would change."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Any

from im.domain.instance import Instance
from im.domain.intent import Intent
from im.views.cost import Costs
from im.views.instance import instance_json
from im.views.machine import disks_json
from im.views.times import utc

if TYPE_CHECKING:
    from im.services.requests.result import Change


def change_json(change: Change, row: Instance, now: datetime, *, sandbox: bool, costs: Costs) -> dict[str, Any]:
    """The instance as it is by now (`row`), with what the deadline was before; null: there was none."""
    return {
        **instance_json(row, now, sandbox=sandbox, costs=costs),
        "previous_expires_at": utc(change.before.expires_at) if change.before else None,
    }


def rehearsal_json(row: Instance, intent: Intent) -> dict[str, Any]:
    """What a dry run says: nothing was changed."""
    return {
        "dry_run": True,
        "id": row.id,
        "name": row.name,
        "desired": intent.desired.value,
        "previous_desired": row.desired.value,
        "expires_at": utc(intent.expires_at),
        "previous_expires_at": utc(row.expires_at),
        "disks": disks_json(row.spec),
    }
