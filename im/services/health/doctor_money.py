"""What `im doctor` says of time and money: machines past their deadline, and machines without a price."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from im.db import guards, notices
from im.db.read import instances
from im.domain.errors import Refused
from im.domain.input.duration import format_duration
from im.domain.input.listed import listed
from im.domain.money.amount import show
from im.domain.money.bill import Window, label_of, price_hint, sum_bills
from im.domain.state import ALIVE
from im.providers.contract import Check
from im.services.money.costs import Ledger, ledger
from im.services.money.rules import priced_in

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from im.settings import Settings

MONTH = timedelta(days=30)
TOLERATED = timedelta(seconds=60)
"""A tick and a lease may pass before a stop is on its way; what is over for longer is a fault."""


def checks(connection: Connection, now: datetime) -> Iterator[Check]:
    found = ledger(connection, instances.since(connection, now - MONTH), now)
    yield _overrun(found)
    yield _prices(found)
    yield _guards(guards.failing(connection))
    yield _notices(notices.standing(connection, now - timedelta(days=1)))


def receivers(settings: Settings) -> Iterator[Check]:
    """Does anybody answer where notices go? Asked from here, where the workers may see another network."""
    from im.channels import NotSent, configured

    fix = "mend the receiver, or IM_NOTICE_… in the environment"
    try:
        channels = configured(settings)
    except Refused as exc:
        yield Check("notices, channels", ok=False, detail=exc.message, fix=exc.hint)
        return
    for name, channel in channels.items():
        try:
            yield Check(f"notices, {name}", ok=True, detail=f"{channel.probe()} answers")
        except NotSent as exc:
            yield Check(f"notices, {name}", ok=False, detail=str(exc), fix=fix)


def _overrun(found: Ledger) -> Check:
    window = Window(found.now - MONTH, found.now)
    bills = [found.bill(row, window) for row in found.rows]
    late = sum(1 for bill in bills if bill.overrun >= timedelta(seconds=1))
    whole = sum_bills(bills)
    detail = "no machine ran past its deadline in the last 30 days"
    if late:
        over, cost = format_duration(whole.overrun), show(whole.overrun_usd)
        many = "machine" if late == 1 else "machines"
        detail = f"{late} {many} ran past the deadline in the last 30 days, {over} in all, {cost}"
    now_over = [
        row
        for row in found.rows
        if row.observed in ALIVE and found.now - row.expires_at > TOLERATED and not row.closed_at
    ]
    if now_over:
        names = listed([row.name for row in now_over], 3)
        detail += f"; right now {names}"
    return Check("overrun", ok=not now_over, detail=detail, fix=f"im why {now_over[0].name}" if now_over else "")


def _prices(found: Ledger) -> Check:
    living = [row for row in found.rows if row.closed_at is None]
    unknown = {label_of(row.spec): row for row in living if found.rates(row).compute is None}
    sources = sorted({source for row in living if (source := found.rates(row).source)})
    if unknown:
        named = sorted(unknown)
        detail = f"no price is known for {', '.join(named[:5])}"
        first = unknown[named[0]]
        asked = "" if first.spec.spot else ", or let a worker ask: it may lack the right to"
        fix = f"{price_hint(first.scope, first.spec, priced_in(first.scope))}{asked}"
        return Check("prices", ok=False, detail=detail, fix=fix)
    return Check("prices", ok=True, detail="; ".join(sources) or "nothing is running that would need one")


def _notices(standing: notices.Standing) -> Check:
    detail = f"{standing.sent} sent in the last day"
    if standing.late:
        were = "1 was" if standing.late == 1 else f"{standing.late} were"
        detail += f", {were} not taken before {'its deadline' if standing.late == 1 else 'their deadlines'}"
    if standing.failing:
        detail += f", {standing.failing} refused so far and sent again"
    ok = not (standing.late or standing.failing)
    if standing.error and not ok:
        detail += f": {standing.error}"
    return Check(
        "notices", ok=ok, detail=detail, fix="" if ok else "mend the receiver, or IM_NOTICE_… in the environment"
    )


def _guards(failing: list[tuple[str, str]]) -> Check:
    if not failing:
        return Check("guards", ok=True, detail="every guard at the cloud is as it should be")
    _, error = failing[0]
    detail = f"the cloud refuses the guard of {listed([name for name, _ in failing])}: {error}"
    return Check("guards", ok=False, detail=detail, fix="give the workers the role and the policy of docs/guard.md")
