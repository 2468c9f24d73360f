"""DescribeSpotInstanceRequests, CancelSpotInstanceRequests, DescribeSpotPriceHistory."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from tests.standin import filters, stock
from tests.standin.clock import iso, moment
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
    return _history(region, zone, instance_type)[-1][1]


def _history(region: Region, zone: str, instance_type: str) -> list[tuple[float, Decimal]]:
    """Every price with the moment from which it holds, oldest first; the first holds since the cloud began."""
    usual = (on_demand(instance_type) * USUAL).quantize(Decimal("0.000001"))
    return list({region.cloud.began: usual, **region.spot.prices.get((zone, instance_type), {})}.items())


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
    """Newest first: what began between StartTime and EndTime, and what was in force at StartTime. Windows costs no more."""
    asked, region = call.asked, call.region
    since, until = (moment(asked[name]) if asked.get(name) else None for name in ("StartTime", "EndTime"))
    zones = [asked["AvailabilityZone"]] if asked.get("AvailabilityZone") else region.zones
    found = [
        {
            "AvailabilityZone": zone,
            "InstanceType": name,
            "ProductDescription": product,
            "SpotPrice": f"{usd:f}",
            "Timestamp": iso(began),
        }
        for product in asked.get("ProductDescriptions") or ("Linux/UNIX",)
        for zone in zones
        for name in asked.get("InstanceTypes") or stock.TYPES
        if name in stock.TYPES and stock.TYPES[name].spot
        for began, usd in _within(_history(region, zone, name), since, until)
    ]
    found.sort(key=lambda one: one["Timestamp"], reverse=True)
    page, more = filters.page(found, asked, "")
    return {"SpotPriceHistory": page, "NextToken": more}


def _within(
    history: list[tuple[float, Decimal]], since: float | None, until: float | None
) -> list[tuple[float, Decimal]]:
    first = max((began for began, _ in history if since is not None and began <= since), default=0.0)
    return [one for one in history if one[0] >= first and (until is None or one[0] <= until)]


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
