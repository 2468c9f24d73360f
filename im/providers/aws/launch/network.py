"""Where in the network a launch goes: the VPC, the subnet, and that the zone fits both."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from im.domain.spec.spec import Spec
from im.providers.aws.api.errors import cloud_code, translated
from im.providers.errors import InvalidSpec

if TYPE_CHECKING:
    from mypy_boto3_ec2 import EC2Client


@dataclass(frozen=True, slots=True)
class Place:
    """`subnet` is None in the default VPC: EC2 takes the zone's own."""

    vpc: str
    subnet: str | None


def find_place(ec2: EC2Client, spec: Spec) -> Place:
    """The place a spec asks for. Raises InvalidSpec, naming what would fit, and any other ProviderError."""
    subnet, vpc = str(spec.provider_options.get("subnet") or ""), str(spec.provider_options.get("vpc") or "")
    if subnet:
        return _of_subnet(ec2, subnet, vpc, spec.zone)
    if vpc:
        return _in_vpc(ec2, vpc, spec)
    with translated():
        found = ec2.describe_vpcs(Filters=[{"Name": "is-default", "Values": ["true"]}])["Vpcs"]
    if not found:
        raise InvalidSpec(f"{ec2.meta.region_name} has no default VPC in this account; name one with --subnet or --vpc")
    vpc = found[0]["VpcId"]
    return Place(vpc, _default_subnet(ec2, spec.zone) if spec.public_ip is not None else None)


def _default_subnet(ec2: EC2Client, zone: str) -> str:
    """By name: EC2 takes no wish for an address without one, but for the default subnet by itself."""
    filters: Any = [{"Name": "default-for-az", "Values": ["true"]}, {"Name": "availability-zone", "Values": [zone]}]
    with translated():
        found = ec2.describe_subnets(Filters=filters)["Subnets"]
    if not found:
        raise InvalidSpec(f"{zone} has no default subnet in this account; name one with --subnet")
    return found[0]["SubnetId"]


def _of_subnet(ec2: EC2Client, subnet: str, vpc: str, zone: str) -> Place:
    try:
        with translated():
            (found,) = ec2.describe_subnets(SubnetIds=[subnet])["Subnets"]
    except InvalidSpec as exc:
        if not cloud_code(exc).startswith("InvalidSubnet"):
            raise
        raise InvalidSpec(f"{ec2.meta.region_name} has no subnet {subnet} in this account") from exc
    if vpc and found["VpcId"] != vpc:
        raise InvalidSpec(f"{subnet} is in {found['VpcId']}, not in {vpc}; leave --vpc out")
    if zone and found["AvailabilityZone"] != zone:
        raise InvalidSpec(f"{subnet} is in {found['AvailabilityZone']}, not in {zone}; leave --availability-zone out")
    return Place(found["VpcId"], subnet)


def _in_vpc(ec2: EC2Client, vpc: str, spec: Spec) -> Place:
    """The subnet of the zone: one that does with public addresses as is wished (else: gives them out) before another; then the
    first by id, always.
    """
    zone = spec.zone
    filters: Any = [{"Name": "vpc-id", "Values": [vpc]}]
    with translated():
        subnets = ec2.describe_subnets(Filters=filters)["Subnets"]
    here = [one for one in subnets if one["AvailabilityZone"] == zone]
    if not here:
        zones = sorted({one["AvailabilityZone"] for one in subnets})
        known = f"; it has some in {', '.join(zones)}" if zones else ""
        raise InvalidSpec(f"{vpc} has no subnet in {zone}{known}")
    wanted = spec.public_ip is not False
    best = min(here, key=lambda one: (bool(one.get("MapPublicIpOnLaunch")) is not wanted, one["SubnetId"]))
    return Place(vpc, best["SubnetId"])
