"""The primary IPv4 of a server that gives way to its snapshot: kept without a server, and given to the one that comes back.

https://docs.hetzner.cloud, "Primary IPs": one that is made with a server has `auto_delete`, and goes with it; without a server it
is billed all the same, and it can be given to servers of its own location alone.
"""

from __future__ import annotations

from contextlib import suppress
from typing import Any

from im.domain import tags
from im.domain.scope import Scope
from im.domain.shelf.address import Address, Fate
from im.domain.shelf.snapshot import snapshot_name
from im.providers.errors import NotFound, WrongState
from im.providers.hetzner.api import HetznerApi
from im.providers.hetzner.servers import CODEC
from im.providers.machine import Machine

GENERATION = "im/generation"
_INSTANCE = CODEC.key(tags.INSTANCE)


class Addresses:
    def __init__(self, api: HetznerApi, deployment: str) -> None:
        self._api, self._deployment = api, deployment

    def of(self, scope: Scope, machine: Machine, ip: str) -> Address | None:
        for one in self._api.all("/primary_ips", "primary_ips", ip=ip):
            if str(one["assignee_id"]) == machine.id and one["type"] == "ipv4":
                return Address(str(one["id"]), one["ip"], one["labels"], lasts=not one["auto_delete"])
        return None

    def keep(self, scope: Scope, address: Address, instance_id: str, generation: int) -> None:
        ours = CODEC.labels({tags.DEPLOYMENT: self._deployment, tags.INSTANCE: instance_id})
        if address.lasts and any(address.notes.get(key) != value for key, value in ours.items()):
            return  # somebody made it, or keeps it: so it outlives the server by their will
        # labels are replaced as a whole
        asked = {"auto_delete": False, "labels": {**address.notes, **ours, GENERATION: str(generation)}}
        if not address.lasts or address.notes.get(GENERATION) != str(generation):
            self._api.send("PUT", f"/primary_ips/{address.id}", asked)

    def release(self, scope: Scope, address: str, instance_id: str, generation: int, machine: str | None) -> Fate:
        try:
            one = self._api.get(f"/primary_ips/{address}").body["primary_ip"]
        except NotFound:
            return Fate.GONE
        ours = CODEC.labels({tags.DEPLOYMENT: self._deployment, tags.INSTANCE: instance_id})
        labels, holder = one["labels"], None if one["assignee_id"] is None else str(one["assignee_id"])
        if labels.get(GENERATION) != str(generation) or any(labels.get(key) != ours[key] for key in ours):
            return Fate.BACK if holder is not None and holder == machine else Fate.LEFT
        if holder is None:
            with suppress(NotFound):
                self._api.send("DELETE", f"/primary_ips/{address}")
            return Fate.GONE
        if holder == machine:
            if not one["auto_delete"]:
                self._api.send("PUT", f"/primary_ips/{address}", {"auto_delete": True})
            return Fate.BACK
        if self.is_held_by(holder, instance_id):
            raise WrongState(f"Hetzner: a server that is going still has the address {one['ip']}")
        rest = {key: value for key, value in labels.items() if key not in (*ours, GENERATION)}
        self._api.send("PUT", f"/primary_ips/{address}", {"labels": rest})  # somebody has use for it
        return Fate.GONE

    def usable(self, address: str, place: str, instance_id: str, token: str) -> bool:
        """Can a server in `place` be made with it? Raises WrongState while the server before it has not let go of it."""
        try:
            one = self._api.get(f"/primary_ips/{address}").body["primary_ip"]
        except NotFound:
            return False
        holder = one["assignee_id"]
        if holder is not None and self.is_held_by(str(holder), instance_id, but_for=token):
            raise WrongState(f"Hetzner: the address {one['ip']} is not free yet")
        return holder is None and one["location"]["name"] == place

    def is_held_by(self, server: str, instance_id: str, but_for: str = "") -> bool:
        """Is that server one of this instance's, or gone already? Not one that the launch `but_for` made."""
        try:
            labels = self._api.get(f"/servers/{server}").body["server"]["labels"]
        except NotFound:
            return True  # an address is let go a little after its server
        seen = CODEC.tags(labels)
        mine = (seen.get(tags.DEPLOYMENT), seen.get(tags.INSTANCE)) == (self._deployment, instance_id)
        return mine and not (but_for and seen.get(tags.LAUNCH) == but_for)


def name_of(address: dict[str, Any]) -> str:
    """That of the snapshot that it is kept beside, else its own."""
    labels = address["labels"]
    if GENERATION in labels and _INSTANCE in labels:
        return snapshot_name(CODEC.tags(labels)[tags.INSTANCE], labels[GENERATION])
    return str(address["name"])
