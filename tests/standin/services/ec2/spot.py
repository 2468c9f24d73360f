"""DescribeSpotInstanceRequests, CancelSpotInstanceRequests, DescribeSpotPriceHistory."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from tests.standin import filters, stock
from tests.standin.clock import iso
from tests.standin.errors import AwsError
from tests.standin.region import Region
from tests.standin.registry import Call, action
from tests.standin.services.ec2.tags import shown
from tests.standin.services.pricing import on_demand
from tests.standin.spot import Request

USUAL = Decimal("0.35")
"""Of the list price."""


def spot_price(region: Region, zone: str, instance_type: str) -> Decimal:
    """USD per hour now."""
    return region.spot.prices.get(
        (zone, instance_type), (on_demand(instance_type) * USUAL).quantize(Decimal("0.000001"))
    )


FACETS: filters.Facets[Request] = {
    "state": lambda one: [one["State"]],
    "status-code": lambda one: [one["Code"]],
    "instance-id": lambda one: [one["InstanceId"]],
    "spot-instance-request-id": lambda one: [one["SpotInstanceRequestId"]],
    "type": lambda one: [one["Type"]],
}


@action("ec2", "DescribeSpotInstanceRequests")
def describe_spot_instance_requests(call: Call) -> dict[str, Any]:
    asked = call.asked
    found = filters.select(_named(call), filters.asked(asked), FACETS, lambda one: one["tags"])
    page, more = filters.page(list(found), asked, "SpotInstanceRequestIds")
    return {"SpotInstanceRequests": [_shown(one) for one in page], "NextToken": more}


@action("ec2", "CancelSpotInstanceRequests", mutating=True)
def cancel_spot_instance_requests(call: Call) -> dict[str, Any]:
    if not call.asked.get("SpotInstanceRequestIds"):
        raise AwsError("MissingParameter", "The request must contain the parameter SpotInstanceRequestId")
    named = _named(call)
    for one in named:
        call.region.spot.cancel(one)
        call.effects[one["SpotInstanceRequestId"]] = "cancelled"
    told = [{"SpotInstanceRequestId": one["SpotInstanceRequestId"], "State": one["State"]} for one in named]
    return {"CancelledSpotInstanceRequests": told}


@action("ec2", "DescribeSpotPriceHistory")
def describe_spot_price_history(call: Call) -> dict[str, Any]:
    """The price now, once per product, zone and type: the stand-in remembers no earlier ones, and Windows costs no more."""
    asked, region = call.asked, call.region
    zones = [asked["AvailabilityZone"]] if asked.get("AvailabilityZone") else region.zones
    found = [
        {
            "AvailabilityZone": zone,
            "InstanceType": name,
            "ProductDescription": product,
            "SpotPrice": f"{spot_price(region, zone, name):f}",
            "Timestamp": iso(call.now),
        }
        for product in asked.get("ProductDescriptions") or ("Linux/UNIX",)
        for zone in zones
        for name in asked.get("InstanceTypes") or stock.TYPES
        if name in stock.TYPES and stock.TYPES[name].spot
    ]
    page, more = filters.page(found, asked, "")
    return {"SpotPriceHistory": page, "NextToken": more}


def _named(call: Call) -> list[Request]:
    requests, ids = call.region.spot.requests, call.asked.get("SpotInstanceRequestIds") or ()
    missing = [one for one in ids if one not in requests]
    if missing:
        raise AwsError(
            "InvalidSpotInstanceRequestID.NotFound", f"The spot instance request ID '{missing[0]}' does not exist"
        )
    return [requests[one] for one in ids] if ids else list(requests.values())


def _shown(request: Request) -> dict[str, Any]:
    facts = request["facts"]
    named = ("SpotInstanceRequestId", "Type", "CreateTime", "InstanceInterruptionBehavior", "InstanceId", "State")
    return {
        **{name: request[name] for name in named},
        "SpotPrice": request["SpotPrice"] or f"{on_demand(facts.instance_type):f}",
        "Status": {"Code": request["Code"], "Message": request["Code"], "UpdateTime": request["UpdateTime"]},
        "LaunchedAvailabilityZone": request["zone"],
        "LaunchSpecification": {"ImageId": facts.image, "InstanceType": facts.instance_type},
        "ProductDescription": "Linux/UNIX",
        "Tags": shown(request["tags"]),
    }
