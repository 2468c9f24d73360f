#!/usr/bin/env python3
"""Makes im/providers/prices/<provider>.csv, the dated table that prices come from until the cloud's own list is asked.

    scripts/price_table.py --date 2026-02-27 --provider aws facts.csv [more.csv …] > im/providers/prices/aws.csv

A facts file has the columns provider, region, type and usd_per_hour, of which only Linux on demand is taken (`os`, `price_type`);
or region, item, usd and as_of, for what is not an instance type: scripts/price_facts_aws.csv, with the source of each line.
Nothing is guessed: a type that no file names has no price.
"""

from __future__ import annotations

import argparse
import csv
import sys
from decimal import Decimal
from pathlib import Path


def facts(path: Path, provider: str) -> dict[tuple[str, str], tuple[str, str]]:
    """(region, item) → (USD, date or empty for the date of the table)."""
    found = {}
    for row in csv.DictReader(line for line in path.read_text().splitlines() if not line.startswith("#")):
        if "item" in row:
            found[row["region"], row["item"]] = (plain(row["usd"]), row["as_of"])
        elif row["provider"] == provider and row["os"] == "linux" and row["price_type"] == "on_demand":
            found[row["region"], row["type"]] = (plain(row["usd_per_hour"]), "")
    return found


def plain(usd: str) -> str:
    return f"{Decimal(usd).normalize():f}"


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--date", required=True, help="when the prices were read, YYYY-MM-DD")
    parser.add_argument("--provider", default="aws")
    parser.add_argument("facts", nargs="+", type=Path)
    given = parser.parse_args()
    table: dict[tuple[str, str], tuple[str, str]] = {}
    for path in given.facts:
        table |= facts(path, given.provider)
    if not table:
        print(f"no price of {given.provider} in {', '.join(map(str, given.facts))}", file=sys.stderr)
        return 1
    print("# List prices, Linux on demand, USD per hour; disks per GB and month. Made by scripts/price_table.py.")
    print(f"# as_of {given.date}")
    writer = csv.writer(sys.stdout, lineterminator="\n")
    writer.writerow(("region", "item", "usd", "as_of"))
    for (region, item), (usd, as_of) in sorted(table.items()):
        writer.writerow((region, item, usd, as_of))
    return 0


if __name__ == "__main__":
    sys.exit(main())
