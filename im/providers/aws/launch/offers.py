"""Which zones of a region have an instance type, and are open for a launch."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from im.domain.scope import Scope
from im.domain.spec.spec import Spec
from im.providers.aws.api.clients import Clients
from im.providers.aws.api.errors import translated
from im.providers.errors import Forbidden, ProviderError

if TYPE_CHECKING:
    from mypy_boto3_ec2 import EC2Client


def zones(ec2: EC2Client, spec: Spec, types: Sequence[str]) -> Mapping[str, Sequence[str]]:
    """Type → zones in order; local zones are left out, for they are named or not at all. Raises ProviderError."""
    here = _open_zones(ec2)
    if vpc := str(spec.provider_options.get("vpc") or ""):
        filters: Any = [{"Name": "vpc-id", "Values": [vpc]}]
        with translated():
            there = {one["AvailabilityZone"] for one in ec2.describe_subnets(Filters=filters)["Subnets"]}
        here = [zone for zone in here if zone in there]
    try:
        offered = _offered(ec2, types)
    except Forbidden:  # then the launch itself will say what a zone does not have
        return dict.fromkeys(types, here)
    return {kind: [zone for zone in here if (kind, zone) in offered] for kind in types}


def sold_in(ec2: EC2Client, zone: str) -> frozenset[str]:
    """Every type that the zone sells, the region when no zone is named; none where our credentials may not ask."""
    kind, place = ("availability-zone", zone) if zone else ("region", ec2.meta.region_name)
    try:
        return frozenset(name for name, _ in _offerings(ec2, kind, {"location": [place]}))
    except ProviderError:
        return frozenset()


def _open_zones(ec2: EC2Client) -> list[str]:
    ordinary = re.compile(rf"{re.escape(ec2.meta.region_name)}[a-z]", re.ASCII)
    with translated():
        found = ec2.describe_availability_zones()["AvailabilityZones"]
    return sorted(z["ZoneName"] for z in found if z["State"] == "available" and ordinary.fullmatch(z["ZoneName"]))


def _offered(ec2: EC2Client, types: Sequence[str]) -> set[tuple[str, str]]:
    """(type, zone) of everything that is sold; a type that EC2 does not know is nowhere."""
    return _offerings(ec2, "availability-zone", {"instance-type": list(types)})


def _offerings(ec2: EC2Client, kind: Any, wanted: Mapping[str, Sequence[str]]) -> set[tuple[str, str]]:
    filters: Any = [{"Name": name, "Values": list(values)} for name, values in wanted.items()]
    with translated():
        pages = ec2.get_paginator("describe_instance_type_offerings").paginate(LocationType=kind, Filters=filters)
        return {(one["InstanceType"], one["Location"]) for page in pages for one in page["InstanceTypeOfferings"]}


class Zones:
    """Where types are sold, as an ability of the provider."""

    def __init__(self, clients: Clients) -> None:
        self._clients = clients

    def offering(self, scope: Scope, spec: Spec, types: Sequence[str]) -> Mapping[str, Sequence[str]]:
        return zones(self._clients.ec2(scope.region), spec, types)
