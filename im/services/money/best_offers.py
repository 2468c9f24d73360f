"""What a launch on a market would try first: asked of the cloud for a rehearsal, by this process's own credentials."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING, Protocol, cast

from im.domain.errors import ImError
from im.domain.money.bill import for_span
from im.providers import registry
from im.providers.errors import ProviderError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from im.context import Context
    from im.domain.money.offer import Offer
    from im.domain.scope import Scope
    from im.domain.spec.plan import Plan
    from im.domain.spec.spec import Spec

SHOWN = 3


class _Market(Protocol):
    def best(self, scope: Scope, spec: Spec, number: int) -> Sequence[Offer]: ...


def best_offers(ctx: Context, plan: Plan, span: timedelta) -> tuple[Offer, ...]:
    """The best first, each with the bill for `span`; none where its cloud is no market, or tells this process nothing."""
    if not registry.capabilities(plan.scope.provider).market:
        return ()
    try:
        provider = registry.connect(plan.scope.provider, ctx.settings, "im-offers", plan.scope.account)
        found = cast(_Market, provider.prices).best(plan.scope, plan.spec, SHOWN)
    except (ProviderError, ImError):
        return ()
    bills = [None if one.usd_per_hour is None else for_span(one.usd_per_hour, span) for one in found]
    return tuple(replace(one, usd_to_deadline=usd) for one, usd in zip(found, bills, strict=True))
