"""EC2 as the stand-in serves it over HTTP: transitions take their time there, and tokens are honoured."""

from __future__ import annotations

from typing import Any

from im.providers.aws.clients import Clients
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

    def kept_memory(self, machine_id: str) -> bool:
        shown = self.raw.describe_instances(InstanceIds=[machine_id])["Reservations"][0]["Instances"][0]
        return bool(shown.get("StateReason", {}).get("Code") == "Client.UserInitiatedHibernate")

    def foreign(self) -> str:
        (made,) = self.control.create(tags={"Name": "not-ours"})
        return made
