"""Budgets kept: a request that would spend more than there is is refused in its own transaction, so that nothing is written."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import replace
from datetime import datetime
from decimal import Decimal
from typing import TYPE_CHECKING

from im.db.money import budgets
from im.db.people import audit
from im.db.read import instances
from im.domain.access import Actor, Verb
from im.domain.errors import Refused
from im.domain.money.amount import ZERO, show
from im.domain.money.bill import Window, is_compute, label_of, price_hint
from im.domain.money.budget import EVERYBODY, Budget, Use, check
from im.domain.money.charges import month_of
from im.domain.money.forecast import goes_on_costing, runs_on
from im.domain.money.unknown_price import PriceUnknown
from im.providers import registry
from im.providers.prices import has_table
from im.services import access
from im.services.money.costs import Ledger, ledger, price_book, priced
from im.services.money.rules import priced_in, rules_of

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from im.context import Context
    from im.domain.instance import Instance


@access.counting("budget")
def enforce(connection: Connection, before: Sequence[Instance], after: Sequence[Instance], now: datetime) -> None:
    """Raises OverLimit when what `after` (written already) promises more than `before` did exceeds a budget.

    Called last in the transaction: the budget's row is locked, and only who holds it may count and commit. A request that
    promises no more than before always passes, however deep in the red a budget is.
    """
    _check(connection, before, after, now, stored=True)


def rehearse(connection: Connection, before: Sequence[Instance], after: Sequence[Instance], now: datetime) -> None:
    """The same of what is not written and will not be: nothing is locked. For an unknown price the request itself waits."""
    with suppress(PriceUnknown):
        _check(connection, before, after, now, stored=False)


def _check(
    connection: Connection, before: Sequence[Instance], after: Sequence[Instance], now: datetime, *, stored: bool
) -> None:
    if not any(runs_on(row) for row in after):
        return
    owners = {row.owner for row in after}
    if not budgets.applies_to(connection, owners):
        return
    then, new = ledger(connection, before, now), ledger(connection, after, now)
    for budget in budgets.lock(connection, owners) if stored else budgets.listed(connection):
        if budget.owner not in (EVERYBODY, *owners):
            continue
        concerned = [row for row in after if budget.owner in (EVERYBODY, row.owner)]
        ids = {row.id for row in concerned}
        asked = ZERO
        for row in concerned:
            to_come = new.promised(row)
            if to_come is None:
                raise _no_price(row, budget, new)
            asked += to_come
        asked -= sum((then.promised(row) or ZERO for row in before if row.id in ids), ZERO)
        if asked > 0:
            endless = any(goes_on_costing(row, rules_of(row.scope)) for row in concerned)
            use = _use(connection, budget, now)
            check(use if stored else replace(use, promised=use.promised + asked), asked, endless=endless)


def _no_price(row: Instance, budget: Budget, known: Ledger) -> PriceUnknown:
    other = "name a --max-price" if row.spec.spot else "take another type"
    launched = row.provider_id is not None
    items = [one for one in priced(row.scope, row.spec, None, launched=launched) if one not in known.book]
    computing = [one.name for one in items if is_compute(one.name)]
    # of several types that are tried, the one that nobody can tell, which need not be the first
    spec = replace(row.spec, instance_type=computing[0]) if computing else row.spec
    return PriceUnknown(
        f"nobody knows the price of {label_of(spec)} in {row.scope.region}, so {budget.whose} cannot be kept",
        f"state it: {price_hint(row.scope, spec, priced_in(row.scope))}; or {other}",
        items,
        row.scope.account,
    )


def can_be_asked(ctx: Context, unknown: PriceUnknown) -> bool:
    """Is there somebody who tells it? A sandbox of a cloud whose prices travel with the package has no price list."""
    cloud = unknown.items[0].provider if unknown.items else ""
    return bool(cloud) and registry.capabilities(cloud).real and not (ctx.settings.sandbox and has_table(cloud))


def is_told(ctx: Context, unknown: PriceUnknown) -> bool:
    """Has somebody told by now what computing costs, for each type that was unknown?"""
    with ctx.looking() as connection:
        book = price_book(connection, unknown.items)
    return all(one in book for one in unknown.items if is_compute(one.name))


def _use(connection: Connection, budget: Budget, now: datetime) -> Use:
    window = Window(month_of(now).since, now)
    rows = instances.since(connection, window.since, budget.owner or None)
    found = ledger(connection, rows, now)
    spent = sum((found.bill(row, window).total for row in rows), ZERO)
    to_come = {row.id: found.promised(row) for row in rows}
    unknown = sorted({label_of(row.spec) for row in rows if to_come[row.id] is None})
    promised = sum((usd for usd in to_come.values() if usd is not None), ZERO)
    return Use(budget, spent, promised, tuple(unknown))


# ---- for people ------------------------------------------------------------------------------------------------------


def uses(ctx: Context) -> list[Use]:
    """How every budget stands."""
    with ctx.begin() as connection:
        return standing(connection, ctx.clock(connection))


def standing(connection: Connection, now: datetime) -> list[Use]:
    """The same in a transaction that there is."""
    return [_use(connection, budget, now) for budget in budgets.listed(connection)]


def of(ctx: Context, owner: str) -> list[Use]:
    """How those stand in which what `owner` has is counted."""
    return [use for use in uses(ctx) if use.budget.owner in (EVERYBODY, owner)]


def write(ctx: Context, owner: str, usd: Decimal, *, actor: Actor) -> Use:
    access.ask(actor, Verb.SET_BUDGET)
    with ctx.begin() as connection:
        now = ctx.clock(connection)
        budgets.write(connection, owner, usd, actor.name, now)
        audit.record(connection, actor, "budget set", owner or "everybody", f"{show(usd)} a month", now)
        return _use(connection, Budget(owner, usd), now)


def remove(ctx: Context, owner: str, *, actor: Actor) -> None:
    access.ask(actor, Verb.SET_BUDGET)
    with ctx.begin() as connection:
        if not budgets.remove(connection, owner):
            whose = f"{owner} has" if owner else "this deployment has"
            raise Refused(f"{whose} no budget", "im budget  shows those there are")
        audit.record(connection, actor, "budget removed", owner or "everybody", "", ctx.clock(connection))
