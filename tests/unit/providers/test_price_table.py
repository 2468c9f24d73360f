"""The table of prices that travels with im is made from facts, anew by one command, and says nothing that no fact says."""

from __future__ import annotations

import subprocess
import sys
from decimal import Decimal
from pathlib import Path

import pytest

from im.domain.money.bill import Item
from im.providers.prices import built_in, is_whole

PRICES = Path(__file__).parents[3] / "im" / "providers" / "prices"
COLLECTED = """\
provider,region,type,usd_per_hour,os,price_type
aws,us-east-1,t9.small,0.0200,linux,on_demand
aws,us-east-1,t9.small,0.0300,windows,on_demand
aws,us-east-1,t9.large,0.0100,linux,spot
gcp,us-east1,n9,1,linux,on_demand
"""
# the columns that are read, in the order and under the preface of AWS's own file
OFFER = """\
"FormatVersion","v1.0"
"Disclaimer","for information only"
"Publication Date","2026-03-01T00:00:00Z"
"Version","20260301"
"OfferCode","AmazonEC2"
"SKU","OfferTermCode","TermType","Unit","PricePerUnit","Currency","Product Family","Instance Type","Tenancy",\
"Operating System","CapacityStatus","Pre Installed S/W","Region Code","Volume API Name"
"A","J","OnDemand","Hrs","0.0250000000","USD","Compute Instance","t9.small","Shared","Linux","Used","NA","us-east-1",""
"B","J","OnDemand","Hrs","0.0000000000","USD","Compute Instance","t9.small","Shared","Linux","Used","NA","us-east-1",""
"C","J","OnDemand","Hrs","0.0350000000","USD","Compute Instance","t9.small","Shared","Windows","Used","NA","us-east-1",""
"D","J","Reserved","Hrs","0.0150000000","USD","Compute Instance","t9.small","Shared","Linux","Used","NA","us-east-1",""
"E","J","OnDemand","Hrs","0.0260000000","USD","Compute Instance","t9.small","Dedicated","Linux","Used","NA","us-east-1",""
"F","J","OnDemand","GB-Mo","0.0800000000","USD","Storage","","","","","","us-east-1","gp3"
"""


def made(*files: Path | str) -> subprocess.CompletedProcess[str]:
    words = ("-m", "im.providers.prices.table", "--date", "2026-03-01", *map(str, files))
    return subprocess.run([sys.executable, *words], capture_output=True, text=True, check=False)


def test_only_linux_on_demand_is_taken_and_a_later_file_wins(tmp_path: Path) -> None:
    (tmp_path / "collected.csv").write_text(COLLECTED)
    (tmp_path / "index.csv").write_text(OFFER)
    told = made(tmp_path / "collected.csv").stdout.splitlines()
    assert told[1:] == ["# as_of 2026-03-01", "region,item,usd,as_of", "us-east-1,t9.small,0.02,"]
    told = made(tmp_path / "collected.csv", tmp_path / "index.csv").stdout.splitlines()
    assert told[3:] == ["us-east-1,disk:gp3,0.08,", "us-east-1,t9.small,0.025,"]


def test_without_a_fact_there_is_no_table(tmp_path: Path) -> None:
    (tmp_path / "none.csv").write_text(COLLECTED.replace("aws", "azure"))
    answer = made(tmp_path / "none.csv")
    assert (answer.returncode, answer.stdout) == (1, "")
    assert "no price of aws in" in answer.stderr


@pytest.mark.parametrize("cloud", ["aws", "crusoe", "digitalocean"])
def test_the_table_agrees_with_the_facts_that_travel_with_it(cloud: str) -> None:
    for line in (PRICES / "facts" / f"{cloud}.csv").read_text().splitlines():
        if line.startswith(("#", "region,")):
            continue
        region, name, usd, as_of = line.split(",")
        price = built_in(Item(cloud, region, name))
        assert price is not None
        assert (price.usd, price.source) == (Decimal(usd), f"built-in table of {as_of}")


def test_a_table_of_a_part_of_the_list_says_so(tmp_path: Path) -> None:
    (tmp_path / "some.csv").write_text(COLLECTED)
    assert made("--partial", tmp_path / "some.csv").stdout.splitlines()[1:3] == ["# as_of 2026-03-01", "# partial"]
    assert (is_whole("aws"), is_whole("digitalocean"), is_whole("nowhere")) == (True, False, False)


def test_what_nobody_told_has_no_price() -> None:
    assert built_in(Item("aws", "us-east-1", "t2.nano")) is not None
    assert built_in(Item("aws", "eu-north-1", "t2.nano")) is None
    assert built_in(Item("aws", "us-east-1", "t2.nano", "spot")) is None
    assert built_in(Item("nowhere", "us-east-1", "t2.nano")) is None
    assert built_in(Item("../prices/aws", "us-east-1", "t2.nano")) is None
