"""What one more row costs a list, in calls of functions: the same on every machine, however busy."""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import UTC
from decimal import Decimal
from types import FrameType
from typing import Any

from markupsafe import escape

from im.domain.access import Actor
from im.domain.event import Channel
from im.domain.instance import Instance
from im.domain.money.bill import IPV4, Item, Price, disk_item
from im.domain.money.usage import Kind, UsageInterval
from im.services.money.costs import Ledger
from im.views.instance import instances_json
from im.web.page.instances import COLUMNS
from im.web.page.rows import LINKED, drawn
from im.web.page.shown import shown
from im.web.page.site import part
from tests.unit.rows import NOW, RUNNING

FEW, MORE = 20, 100
PAGE, DOCUMENT = 240, 150
"""Calls at most, for a row more with every column, and for a document."""


def test_one_more_row_on_the_page_takes_few_calls() -> None:
    chosen, macro = tuple(COLUMNS.items()), part("parts/row.html").row

    def draw(rows: Sequence[Instance], books: Ledger) -> object:
        costs = {row.id: books.cost(row) for row in rows}
        told = shown(rows, NOW, costs, Actor.admin("ada", Channel.WEB), UTC)
        where = dict.fromkeys(LINKED, escape("/"))
        return [drawn(macro, one, where, chosen) for one in told]

    assert _calls_of_a_row(draw) <= PAGE


def test_one_more_document_takes_few_calls() -> None:
    def write(rows: Sequence[Instance], books: Ledger) -> object:
        return instances_json(rows, NOW, sandbox=False, costs={row.id: books.cost(row) for row in rows})

    assert _calls_of_a_row(write) <= DOCUMENT


def _calls_of_a_row(work: Callable[[Sequence[Instance], Ledger], object]) -> float:
    rows = [replace(RUNNING, id=f"im-{n}", name=f"web-{n}") for n in range(FEW + MORE)]
    work(rows, _ledger(rows))  # what is looked up once, in a process
    few, all_of_them = (_calls(lambda one=rows[:n]: work(one, _ledger(one))) for n in (FEW, FEW + MORE))
    made, more = (_calls(lambda one=rows[:n]: _ledger(one)) for n in (FEW, FEW + MORE))
    return (all_of_them - few - (more - made)) / MORE


def _ledger(rows: Sequence[Instance]) -> Ledger:
    """Each has run since it was launched, and its disk has been there."""
    place, since = (RUNNING.scope.provider, RUNNING.scope.region), NOW.replace(year=2029)
    names = {RUNNING.spec.instance_type: "0.0058", IPV4: "0.005", disk_item("gp3"): "0.08"}
    book = {Item(*place, name): (Price(Decimal(usd), since, "a list"),) for name, usd in names.items()}
    intervals = {
        row.id: [
            UsageInterval(
                row.id, kind, 1, row.created_at, True, row.created_at, address=True, disk_gb=8, disk_type="gp3"
            )
            for kind in Kind
        ]
        for row in rows
    }
    return Ledger(tuple(rows), intervals, {}, book, NOW)


def _calls(work: Callable[[], object]) -> int:
    count = 0

    def saw(frame: FrameType, event: str, given: Any) -> None:
        nonlocal count
        count += event in ("call", "c_call")

    before = sys.getprofile()
    sys.setprofile(saw)
    try:
        work()
    finally:
        sys.setprofile(before)
    return count
