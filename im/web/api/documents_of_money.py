"""The shapes of answers about money: see `im.web.api.documents`."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from im.web.api.documents import BillDocument, Document, OfferDocument, Usd


class AgendaItem(Document):
    id: str
    name: str
    owner: str
    instance_type: str
    sandbox: bool
    at: str
    what: Literal["stop", "terminate"]
    lent_until: str | None = Field(description="When its host takes it back, whatever its deadline says.")
    protected: bool
    keep_stopped_seconds: int | None
    usd_to_deadline: Usd | None
    usd_per_hour_saved: Usd | None
    usd_per_hour_afterwards: Usd | None
    note: str | None
    price_source: str | None


class AgendaDocument(Document):
    items: list[AgendaItem]


class ExactCost(BillDocument):
    """The same unrounded."""

    usd_to_deadline: Usd | None
    at_most: bool


class CostLine(Document):
    group: str
    instances: int
    usd: Usd | None
    usd_compute: Usd | None
    usd_address: Usd | None
    usd_disk_running: Usd | None
    usd_disk_stopped: Usd | None
    usd_snapshot: Usd | None
    usd_to_deadline: Usd | None
    usd_overrun: Usd | None
    seconds_overrun: int
    seconds_running: int
    seconds_stopped: int
    seconds_doubtful: int
    unknown: list[str]
    exact: ExactCost


class CostDocument(Document):
    by: str
    since: str
    until: str
    sandbox: bool
    sources: list[str]
    lines: list[CostLine]
    total: CostLine


class BudgetDocument(Document):
    owner: str | None = Field(description="Null for everybody together.")
    usd_per_month: Usd
    usd_spent: Usd
    usd_promised: Usd
    usd_left: Usd
    unknown: list[str]


class BudgetsDocument(Document):
    items: list[BudgetDocument]


class PriceItem(Document):
    provider: str
    region: str
    zone: str | None = None
    item: str
    market: str
    usd: Usd | None
    per: str
    since: str | None
    source: str | None


class PricesDocument(Document):
    items: list[PriceItem]


class StatedDocument(Document):
    item: str
    region: str = Field(description="Where it holds.")


class SilentDocument(Document):
    """A cloud that told nothing, and why."""

    provider: str
    account: str | None
    why: str


class OffersDocument(Document):
    asked_at: str
    items: list[OfferDocument]
    silent: list[SilentDocument]
