"""Disks that come with a machine: Azure gives them no tags, so they are tagged once they are there."""

from __future__ import annotations

from collections.abc import Mapping

from im.domain import tags
from im.providers.azure.arm import DISKS, Arm
from im.providers.azure.sightings import machine_id, tags_of
from im.providers.contract import Slot
from im.providers.errors import NotFound, NotThereYet
from im.providers.kit.names import prefix
from im.providers.machine import Machine

ALL = "/providers/Microsoft.Compute/disks"


class Disks:
    def __init__(self, arm: Arm, deployment: str) -> None:
        self._arm, self._deployment = arm, deployment

    def label(self, slots: Mapping[Machine, Slot]) -> None:
        """Tag the disks that we named, where they are attached. Raises NotThereYet when some machine shows none yet."""
        waiting = {machine.id: slot for machine, slot in slots.items()}
        if not waiting:
            return
        seen: set[str] = set()
        for disk in self._arm.all(ALL, DISKS):
            holder = str(disk.get("managedBy") or "")
            machine = machine_id(holder) if "/virtualmachines/" in holder.lower() else ""
            if machine not in waiting or not str(disk["name"]).startswith(prefix(self._deployment)):
                continue
            seen.add(machine)
            slot = waiting[machine]
            ours = {tags.DEPLOYMENT: self._deployment, tags.INSTANCE: slot.instance_id, tags.NAME: slot.name}
            if not ours.items() <= tags_of(disk).items():
                self._tag(disk["id"], {**(disk.get("tags") or {}), **ours})
        if seen != waiting.keys():
            raise NotThereYet(f"Azure: {len(waiting) - len(seen)} machines show no disk yet")

    def _tag(self, full: str, said: Mapping[str, str]) -> None:
        try:
            self._arm.send("PATCH", self._arm.below(full), DISKS, {"tags": dict(said)})
        except NotFound:
            return
