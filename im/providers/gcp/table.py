"""Makes im/providers/prices/gcp.csv, the dated table that prices come from until Google's own list is asked.

    python -m im.providers.gcp.table im/providers/prices/facts/gcp.csv > im/providers/prices/gcp.csv

Facts are `region,item,usd,as_of`; of `core/e2` and `ram/e2` the types of the family are made, as Google bills them. A fact of a
type goes before what is made of units; nothing is guessed.
"""

from __future__ import annotations

import csv
import sys
from collections.abc import Iterator
from decimal import Decimal
from itertools import dropwhile
from pathlib import Path

from im.providers.gcp.shapes import shape

AS_OF = "2025-03-02"
"""Of facts that bear no date of their own."""
_SIZES = {
    "e2-standard": (2, 4, 8, 16, 32),
    "e2-highmem": (2, 4, 8, 16),
    "e2-highcpu": (2, 4, 8, 16, 32),
    "n1-standard": (1, 2, 4, 8, 16, 32, 64, 96),
    "n1-highmem": (2, 4, 8, 16, 32, 64, 96),
    "n1-highcpu": (2, 4, 8, 16, 32, 64, 96),
    "n2-standard": (2, 4, 8, 16, 32, 48, 64, 80, 96, 128),
    "n2-highmem": (2, 4, 8, 16, 32, 48, 64, 80, 96),
    "n2-highcpu": (2, 4, 8, 16, 32, 48, 64, 80, 96),
    "n2d-standard": (2, 4, 8, 16, 32, 48, 64, 80, 96, 128, 224),
    "n2d-highmem": (2, 4, 8, 16, 32, 48, 64, 80, 96),
    "n2d-highcpu": (2, 4, 8, 16, 32, 48, 64, 80, 96, 128, 224),
    "c2-standard": (4, 8, 16, 30, 60),
}
TYPES = ("e2-micro", "e2-small", "e2-medium", *(f"{kind}-{n}" for kind, sizes in _SIZES.items() for n in sizes))

Lines = dict[tuple[str, str], tuple[Decimal, str]]
"""(region, item) → (USD, date or empty)."""


def facts(path: Path) -> Lines:
    with path.open(newline="", encoding="utf-8") as file:
        rows = csv.DictReader(dropwhile(lambda line: line.startswith("#"), file))
        return {(row["region"], row["item"]): (Decimal(row["usd"]), row["as_of"]) for row in rows}


def expanded(told: Lines) -> Lines:
    """With the types that can be made of the units; without the units."""
    whole = {key: line for key, line in told.items() if "/" not in key[1]}
    made: Lines = {}
    for region in sorted({region for region, _ in told}):
        for kind in TYPES:
            made_of = shape(kind)
            assert made_of is not None, kind
            core, ram = told.get((region, f"core/{made_of.family}")), told.get((region, f"ram/{made_of.family}"))
            if core is not None and ram is not None:
                made[region, kind] = (core[0] * made_of.vcpus + ram[0] * made_of.gb, core[1])
    return made | whole


def written(lines: Lines) -> Iterator[str]:
    yield "# List prices, Linux on demand, USD per hour; disks per GB and month. Made by im.providers.gcp.table."
    yield f"# as_of {AS_OF}"
    yield "region,item,usd,as_of"
    for (region, item), (usd, as_of) in sorted(lines.items()):
        yield f"{region},{item},{usd.normalize():f},{as_of}"


def main() -> int:
    sys.stdout.writelines(f"{line}\n" for line in written(expanded(facts(Path(sys.argv[1])))))
    return 0


if __name__ == "__main__":
    sys.exit(main())
