"""What machines of one kind are charged by where they are: looked up once, however many machines there are of it."""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from dataclasses import replace
from functools import cached_property

from im.domain.money.bill import IPV4, VOLUMES, Price, PriceBook, disk_item, has_more_disks, label_of, monthly_item
from im.domain.money.charges import Tariff
from im.domain.money.rules import BillingRules
from im.domain.money.zones import prices_of
from im.domain.scope import Scope
from im.domain.spec.spec import SPOTS, Spec


def kind_of(scope: Scope, spec: Spec, zone: str) -> Hashable:
    """The same for two machines: every price of the one is the other's too."""
    where = zone if spec.market in SPOTS else ""
    return scope, spec.instance_type, where, spec.windows, spec.spot, spec.disks, spec.candidates


class PriceList:
    """Prices out of `book`, oldest first; nothing where none is known."""

    def __init__(self, scope: Scope, spec: Spec, zone: str, book: PriceBook, rules: BillingRules) -> None:
        self.rules = rules
        self._scope, self._spec, self._zone, self._book = scope, spec, zone, book
        self._disks: dict[str, Sequence[Price]] = {}
        self._beside: dict[str | None, frozenset[str]] = {}

    @cached_property
    def compute(self) -> Tariff:
        by_type = self._tariff(self._spec.instance_type)
        beside = self.rules.computing_beside(self._spec)
        if not beside:
            return by_type
        return replace(by_type, hourly=[replace(one, usd=one.usd + beside) for one in by_type.hourly])

    @cached_property
    def address(self) -> Tariff:
        return self._tariff(IPV4)

    @cached_property
    def label(self) -> str:
        """The type, as it is called where its price is missing."""
        return label_of(self._spec)

    def disk(self, disk_type: str) -> Sequence[Price]:
        """Per GB and month."""
        if disk_type not in self._disks:
            self._disks[disk_type] = prices_of(self._scope, self._spec, disk_item(disk_type), self._book, self.rules)
        return self._disks[disk_type]

    def beside(self, disk_type: str | None) -> frozenset[str]:
        """What is paid for beside a disk of that type, and has no price here."""
        if disk_type not in self._beside:
            self._beside[disk_type] = frozenset({VOLUMES} if has_more_disks(self._spec, disk_type) else ())
        return self._beside[disk_type]

    def _tariff(self, name: str) -> Tariff:
        scope, spec = self._scope, self._spec
        caps = prices_of(scope, spec, monthly_item(name), self._book, self.rules) if self.rules.monthly_cap else ()
        return Tariff(prices_of(scope, spec, name, self._book, self.rules, self._zone), caps)
