"""What a request has changed, or would change; and read again."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from im.domain.agenda import afterwards
from im.domain.intent import Intent
from im.domain.money.added import Added, added, is_moved, together
from im.domain.money.amount import exact
from im.domain.money.forecast import goes_on_costing
from im.domain.state import Desired, Observed
from im.services.requests.result import Answer, Change
from im.views.cost import read_cost, read_usd
from im.views.instance import instance_json, read_instance
from im.views.machine import disks_json
from im.views.times import read_moment, utc

if TYPE_CHECKING:
    from im.domain.instance import Instance
    from im.views.cost import Costs

AddedBy = Mapping[str, Added]
"""By instance id; without those of which no deadline was moved."""
NOTHING_ADDED: AddedBy = MappingProxyType({})


def added_by(answer: Answer, costs: Costs) -> AddedBy:
    """What each moved deadline costs, by the costs of `answer`'s rows."""
    pairs = [(one.before, one.after) for one in answer.changes if one.before is not None]
    return _added_by(pairs, answer.now, costs)


def would_add(would: Sequence[tuple[Instance, Intent]], now: datetime, costs: Costs) -> AddedBy:
    """The same of what is only rehearsed."""
    return _added_by([(row, intent.on(row)) for row, intent in would], now, costs)


def _added_by(pairs: Sequence[tuple[Instance, Instance]], now: datetime, costs: Costs) -> AddedBy:
    found = {row.id: added(row, after, costs[row.id], now) for row, after in pairs if row.id in costs}
    return {name: more for name, more in found.items() if more is not None}


def change_json(
    change: Change, row: Instance, now: datetime, *, sandbox: bool, costs: Costs, adds: AddedBy = NOTHING_ADDED
) -> dict[str, Any]:
    """The instance as it is by now (`row`), with what it was before; null: there was none."""
    before, more = change.before, adds.get(row.id)
    return {
        **instance_json(row, now, sandbox=sandbox, costs=costs),
        "previous_expires_at": utc(before.expires_at) if before else None,
        "previous_desired": before.desired.value if before else None,
        "previous_observed": before.observed.value if before else None,
        "previous_owner": before.owner if before else None,
        "usd_added": exact(more.usd) if more else None,
    }


def answer_json(answer: Answer, *, sandbox: bool, costs: Costs) -> dict[str, Any]:
    """All changes of one request. `rang` is false where the broker did not take the doorbell: the next tick carries it out."""
    adds = added_by(answer, costs)
    told = [change_json(one, one.after, answer.now, sandbox=sandbox, costs=costs, adds=adds) for one in answer.changes]
    return {"items": told, "now": utc(answer.now), "rang": answer.rang, "usd_added": _together(adds)}


def _together(adds: AddedBy) -> str | None:
    """Null where no deadline was moved, or the price of one is not known."""
    return exact(together(adds.values())) if adds else None


def read_change(told: Mapping[str, Any]) -> Change:
    after = read_instance(told)
    if told["previous_expires_at"] is None:
        return Change(None, after)
    before = replace(after, expires_at=read_moment(told["previous_expires_at"]))
    if told.get("previous_desired") is not None:
        desired, observed = Desired(told["previous_desired"]), Observed(told["previous_observed"])
        before = replace(before, desired=desired, observed=observed, owner=told["previous_owner"])
    return Change(before, after)


def read_added(told: Mapping[str, Any]) -> Added | None:
    """What is said of it in the document of a change; None where nothing was moved, or an older server says nothing."""
    change, cost = read_change(told), read_cost(told)
    if "usd_added" not in told or cost is None or change.before is None or not is_moved(change.before, change.after):
        return None
    endless = goes_on_costing(change.after, cost.rates.rules)
    return Added(read_usd(told["usd_added"]), cost.to_deadline, cost.rates, endless)


def read_answer(told: Mapping[str, Any]) -> Answer:
    return Answer(tuple(read_change(one) for one in told["items"]), read_moment(told["now"]), told.get("rang", True))


def rehearsal_json(row: Instance, intent: Intent, more: Added | None = None) -> dict[str, Any]:
    """What a dry run says: nothing was changed. Money is told where a deadline would be moved, or a machine woken."""
    return {
        "dry_run": True,
        "id": row.id,
        "name": row.name,
        "desired": intent.desired.value,
        "previous_desired": row.desired.value,
        "expires_at": utc(intent.expires_at),
        "previous_expires_at": utc(row.expires_at),
        "disks": disks_json(row.spec),
        "usd_per_hour": exact(more.rates.running if intent.desired is Desired.RUNNING else None) if more else None,
        "usd_added": exact(more.usd) if more else None,
        "usd_to_deadline": exact(more.to_deadline) if more else None,
        "usd_per_hour_afterwards": exact(afterwards(intent.on(row), more.rates)) if more else None,
        "price_source": more.rates.source or None if more else None,
    }


def rehearsals_json(would: Sequence[tuple[Instance, Intent]], now: datetime, costs: Costs) -> dict[str, Any]:
    """The same of several, and what it comes to for all of them."""
    adds = would_add(would, now, costs)
    told = [rehearsal_json(row, intent, adds.get(row.id)) for row, intent in would]
    return {"items": told, "usd_added": _together(adds)}
