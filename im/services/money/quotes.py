"""What machines would cost that nobody has asked for yet: of what no table tells, a cloud is asked."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from im.domain.errors import ImError
from im.domain.money.bill import Item, Price
from im.domain.money.forecast import Rates, rates
from im.domain.money.quote import Quote
from im.domain.scope import Scope
from im.domain.spec.spec import SPOTS, Spec
from im.domain.state import OnExpiry
from im.providers.prices import built_in, is_whole
from im.services.money.costs import expected_of, price_book, priced
from im.services.money.prices import ask
from im.services.money.rules import rules_of

if TYPE_CHECKING:
    from im.context import Context
    from im.domain.spec.plan import Plan


def quote(ctx: Context, scope: Scope, spec: Spec) -> Rates:
    """What an hour of a machine that nobody has asked for yet would cost; by the built-in table where there is no database.

    What no table can tell (a spot price, a cloud without a whole table) is asked of the cloud, if this process has credentials.
    """
    parts = expected_of(scope, spec)
    items = set(priced(scope, spec, parts.disk_type))
    book: dict[Item, Sequence[Price]]
    try:
        with ctx.looking() as connection:
            book, now = price_book(connection, items), ctx.clock(connection)
    except ImError:
        book = {one: (price,) for one in items if (price := built_in(one)) is not None}
        now = datetime.now(UTC)
    unknown = [one for one in items if one not in book and (one.market in SPOTS or not is_whole(one.provider))]
    if unknown:
        book |= ask(ctx.settings, scope, unknown)
    return rates(scope, spec, parts, book, now, rules=rules_of(scope))


def quote_of(ctx: Context, plan: Plan, span: timedelta, now: datetime) -> Quote:
    """What a plan comes to from `now` on for `span`."""
    found = quote(ctx, plan.scope, plan.spec)
    endless = found.rules.stop_saves_nothing and plan.on_expiry is OnExpiry.STOP and plan.keep_stopped is None
    return Quote(found, plan.count, span, plan.spec.spot is not None, now, endless)
