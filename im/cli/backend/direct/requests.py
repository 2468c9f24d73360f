"""Requests on instances, by the services that commit them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from im.cli.backend.direct import lean
from im.domain.errors import Unavailable

if TYPE_CHECKING:
    from im.cli.backend.wishes import Adoption
    from im.context import Context
    from im.domain.access import Actor
    from im.domain.instance import Instance
    from im.domain.intent import Deadline
    from im.domain.money.unknown_price import PriceUnknown
    from im.services.requests.order import Order
    from im.services.requests.result import Answer
    from im.services.requests.wish import Wish
    from im.views.plan import Rehearsed


class DirectRequests:
    def __init__(self, ctx: Context, actor: Actor) -> None:
        self._ctx, self._actor = ctx, actor

    def rehearse(self, wish: Wish) -> Rehearsed:
        from im.services.money.best_offers import best_offers
        from im.services.money.quotes import quote_of
        from im.services.requests import order as orders
        from im.services.requests.order import defaults_said, region_said
        from im.views.plan import Rehearsed

        settings, order = self._ctx.settings, self._order(wish)
        self._check_creation(order)
        plan, now = orders.plan(settings, order), datetime.now(UTC)
        until = order.deadline.after(now)
        quote = quote_of(self._ctx, plan, until - now, now)
        region, said = region_said(settings, order), defaults_said(settings, order)
        best = order.best or best_offers(self._ctx, plan, until - now)
        return Rehearsed(plan, quote, until, region, settings.sandbox, said, best)

    def _check_creation(self, order: Order) -> None:
        """A price is told without a database too; what limits refuse can then not be."""
        from im.services.requests import limits

        try:
            if not limits.there_are(self._ctx):
                return
        except Unavailable:
            return
        lean.load()
        from im.services.requests import create

        create.rehearse(self._ctx, order)

    def creation(self, wish: Wish) -> Callable[[], Answer]:
        lean.load()
        from im.db.address import arguments
        from im.services.requests import create

        arguments(self._ctx.settings.database_url)  # where nothing can be stored, nobody is asked for an address first
        order = self._order(wish)
        return lambda: create.create(self._ctx, order)

    def _order(self, wish: Wish) -> Order:
        from im.services.requests.anywhere import placed

        return placed(self._ctx, wish, self._actor, _own_network)

    def check_extend(self, rows: Sequence[Instance], deadline: Deadline, now: datetime, *, start: bool) -> None:
        from im.domain import intent

        self._check(rows, [intent.extend(row, now, deadline, start=start).on(row) for row in rows], now)

    def check_start(self, rows: Sequence[Instance], deadline: Deadline | None, now: datetime) -> None:
        from im.domain import intent

        self._check(rows, [intent.start(row, now, deadline).on(row) for row in rows], now)

    def _check(self, before: Sequence[Instance], after: Sequence[Instance], now: datetime) -> None:
        lean.load()
        from im.services.requests import limits

        limits.rehearse(self._ctx, before, after, now)

    def extend(self, ids: Sequence[str], deadline: Deadline, *, start: bool) -> Answer:
        lean.load()
        from im.services.requests import change

        return change.extend(self._ctx, ids, deadline, actor=self._actor, start=start)

    def start(self, ids: Sequence[str], deadline: Deadline | None) -> Answer:
        lean.load()
        from im.services.requests import change

        return change.start(self._ctx, ids, deadline, actor=self._actor)

    def stop(self, ids: Sequence[str], *, shelve: bool) -> Answer:
        lean.load()
        from im.services.requests import change

        return change.stop(self._ctx, ids, actor=self._actor, shelve=shelve)

    def terminate(self, ids: Sequence[str]) -> Answer:
        lean.load()
        from im.services.requests import change

        return change.terminate(self._ctx, ids, actor=self._actor)

    def protect(self, ids: Sequence[str], *, on: bool) -> Answer:
        lean.load()
        from im.services.requests import change

        return change.protect(self._ctx, ids, on=on, actor=self._actor)

    def give(self, ids: Sequence[str], to: str) -> Answer:
        lean.load()
        from im.services.requests import give

        return give.give(self._ctx, ids, to, actor=self._actor)

    def adopt(self, wanted: Adoption) -> Answer:
        lean.load()
        from im.services.requests import adopt

        settings = self._ctx.settings
        cloud, account = settings.place_of(wanted.provider, wanted.account)
        request = adopt.AdoptRequest(
            provider=cloud,
            account=account,
            region=wanted.region or settings.region_of(account, cloud),
            machines=wanted.machines,
            name=wanted.name,
            deadline=wanted.deadline,
            actor=self._actor,
            ssh_user=wanted.ssh_user,
            force=wanted.force,
        )
        return adopt.adopt(self._ctx, request)

    def adopt_orphans(self, machines: Sequence[str], deadline: Deadline, *, name: str | None, force: bool) -> Answer:
        lean.load()
        from im.services.requests import adopt

        return adopt.adopt_orphans(self._ctx, machines, deadline, name=name, actor=self._actor, force=force)

    def terminate_orphans(self, machines: Sequence[str], *, force: bool) -> Answer:
        lean.load()
        from im.services.requests import adopt

        return adopt.terminate_orphans(self._ctx, machines, actor=self._actor, force=force)

    def price_may_come(self, unknown: PriceUnknown) -> bool:
        from im.services.money import budgets

        return budgets.can_be_asked(self._ctx, unknown)

    def price_is_there(self, unknown: PriceUnknown) -> bool:
        from im.services.money import budgets

        return budgets.is_told(self._ctx, unknown)


def _own_network() -> str:
    """Asked for by `--ssh-from me` alone, and it takes all of urllib."""
    from im.cli.options.own_address import own_network

    return own_network()
