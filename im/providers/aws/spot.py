"""EC2's spot requests: how one is made with a machine, and how it ends, so that it brings no other machine afterwards.

A persistent request outlives its machine. Who terminates that machine, running or stopped, sets the request to `open`, and EC2
launches another, without a tag and without a deadline (EC2 User Guide, "Terminate a Spot Instance"). So it is cancelled first.
Once it is cancelled, its machine can only be terminated, and EC2 itself terminates one that is stopped.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from im.domain.scope import Scope
from im.domain.sighting import Sighting
from im.domain.spec.spot import Spot
from im.domain.state import Observed
from im.providers.aws.api import sightings
from im.providers.aws.api.clients import QUICK, Clients
from im.providers.aws.api.errors import cloud_message, translated
from im.providers.errors import NotFound, ProviderError, Unavailable
from im.providers.kit import batch
from im.providers.machine import SPOT_REQUEST, Machine

if TYPE_CHECKING:
    from mypy_boto3_ec2 import EC2Client

REQUEST = "spot-instances-request"
"""EC2's name for the kind of resource, in tags and policies."""


def market(spot: Spot) -> dict[str, Any]:
    """InstanceMarketOptions of RunInstances."""
    options = {
        "SpotInstanceType": "one-time" if spot.once else "persistent",
        "InstanceInterruptionBehavior": "terminate" if spot.once else "stop",
    }
    if spot.max_price is not None:
        options["MaxPrice"] = f"{spot.max_price:f}"
    return {"MarketType": "spot", "SpotOptions": options}


def cancel(ec2: EC2Client, looking: EC2Client, requests: Mapping[str, str]) -> dict[str, ProviderError]:
    """Cancel the requests of machines (id → request; empty: not known yet, and looked up). Returns what failed, by machine."""
    known, failed = _looked_up(looking, requests)

    def change(some: list[str]) -> dict[str, Sighting]:
        with translated(mutating=True):
            ec2.cancel_spot_instance_requests(SpotInstanceRequestIds=[known[one] for one in some])
        return {one: Sighting(one, Observed.NONE) for one in some}

    refused = batch.act(change, list(known), cloud_message).failed
    # EC2 forgets requests some days after their end; what it does not know brings nothing
    return failed | {one: exc for one, exc in refused.items() if not isinstance(exc, NotFound)}


def _looked_up(ec2: EC2Client, requests: Mapping[str, str]) -> tuple[dict[str, str], dict[str, ProviderError]]:
    """Machine → request, and those of which EC2 does not tell yet: ended now, they might come back."""
    known = {one: request for one, request in requests.items() if request}
    unknown = [one for one, request in requests.items() if not request]
    if not unknown:
        return known, {}
    try:
        seen = sightings.described(ec2, unknown)
    except ProviderError as exc:
        return known, dict.fromkeys(unknown, exc)
    told = {one: sighting.spot_request for one, sighting in seen.items() if sighting.spot_request}
    silent = Unavailable("AWS does not show the spot machine yet, and its request has to be cancelled before its end")
    return known | told, {one: silent for one in unknown if one not in seen}


def successors(ec2: EC2Client, requests: Mapping[str, str]) -> dict[str, str]:
    """Machine → the machine that EC2 has launched in its place. A request that is not shown has brought none."""
    by_request = {request: one for one, request in requests.items() if request}
    wanted, size = list(by_request), sightings.FILTER_VALUES
    found: dict[str, str] = {}
    for at in range(0, len(wanted), size):
        these = [{"Name": "spot-instance-request-id", "Values": wanted[at : at + size]}]
        with translated():
            answer = ec2.describe_spot_instance_requests(Filters=these)  # type: ignore[arg-type]
        for one in answer["SpotInstanceRequests"]:
            first, now = by_request[one["SpotInstanceRequestId"]], one.get("InstanceId", "")
            if now and now != first:
                found[first] = now
    return found


class SpotRequests:
    """The requests behind spot machines, as an ability of the provider."""

    def __init__(self, clients: Clients) -> None:
        self._clients = clients

    def release(self, scope: Scope, machines: Sequence[Machine]) -> Mapping[str, ProviderError]:
        return cancel(self._clients.ec2(scope.region, QUICK), self._clients.ec2(scope.region), _requests(machines))

    def successors(self, scope: Scope, machines: Sequence[Machine]) -> Mapping[str, str]:
        return successors(self._clients.ec2(scope.region), _requests(machines))


def _requests(machines: Sequence[Machine]) -> dict[str, str]:
    return {one.id: one.notes.get(SPOT_REQUEST, "") for one in machines}
