"""Money, from Postgres and the built-in tables."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from decimal import Decimal
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from im.context import Context
    from im.domain.access import Actor
    from im.domain.money.bill import Known
    from im.domain.money.budget import Use
    from im.domain.money.offer import Offers
    from im.domain.money.report import Report


class DirectMoney:
    def __init__(self, ctx: Context, actor: Actor) -> None:
        self._ctx, self._actor = ctx, actor

    def report(self, by: str, since: timedelta) -> Report:
        from im.services.money import report

        return report.report(self._ctx, by, since)

    def budgets(self) -> Sequence[Use]:
        from im.services.money import budgets

        return budgets.uses(self._ctx)

    def my_budgets(self) -> Sequence[Use]:
        from im.services.money import budgets

        return budgets.of(self._ctx, self._ctx.settings.owner)

    def set_budget(self, owner: str, usd: Decimal) -> Use:
        from im.services.money import budgets

        return budgets.write(self._ctx, owner, usd, actor=self._actor)

    def remove_budget(self, owner: str) -> None:
        from im.services.money import budgets

        budgets.remove(self._ctx, owner, actor=self._actor)

    def prices(self, names: Sequence[str], provider: str | None, region: str | None) -> Sequence[Known]:
        from im.services.money import prices

        return prices.named(self._ctx, names, provider, region)

    def offers(self, gpu: str | None, most: Decimal | None, span: timedelta) -> Offers:
        from im.services.money import offers

        return offers.offers(self._ctx, gpu, most, span)

    def set_price(self, name: str, usd: Decimal, provider: str | None, region: str | None, *, spot: bool) -> str:
        from im.services.money import prices

        return prices.state_named(self._ctx, name, usd, provider, region, spot=spot, actor=self._actor)
