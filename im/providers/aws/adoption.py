"""EC2 machines that somebody else made are marked as ours by tags."""

from __future__ import annotations

from im.domain.adoption import Controller
from im.domain.scope import Scope
from im.domain.sighting import Sighting
from im.providers.aws.api.clients import Clients
from im.providers.aws.api.errors import translated
from im.providers.aws.controllers import controller_of
from im.providers.aws.launch.request import adopt_request
from im.providers.contract import Slot
from im.providers.machine import SPOT_REQUEST, Machine


class Adoption:
    def __init__(self, clients: Clients, deployment: str) -> None:
        self._clients, self._deployment = clients, deployment

    def controller(self, seen: Sighting) -> Controller | None:
        return controller_of(seen)

    def take(self, scope: Scope, machine: Machine, slot: Slot, owner: str) -> None:
        """CreateTags, on the spot request behind the machine too: it is ours to cancel one day."""
        request = machine.notes.get(SPOT_REQUEST, "")
        asked = adopt_request(machine.id, slot, owner, self._deployment, request)
        with translated(mutating=True):
            self._clients.ec2(scope.region).create_tags(**asked)
