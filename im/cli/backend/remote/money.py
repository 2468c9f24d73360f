"""Money, from the API's documents."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import timedelta
from decimal import Decimal
from typing import TYPE_CHECKING
from urllib.parse import quote

from im.cli.backend.remote.link import Link
from im.domain.money.budget import EVERYBODY
from im.views.budget import read_budget

if TYPE_CHECKING:
    from im.domain.money.bill import Known
    from im.domain.money.budget import Use
    from im.domain.money.offer import Offers
    from im.domain.money.report import Report


class RemoteMoney:
    def __init__(self, link: Link, me: Callable[[], str]) -> None:
        self._link, self._me = link, me

    def report(self, by: str, since: timedelta) -> Report:
        from im.views.cost import read_report

        told = self._link.get("/cost", {"by": by, "since": f"{int(since.total_seconds())}s"})
        return self._link.read(read_report, told)

    def budgets(self) -> Sequence[Use]:
        return self._link.read(lambda told: [read_budget(one) for one in told["items"]], self._link.get("/budgets"))

    def my_budgets(self) -> Sequence[Use]:
        found = self.budgets()
        return [use for use in found if use.budget.owner in (EVERYBODY, self._me())] if found else []

    def set_budget(self, owner: str, usd: Decimal) -> Use:
        told = self._link.put("PUT", f"/budgets/{_whose(owner)}", {"usd_per_month": f"{usd:f}"})
        return self._link.read(read_budget, told, stored=True)

    def remove_budget(self, owner: str) -> None:
        self._link.put("DELETE", f"/budgets/{_whose(owner)}")

    def prices(self, names: Sequence[str], provider: str | None, region: str | None) -> Sequence[Known]:
        from im.views.price import read_price

        told = self._link.get("/prices", {"item": list(names), "provider": provider, "region": region})
        return self._link.read(lambda one: [read_price(price) for price in one["items"]], told)

    def offers(self, gpu: str | None, most: Decimal | None, span: timedelta) -> Offers:
        from im.views.offer import read_offers

        asked = {"gpu": gpu, "max_price": None if most is None else f"{most:f}"}
        told = self._link.get("/offers", {**asked, "duration": f"{int(span.total_seconds())}s"})
        return self._link.read(read_offers, told)

    def set_price(self, name: str, usd: Decimal, provider: str | None, region: str | None, *, spot: bool) -> str:
        form = {"item": name, "usd": f"{usd:f}", "spot": spot, "provider": provider, "region": region}
        told = self._link.put("PUT", "/prices", {key: value for key, value in form.items() if value is not None})
        return str(told["region"])


def _whose(owner: str) -> str:
    return "everybody" if owner == EVERYBODY else quote(owner, safe="")
