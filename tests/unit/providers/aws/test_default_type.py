"""The type of a machine of which nobody named one: what is sold there, by AWS's own tables, and the types near another."""

from __future__ import annotations

import gzip
import json
from pathlib import Path

import moto
import pytest

from im.providers.aws.launch.families import default_type, near_types

TABLES = Path(moto.__file__).parent / "ec2" / "resources" / "instance_type_offerings"


def sold(kind: str) -> dict[tuple[str, str], set[str]]:
    """(region, place) → types, where the table knows of any of the smallest ones there."""
    found: dict[tuple[str, str], set[str]] = {}
    for path in (TABLES / kind).glob("*.json.gz"):
        for one in json.loads(gzip.decompress(path.read_bytes())):
            found.setdefault((path.name.partition(".")[0], one["Location"]), set()).add(one["InstanceType"])
    return {place: types for place, types in found.items() if types & {"t2.nano", "t3.nano"}}


def test_the_default_is_sold_in_every_region_and_zone_that_awss_tables_know() -> None:
    regions, zones = sold("region"), sold("availability-zone")
    assert len(regions) > 25
    assert len(zones) > 80
    wrong = [region for region, _ in regions if default_type(region, f"{region}?")[0] not in regions[region, region]]
    assert wrong == []
    assert [place for place, types in zones.items() if default_type(*place)[0] not in types] == []


@pytest.mark.parametrize("region", ["eu-north-1", "us-gov-east-1", "xx-new-9"])
def test_a_region_that_is_newer_than_any_table_sells_t3(region: str) -> None:
    assert default_type(region, f"{region}a") == ("t3.nano", f"no type was named, and {region} sells no t2.nano")


def test_near_types_are_of_the_same_size_and_architecture_first() -> None:
    there = ["t3.nano", "t3.micro", "t4g.nano", "m5.large", "m6i.large", "m7g.large", "g5.xlarge"]
    assert near_types("t2.nano", there) == ["t3.nano", "t3.micro", "t4g.nano"]
    assert near_types("m7i.large", there)[0] == "m6i.large"
    assert near_types("c7g.large", there)[0] == "m7g.large"
    assert near_types("t2.nano", []) == []
