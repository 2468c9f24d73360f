"""Zones, the default VPC and its subnets: there from the beginning, never changed."""

from __future__ import annotations

from typing import Any

from tests.standin import filters
from tests.standin.errors import AwsError, invalid
from tests.standin.registry import Call, action


@action("ec2", "DescribeAvailabilityZones")
def describe_availability_zones(call: Call) -> dict[str, Any]:
    region = call.region
    for name in call.asked.get("ZoneNames") or ():
        if name not in region.zones:
            raise invalid(f"Invalid availability zone: [{name}]")
    shown = [
        {
            "ZoneName": zone,
            "ZoneId": f"{_short(region.name)}-az{number}",
            "RegionName": region.name,
            "GroupName": region.name,
            "NetworkBorderGroup": region.name,
            "State": "available",
            "OptInStatus": "opt-in-not-required",
            "ZoneType": "availability-zone",
            "Messages": [],
        }
        for number, zone in enumerate(region.zones, 1)
        if not call.asked.get("ZoneNames") or zone in call.asked["ZoneNames"]
    ]
    facets: filters.Facets[dict[str, Any]] = {
        "zone-name": lambda one: [one["ZoneName"]],
        "region-name": lambda one: [region.name],
        "state": lambda one: ["available"],
        "zone-type": lambda one: ["availability-zone"],
        "opt-in-status": lambda one: ["opt-in-not-required"],
    }
    return {"AvailabilityZones": list(filters.select(shown, filters.asked(call.asked), facets, lambda _: {}))}


@action("ec2", "DescribeVpcs")
def describe_vpcs(call: Call) -> dict[str, Any]:
    region = call.region
    for name in call.asked.get("VpcIds") or ():
        if name != region.vpc:
            raise AwsError("InvalidVpcID.NotFound", f"The vpc ID '{name}' does not exist")
    vpc = {
        "VpcId": region.vpc,
        "OwnerId": region.account,
        "State": "available",
        "CidrBlock": "10.0.0.0/8",
        "IsDefault": True,
        "InstanceTenancy": "default",
        "Tags": [],
    }
    facets: filters.Facets[dict[str, Any]] = {
        "is-default": lambda _: ["true"],
        "isDefault": lambda _: ["true"],
        "vpc-id": lambda one: [one["VpcId"]],
        "state": lambda _: ["available"],
    }
    return {"Vpcs": list(filters.select([vpc], filters.asked(call.asked), facets, lambda _: {}))}


@action("ec2", "DescribeSubnets")
def describe_subnets(call: Call) -> dict[str, Any]:
    region, ids = call.region, call.asked.get("SubnetIds") or ()
    for name in ids:
        if name not in region.subnets.values():
            raise AwsError("InvalidSubnetID.NotFound", f"The subnet ID '{name}' does not exist")
    subnets = [
        {
            "SubnetId": subnet,
            "VpcId": region.vpc,
            "OwnerId": region.account,
            "AvailabilityZone": zone,
            "State": "available",
            "CidrBlock": f"10.{number * 16}.0.0/12",
            "AvailableIpAddressCount": 1_000_000,
            "DefaultForAz": True,
            "MapPublicIpOnLaunch": zone not in region.private_zones,
            "Tags": [],
        }
        for number, (zone, subnet) in enumerate(region.subnets.items())
        if not ids or subnet in ids
    ]
    facets: filters.Facets[dict[str, Any]] = {
        "subnet-id": lambda one: [one["SubnetId"]],
        "vpc-id": lambda one: [one["VpcId"]],
        "availability-zone": lambda one: [one["AvailabilityZone"]],
        "default-for-az": lambda _: ["true"],
        "state": lambda _: ["available"],
    }
    return {"Subnets": list(filters.select(subnets, filters.asked(call.asked), facets, lambda _: {}))}


def _short(region: str) -> str:
    """us-east-1 → use1, as zone ids have it."""
    area, side, number = region.rsplit("-", 2)
    return f"{area.replace('-', '')}{''.join(word[0] for word in side.split('-'))}{number}"
