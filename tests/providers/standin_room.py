"""EC2 as the stand-in serves it over HTTP: transitions take their time there, and tokens are honoured."""

from __future__ import annotations

from typing import Any

from im.domain.cause import Hand
from im.providers.aws.api.clients import Clients
from tests.providers.clouds import AwsRoom
from tests.standin.client import Control

TRANSITION = 3.0
"""Seconds; what the stand-in's transitions take by default."""


class StandInRoom(AwsRoom):
    def __init__(self, url: str, clients: Clients, raw: Any, control: Control) -> None:
        super().__init__(url, clients, raw)
        self.control = control

    def settle(self) -> None:
        self.control.step(TRANSITION)

    def outside(self, verb: str, machine_id: str) -> None:
        self.control.outside(verb, machine_id)
        self.settle()

    def stopped_by(self, hand: Hand, machine_id: str) -> None:
        self.outside({Hand.GUEST: "shutdown", Hand.RETIRED: "retire"}.get(hand, "stop"), machine_id)

    def kept_memory(self, machine_id: str) -> bool:
        shown = self.raw.describe_instances(InstanceIds=[machine_id])["Reservations"][0]["Instances"][0]
        return bool(shown.get("StateReason", {}).get("Code") == "Client.UserInitiatedHibernate")

    def take_back(self, machine_id: str) -> None:
        """AWS needs the room of a spot machine, and has it."""
        self.control.interrupt(machine_id, notice=0)
        self.settle()

    def give_back(self, machine_id: str) -> None:
        self.control.resume_spot(machine_id)
        self.settle()

    def alive(self) -> set[str]:
        """Every machine that bills for computing, whoever's it is."""
        return {one["id"] for one in self.control.machines() if one["state"] in ("pending", "running")}

    def foreign(self) -> str:
        (made,) = self.control.create(tags={"Name": "not-ours"})
        return made
