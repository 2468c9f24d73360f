"""The Price List API for EC2: one product per type, system and capacity status, one per disk type, for us-east-1.

Linux prices are list prices of February 2026; Windows adds what AWS adds per vCPU. A region without prices answers an empty
list, as AWS does for what it does not sell there; `Control.price` sets any price in any region.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from decimal import Decimal
from typing import Any

from tests.standin import filters, stock
from tests.standin.errors import AwsError
from tests.standin.registry import Call, action

REGION = "us-east-1"
SINCE = "2026-02-01T00:00:00Z"
_PER_GIB_HALF = {"t3": "0.0052", "t3a": "0.0047", "t4g": "0.0042"}
_LARGE = {
    "m5": "0.096",
    "m6i": "0.096",
    "m7i": "0.1008",
    "m7g": "0.0816",
    "m8g": "0.08976",
    "c5": "0.085",
    "c7i": "0.08925",
    "c7g": "0.0725",
    "r5": "0.126",
    "r7i": "0.1323",
    "r7g": "0.1071",
}
_SINGLE = {
    "t2.nano": "0.0058",
    "t2.micro": "0.0116",
    "t2.small": "0.023",
    "t2.medium": "0.0464",
    "t2.large": "0.0928",
    "g4dn.xlarge": "0.526",
    "g5.xlarge": "1.006",
    "g6.xlarge": "0.8048",
    "i3.large": "0.156",
    "p4d.24xlarge": "21.957642",
    "p5.48xlarge": "55.04",
}
_DISKS = {
    "gp2": "0.10",
    "gp3": "0.08",
    "io1": "0.125",
    "io2": "0.125",
    "st1": "0.045",
    "sc1": "0.015",
    "standard": "0.05",
}
_WINDOWS_VCPU = Decimal("0.046")
_FULL = "100"


def on_demand(instance_type: str) -> Decimal:
    """USD per hour of plain Linux in us-east-1."""
    if instance_type in _SINGLE:
        return Decimal(_SINGLE[instance_type])
    kind, family = stock.TYPES[instance_type], instance_type.partition(".")[0]
    if family in _PER_GIB_HALF:
        return Decimal(_PER_GIB_HALF[family]) * kind.memory / 512
    return Decimal(_LARGE[family]) * kind.vcpus / 2


def price(call_region: str, name: str, prices: dict[tuple[str, str], Decimal]) -> Decimal | None:
    """USD per hour of a type or per GB-month of a disk type, as set by hand or as listed; None where there is none."""
    if (call_region, name) in prices:
        return prices[call_region, name]
    if call_region != REGION:
        return None
    return Decimal(_DISKS[name]) if name in _DISKS else on_demand(name)


@action("pricing", "GetProducts")
def get_products(call: Call) -> dict[str, Any]:
    """TERM_MATCH filters only, on the attributes or the product family; every one has to match, letter for letter."""
    asked = call.asked
    if asked.get("ServiceCode") != "AmazonEC2":
        raise AwsError("NotFoundException", f"Service {asked.get('ServiceCode')} is not sold by the stand-in")
    wanted = [(one["Field"], one["Value"]) for one in asked.get("Filters") or ()]
    if any(one.get("Type") != "TERM_MATCH" for one in asked.get("Filters") or ()):
        raise AwsError("InvalidParameterException", "The stand-in knows TERM_MATCH filters only")
    size, start = int(asked.get("MaxResults", _FULL)), filters.number_in(asked.get("NextToken"))
    found = [one for one in _products(call) if all(_value(one, name) == value for name, value in wanted)]
    answer = {"FormatVersion": "aws_v1", "PriceList": [json.dumps(one) for one in found[start : start + size]]}
    return answer | ({"NextToken": filters.token_for(start + size)} if start + size < len(found) else {})


def _value(product: dict[str, Any], name: str) -> str | None:
    if name == "productFamily":
        return str(product["product"]["productFamily"])
    value: str | None = product["product"]["attributes"].get(name)
    return value


def _products(call: Call) -> Iterator[dict[str, Any]]:
    prices = call.cloud.prices
    for region in dict.fromkeys([REGION, *(region for region, _ in prices)]):
        for kind in stock.TYPES.values():
            usd = price(region, kind.name, prices)
            if usd is not None:
                yield from _machine(region, kind, usd)
        for disk in _DISKS:
            usd = price(region, disk, prices)
            if usd is not None:
                attributes = {"volumeApiName": disk, "regionCode": region, "servicecode": "AmazonEC2"}
                yield _product("Storage", attributes, usd, "GB-Mo")


def _machine(region: str, kind: stock.InstanceType, usd: Decimal) -> Iterator[dict[str, Any]]:
    """What is used costs; the rows of reserved capacity, used and unused, stand beside it as at AWS."""
    systems = {"Linux": usd} | ({"Windows": usd + _WINDOWS_VCPU * kind.vcpus} if kind.architecture == "x86_64" else {})
    for system, rate in systems.items():
        for status, cost in (
            ("Used", rate),
            ("UnusedCapacityReservation", rate),
            ("AllocatedCapacityReservation", Decimal(0)),
        ):
            attributes = {
                "instanceType": kind.name,
                "regionCode": region,
                "operatingSystem": system,
                "licenseModel": "No License required",
                "tenancy": "Shared",
                "preInstalledSw": "NA",
                "capacitystatus": status,
                "vcpu": str(kind.vcpus),
                "memory": f"{kind.memory / 1024:g} GiB",
                "servicecode": "AmazonEC2",
                "marketoption": "OnDemand",
            }
            yield _product("Compute Instance", attributes, cost, "Hrs")


def _product(family: str, attributes: dict[str, str], usd: Decimal, unit: str) -> dict[str, Any]:
    sku = hashlib.sha256(json.dumps([family, attributes]).encode()).hexdigest()[:16].upper()
    term = f"{sku}.JRTCKXETXF"
    dimension = {
        "rateCode": f"{term}.6YS6EN2CT7",
        "unit": unit,
        "beginRange": "0",
        "endRange": "Inf",
        "description": f"${usd} per {unit}",
        "appliesTo": [],
        "pricePerUnit": {"USD": f"{usd:.10f}"},
    }
    offer = {
        "priceDimensions": {dimension["rateCode"]: dimension},
        "sku": sku,
        "effectiveDate": SINCE,
        "offerTermCode": "JRTCKXETXF",
        "termAttributes": {},
    }
    return {
        "product": {"productFamily": family, "attributes": attributes, "sku": sku},
        "serviceCode": "AmazonEC2",
        "terms": {"OnDemand": {term: offer}},
        "version": "20260201000000",
        "publicationDate": SINCE,
    }
