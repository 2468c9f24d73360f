"""`--provider any`: the cheapest cloud that has the GPUs, and those that are tried after it was definitely refused there.

Which those are is settled as the request is made, and written with it: no cloud is asked for offers again, and what is dearer than
was allowed is never tried. The next one is opened by whoever closes the launch before, in one transaction: so there is one machine.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from functools import cache
from itertools import groupby
from typing import TYPE_CHECKING

from im.db.instances.spec import from_spec
from im.domain.errors import Refused
from im.domain.guard import GuardKind
from im.domain.spec.placement import ELSEWHERE
from im.domain.spec.spot import only_of_spot
from im.domain.state import OnExpiry
from im.providers import registry
from im.services.requests.gpus import OPTION
from im.services.requests.order import Order, order_of, plan

if TYPE_CHECKING:
    from im.context import Context
    from im.domain.access import Actor
    from im.domain.money.offer import Offer
    from im.domain.spec.plan import Plan
    from im.domain.spec.spec import Spec
    from im.services.requests.wish import Wish
    from im.settings import Settings

ANY_CLOUD = "any"
MOST = 8
"""Places, each of one cloud and account, that one request is tried at."""


def placed(ctx: Context, wish: Wish, actor: Actor, own_network: Callable[[], str]) -> Order:
    """The order that a wish comes to, wherever its cloud is to be. Raises Refused."""
    if wish.provider != ANY_CLOUD:
        return order_of(ctx.settings, _bounded(ctx.settings, wish), actor, own_network)
    wanted = _checked(wish)
    now = datetime.now(UTC)
    from im.services.money import offers  # who names a cloud asks for none

    told = offers.offers(ctx, wanted, wish.max_price, wish.deadline.after(now) - now)
    refused: Refused | None = None
    own = cache(own_network)
    orders: list[Order] = []
    for narrowed in _narrowed(wish, told.found):
        try:
            order = order_of(ctx.settings, narrowed, actor, own)
            plan(ctx.settings, order)
            orders.append(order)
        except Refused as exc:  # it has not all that was wished: the next one may
            refused = refused or exc
    if not orders:
        raise refused or Refused(
            f"no cloud that is configured here offers {wanted} for ${wish.max_price:f} an hour",
            f"im offers --gpu {wanted}",
        )
    return replace(orders[0], elsewhere=tuple(orders[1:MOST]), best=told.found[:3])


def _bounded(settings: Settings, wish: Wish) -> Wish:
    """The wish with the most that its machine may cost, where each has a price of its own. Raises Refused elsewhere."""
    if wish.max_price is None:
        return wish
    cloud, _ = settings.place_of(wish.provider, wish.account)
    if not registry.capabilities(cloud).market:
        raise only_of_spot(wish.max_price)
    return replace(wish, ask=replace(wish.ask, max_price=wish.max_price))


def _checked(wish: Wish) -> str:
    gpu = str(wish.ask.options.get(OPTION) or "")
    if not gpu:
        raise Refused("which cloud has it is asked for GPUs alone", "say --gpu h100:1, or name the cloud")
    if wish.max_price is None:
        raise Refused(
            "what it may cost decides which clouds are tried", "say --max-price USD, the most an hour may cost"
        )
    named = {"--account": wish.account, "--instance-type": wish.ask.instance_type, "--availability-zone": wish.ask.zone}
    for flag, typed in named.items():
        if typed is not None:
            told = f"{flag} belongs to one cloud, and --provider any names none"
            raise Refused(told, f"leave {flag} out, or name the cloud")
    if wish.on_expiry not in (None, OnExpiry.TERMINATE) or wish.protect or wish.keep_stopped:
        raise Refused(
            "not every cloud can stop a machine, so with --provider any its deadline terminates it",
            "leave --on-expiry, --keep-stopped and --protect out, or name the cloud",
        )
    if wish.guard not in (None, GuardKind.NONE):
        raise Refused("not every cloud has a guard of its own", "leave --guard out, or name the cloud")
    return gpu


def _narrowed(wish: Wish, found: Sequence[Offer]) -> Iterator[Wish]:
    """A wish for each run of offers of one cloud and account, the cheapest first."""
    for (cloud, account), some in groupby(found, key=lambda one: (one.provider, one.account)):
        types = ",".join(one.instance_type for one in some)
        market = registry.capabilities(cloud).market
        ask = replace(wish.ask, instance_type=types, max_price=wish.max_price if market else None)
        ends = replace(wish, on_expiry=OnExpiry.TERMINATE, guard=GuardKind.NONE, retry=False, max_price=None)
        yield replace(ends, provider=cloud, account=account, ask=ask)


def with_elsewhere(settings: Settings, order: Order, planned: Plan) -> Plan:
    """The plan with what is tried after it."""
    others = [plan(settings, one) for one in order.elsewhere]
    if not others:
        return planned
    written = [{**_place(one), "spec": from_spec(_stored(one.spec))} for one in others]
    options = {**planned.spec.provider_options, ELSEWHERE: written}
    return replace(planned, spec=replace(planned.spec, provider_options=options))


def _place(one: Plan) -> dict[str, str]:
    return {"provider": one.scope.provider, "account": one.scope.account, "region": one.scope.region}


def _stored(spec: Spec) -> Spec:
    """User data is kept once, and by the first alone."""
    return replace(spec, user_data=None)
