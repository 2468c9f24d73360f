"""What a request has changed, or would change; and read again."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from typing import TYPE_CHECKING, Any

from im.domain.intent import Intent
from im.domain.state import Desired, Observed
from im.services.requests.result import Answer, Change
from im.views.instance import instance_json, read_instance
from im.views.machine import disks_json
from im.views.times import read_moment, utc

if TYPE_CHECKING:
    from im.domain.instance import Instance
    from im.views.cost import Costs


def change_json(change: Change, row: Instance, now: datetime, *, sandbox: bool, costs: Costs) -> dict[str, Any]:
    """The instance as it is by now (`row`), with what it was before; null: there was none."""
    before = change.before
    return {
        **instance_json(row, now, sandbox=sandbox, costs=costs),
        "previous_expires_at": utc(before.expires_at) if before else None,
        "previous_desired": before.desired.value if before else None,
        "previous_observed": before.observed.value if before else None,
        "previous_owner": before.owner if before else None,
    }


def answer_json(answer: Answer, *, sandbox: bool, costs: Costs) -> dict[str, Any]:
    """All changes of one request. `rang` is false where the broker did not take the doorbell: the next tick carries it out."""
    told = [change_json(one, one.after, answer.now, sandbox=sandbox, costs=costs) for one in answer.changes]
    return {"items": told, "now": utc(answer.now), "rang": answer.rang}


def read_change(told: Mapping[str, Any]) -> Change:
    after = read_instance(told)
    if told["previous_expires_at"] is None:
        return Change(None, after)
    before = replace(after, expires_at=read_moment(told["previous_expires_at"]))
    if told.get("previous_desired") is not None:
        desired, observed = Desired(told["previous_desired"]), Observed(told["previous_observed"])
        before = replace(before, desired=desired, observed=observed, owner=told["previous_owner"])
    return Change(before, after)


def read_answer(told: Mapping[str, Any]) -> Answer:
    return Answer(tuple(read_change(one) for one in told["items"]), read_moment(told["now"]), told.get("rang", True))


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
