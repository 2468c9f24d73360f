"""The Price List API: the adapter's own reading of it, filters, pages, and prices set by hand."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.standin.client import Control
from tests.standin.server import StandIn
from tests.standin.tests.conftest import client, refused

LINUX = {"operatingSystem": "Linux", "tenancy": "Shared", "preInstalledSw": "NA", "capacitystatus": "Used"}


@pytest.fixture
def pricing(control: Control, stepped: StandIn) -> Any:
    return client(stepped.url, "pricing")


def prices(pricing: Any, **wanted: str) -> list[str]:
    asked = [{"Type": "TERM_MATCH", "Field": name, "Value": value} for name, value in wanted.items()]
    found = [json.loads(one) for one in pricing.get_products(ServiceCode="AmazonEC2", Filters=asked)["PriceList"]]
    terms = [term for one in found for term in one["terms"]["OnDemand"].values()]
    return [rate["pricePerUnit"]["USD"] for term in terms for rate in term["priceDimensions"].values()]


@pytest.mark.parametrize(
    ("name", "usd"), [("t2.nano", "0.0058000000"), ("t3.large", "0.0832000000"), ("m7i.4xlarge", "0.8064000000")]
)
def test_the_filters_that_single_out_one_price(pricing: Any, name: str, usd: str) -> None:
    assert prices(pricing, instanceType=name, regionCode="us-east-1", **LINUX) == [usd]


def test_without_the_capacity_status_come_the_rows_of_reserved_capacity_too(pricing: Any) -> None:
    loose = {key: value for key, value in LINUX.items() if key != "capacitystatus"}
    found = prices(pricing, instanceType="m5.large", regionCode="us-east-1", **loose)
    assert sorted(found) == ["0.0000000000", "0.0960000000", "0.0960000000"]


def test_a_region_without_prices_is_empty_until_one_is_set(pricing: Any, control: Control) -> None:
    assert prices(pricing, instanceType="m5.large", regionCode="eu-west-1", **LINUX) == []
    control.price("m5.large", "0.107", region="eu-west-1")
    assert prices(pricing, instanceType="m5.large", regionCode="eu-west-1", **LINUX) == ["0.1070000000"]


def test_disks_are_priced_by_the_month(pricing: Any) -> None:
    found = prices(pricing, productFamily="Storage", volumeApiName="gp3", regionCode="us-east-1")
    assert found == ["0.0800000000"]


def test_pages_together_are_the_whole_list(pricing: Any) -> None:
    pages = [pricing.get_products(ServiceCode="AmazonEC2", MaxResults=100)]
    while "NextToken" in pages[-1]:
        pages.append(pricing.get_products(ServiceCode="AmazonEC2", MaxResults=100, NextToken=pages[-1]["NextToken"]))
    skus = [json.loads(one)["product"]["sku"] for page in pages for one in page["PriceList"]]
    assert len(pages) > 2
    assert len(set(skus)) == len(skus) == len(pages[0]["PriceList"]) * (len(pages) - 1) + len(pages[-1]["PriceList"])


def test_what_is_not_sold_here_is_refused(pricing: Any) -> None:
    assert refused(pricing.get_products, ServiceCode="AmazonSpaceShip")[0] == "NotFoundException"
