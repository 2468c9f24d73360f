"""The table of Google's prices that travels with im is made of its facts, and agrees with them."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path

import pytest

from im.domain.money.bill import IPV4, Item
from im.providers.gcp import table
from im.providers.gcp.shapes import Shape, shape
from im.providers.prices import built_in

PRICES = Path(__file__).parents[3] / "im" / "providers" / "prices"


def test_the_table_is_what_its_facts_make() -> None:
    made = table.written(table.expanded(table.facts(PRICES / "facts" / "gcp.csv")))
    assert list(made) == (PRICES / "gcp.csv").read_text().splitlines()


def test_a_type_is_the_sum_of_its_parts_and_a_newer_fact_of_the_type_itself_goes_before_it() -> None:
    def price(region: str, name: str) -> tuple[Decimal, str]:
        found = built_in(Item("gcp", region, name))
        assert found is not None
        return found.usd, found.source

    assert price("us-central1", "e2-small") == (Decimal("0.016752855"), "built-in table of 2025-03-02")
    assert price("us-central1", "n2-standard-4")[0] == Decimal("0.194236")
    assert price("asia-southeast1", "e2-small") == (Decimal("0.0196"), "built-in table of 2026-02-27")
    assert price("us-east1", "disk:pd-balanced")[0] == Decimal("0.1")
    assert price("europe-west1", IPV4)[0] == Decimal("0.005")
    assert built_in(Item("gcp", "us-central1", "a3-highgpu-8g")) is None


@pytest.mark.parametrize(
    ("name", "made_of"),
    [
        ("e2-micro", Shape("e2", Decimal("0.25"), Decimal(1))),
        ("n1-highmem-4", Shape("n1", Decimal(4), Decimal(26))),
        ("e2-custom-2-5120", Shape("e2", Decimal(2), Decimal(5))),
        ("n2-custom-2-4096", None),
        ("n2-highmem-128", None),
        ("g2-standard-4", None),
    ],
)
def test_what_a_type_is_billed_as(name: str, made_of: Shape | None) -> None:
    assert shape(name) == made_of
