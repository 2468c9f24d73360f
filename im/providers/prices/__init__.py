"""The dated price tables that travel with the package: what holds until a cloud's own price list was asked."""

from __future__ import annotations

import csv
from collections.abc import Mapping
from datetime import UTC, datetime
from decimal import Decimal
from functools import cache
from importlib.resources import files

from im.domain.cost import Item, Price


@cache
def built_in(provider: str) -> Mapping[Item, Price]:
    """Every price of the table of `provider`, each with its date; empty for a provider without a table."""
    path = files(__name__) / f"{provider}.csv"
    if not provider.isidentifier() or not path.is_file():
        return {}
    lines = path.read_text(encoding="utf-8").splitlines()
    date = next(line.split()[2] for line in lines if line.startswith("# as_of "))
    found: dict[Item, Price] = {}
    for row in csv.reader(line for line in lines[1:] if not line.startswith("#")):
        region, name, usd, as_of = row
        if name == "item":
            continue
        day = as_of or date
        since = datetime.fromisoformat(day).replace(tzinfo=UTC)
        found[Item(provider, region, name)] = Price(Decimal(usd), since, f"built-in table of {day}")
    return found
