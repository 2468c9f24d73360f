"""How well im sees and enforces, read again too; what the doctor found, and how far the database is migrated."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from im.domain.explain.alarm import Alarm, Blind
from im.domain.explain.listing import Listing, Summary
from im.domain.instance import Instance
from im.domain.money.amount import unrounded
from im.views.hold import hold_json, read_hold
from im.views.scope import place_json, read_place, read_scope, scope_json
from im.views.times import precise, read_moment, read_span, read_utc, utc

if TYPE_CHECKING:
    from im.db.schema.migrate import Schema
    from im.providers.contract import Check


def fleet_json(seen: Listing, *, sandbox: bool) -> dict[str, Any]:
    by_place = sorted(seen.health.items(), key=lambda one: str(one[0]))
    return {
        "now": utc(seen.now),
        "sandbox": sandbox,
        "scopes": [scope_json(scope, health, seen.now) for scope, health in by_place],
        "holds": [hold_json(hold) for hold in seen.holds],
        "alarms": [alarm_json(alarm, seen) for alarm in seen.alarms],
        "orphans": {"count": seen.orphans.count, "since": utc(seen.orphans.since)},
    }


def alarm_json(alarm: Alarm, seen: Listing) -> dict[str, Any]:
    """`blind_since` is null where its scope is seen; `usd` where no price is known."""
    return {
        **place_json(alarm.scope),
        "count": alarm.count,
        "longest_seconds": precise(alarm.longest),
        "error_codes": list(alarm.codes),
        "blind_since": utc(alarm.blind.since) if alarm.blind else None,
        "blind_because": alarm.blind.reason if alarm.blind else None,
        "usd": unrounded(alarm.usd),
        "sentence": alarm.sentence(seen.now),
    }


def read_alarm(told: Mapping[str, Any]) -> Alarm:
    since = read_utc(told["blind_since"])
    return Alarm(
        read_place(told),
        told["count"],
        read_span(told["longest_seconds"]),
        Blind(since, told["blind_because"]) if since is not None else None,
        tuple(told["error_codes"]),
        None if told["usd"] is None else Decimal(told["usd"]),
    )


def read_fleet(told: Mapping[str, Any], rows: Sequence[Instance] = (), *, named: bool = False) -> Listing:
    """`named`: the rows were named one by one, and what is told with the list of everything is not told with them."""
    health = [read_scope(one) for one in told["scopes"]]
    seen = Listing(
        tuple(rows),
        read_moment(told["now"]),
        {one.scope: one for one in health},
        tuple(read_hold(one) for one in told["holds"]),
    )
    if named:
        return seen
    orphans = Summary(told["orphans"]["count"], read_utc(told["orphans"]["since"]))
    return replace(seen, alarms=tuple(read_alarm(one) for one in told["alarms"]), orphans=orphans)


# ---- what the doctor found -------------------------------------------------------------------------------------------


def checks_json(checks: Sequence[Check], *, sandbox: bool) -> dict[str, Any]:
    told = [{"name": one.name, "ok": one.ok, "detail": one.detail, "mend": one.fix} for one in checks]
    return {"ok": all(one.ok for one in checks), "sandbox": sandbox, "checks": told}


def schema_json(found: Schema) -> dict[str, Any]:
    return {"current": found.current, "head": found.head, "up_to_date": found.ok}
