"""Makes im/providers/prices/<provider>.csv, the dated table that prices come from until the cloud's own list is asked.

    python -m im.providers.prices.table --date 2026-02-27 facts.csv im/providers/prices/facts/aws.csv > aws.csv

A file of facts has one of three forms, told by its columns:

provider, region, type, usd_per_hour, os, price_type   of which only Linux on demand is taken
region, item, usd, as_of                               for what is not an instance type, with the source of each line
AWS's own offer file                                   `index.csv` of AmazonEC2 in one region, from
    https://pricing.us-east-1.amazonaws.com/offers/v1.0/aws/AmazonEC2/current/REGION/index.csv

Later files win over earlier ones. Nothing is guessed: a type that no file names has no price.
"""

from __future__ import annotations

import argparse
import csv
import sys
from collections.abc import Iterable, Iterator, Mapping
from decimal import Decimal
from itertools import dropwhile
from pathlib import Path

from im.domain.input.spreadsheet import cell

Facts = dict[tuple[str, str], tuple[str, str]]
"""(region, item) → (USD, date or empty for the date of the table)."""

_LINUX = {"Operating System": "Linux", "Tenancy": "Shared", "Pre Installed S/W": "NA", "CapacityStatus": "Used"}


def facts(path: Path, provider: str) -> Facts:
    """What one file says of `provider`."""
    found: Facts = {}
    with path.open(newline="", encoding="utf-8") as file:
        for row in csv.DictReader(_lines(file)):
            if "OfferTermCode" in row:
                found |= _offer(row)
            elif "item" in row:
                found[row["region"], row["item"]] = (plain(row["usd"]), row["as_of"])
            elif row["provider"] == provider and row["os"] == "linux" and row["price_type"] == "on_demand":
                found[row["region"], row["type"]] = (plain(row["usd_per_hour"]), "")
    return found


def _lines(file: Iterable[str]) -> Iterator[str]:
    """Without comments, and without the five lines that AWS writes above its header."""
    preface = ('"FormatVersion"', '"Disclaimer"', '"Publication Date"', '"Version"', '"OfferCode"')
    return dropwhile(lambda line: line.startswith(preface), (line for line in file if not line.startswith("#")))


def _offer(row: Mapping[str, str]) -> Facts:
    if row["TermType"] != "OnDemand" or row["Currency"] != "USD" or Decimal(row["PricePerUnit"]) == 0:
        return {}
    price = (plain(row["PricePerUnit"]), "")
    if row["Product Family"] == "Storage" and row["Unit"] == "GB-Mo":
        return {(row["Region Code"], f"disk:{row['Volume API Name']}"): price}
    plain_linux = all(row[name] == value for name, value in _LINUX.items())
    if plain_linux and row["Unit"] == "Hrs" and row["Product Family"].startswith("Compute Instance"):
        return {(row["Region Code"], row["Instance Type"]): price}
    return {}


def plain(usd: str) -> str:
    return f"{Decimal(usd).normalize():f}"


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--date", required=True, help="when the prices were read, YYYY-MM-DD")
    parser.add_argument("--provider", default="aws")
    parser.add_argument(
        "--partial", action="store_true", help="the cloud's own list has prices that these facts have not"
    )
    parser.add_argument("facts", nargs="+", type=Path)
    given = parser.parse_args()
    table: Facts = {}
    for path in given.facts:
        table |= facts(path, given.provider)
    if not table:
        print(f"no price of {given.provider} in {', '.join(map(str, given.facts))}", file=sys.stderr)
        return 1
    print("# List prices, Linux on demand, USD per hour; disks per GB and month. Made by im.providers.prices.table.")
    print(f"# as_of {given.date}")
    if given.partial:
        print("# partial")
    writer = csv.writer(sys.stdout, lineterminator="\n")
    writer.writerow(("region", "item", "usd", "as_of"))
    for (region, item), (usd, as_of) in sorted(table.items()):
        writer.writerow(map(cell, (region, item, usd, as_of)))
    return 0


if __name__ == "__main__":
    sys.exit(main())
