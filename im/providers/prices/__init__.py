"""The dated price tables that travel with the package: what holds until a cloud's own price list was asked."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from decimal import Decimal
from functools import cache
from pathlib import Path

from im.domain.money.bill import Item, Price
from im.domain.spec.spec import ON_DEMAND


def built_in(item: Item) -> Price | None:
    """What the table of its provider says of it, with its date; None when there is no such line, or no table."""
    line = _lines(item.provider).get((item.region, item.name)) if item.market == ON_DEMAND else None
    if line is None:
        return None
    usd, day = line
    return Price(Decimal(usd), datetime.fromisoformat(day).replace(tzinfo=UTC), f"built-in table of {day}")


def has_table(provider: str) -> bool:
    """Is there a table of that cloud's prices? Otherwise its own list is all there is."""
    return bool(_lines(provider))


@cache
def is_whole(provider: str) -> bool:
    """Is what its table does not name unknown to the cloud's own list as well? A table of a part of the list says `# partial`."""
    path = _path(provider)
    return path is not None and "# partial" not in path.read_text(encoding="utf-8").splitlines()[:3]


def _path(provider: str) -> Path | None:
    path = Path(__file__).parent / f"{provider}.csv"
    return path if provider.isidentifier() and path.is_file() else None


@cache
def _lines(provider: str) -> Mapping[tuple[str, str], tuple[str, str]]:
    """(region, name) → (USD, day), as they are written: a table of thousands is read for the price of a few."""
    path = _path(provider)
    if path is None:
        return {}
    lines = path.read_text(encoding="utf-8").splitlines()
    date = next(line.split()[2] for line in lines if line.startswith("# as_of "))
    head = lines.index("region,item,usd,as_of")
    rows = (line.split(",") for line in lines[head + 1 :])
    return {(region, name): (usd, day or date) for region, name, usd, day in rows}
