"""DescribeInstanceStatus: an eighth of the bytes of a full listing, but it knows no tags, so it shows the whole account."""

from __future__ import annotations

from collections.abc import Iterator

from im.domain.scope import Scope
from im.providers.aws.api import sightings
from im.providers.aws.api.clients import WATCH, Clients
from im.providers.features import States


class InstanceStatuses:
    def __init__(self, clients: Clients) -> None:
        self._clients = clients

    def list(self, scope: Scope, *, zone: str = "") -> Iterator[States]:
        filters = {"availability-zone": [zone]} if zone else {}
        return sightings.states(self._clients.ec2(scope.region, WATCH), filters)
