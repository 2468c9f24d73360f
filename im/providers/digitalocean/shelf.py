"""Shelving at DigitalOcean: a snapshot of a droplet, which outlives it and is billed by what is used of its disk.

https://docs.digitalocean.com/reference/api: an action `snapshot` of the droplet makes it, and takes nothing but a name for it. It
is listed once it is there, so what is being made is known by the action, and by a tag on the droplet that says what for.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any
from urllib.parse import quote

from im.domain import tags
from im.domain.scope import Scope
from im.domain.shelf.snapshot import Saved, snapshot_name
from im.providers.digitalocean.api import CLOUD, DigitalOceanApi
from im.providers.digitalocean.droplets import newest
from im.providers.digitalocean.features import tag_droplet
from im.providers.digitalocean.resources import ensure_tag
from im.providers.digitalocean.tags import SHELVING, flat, read
from im.providers.errors import NotFound, ProviderError, Unavailable, WrongState
from im.providers.kit.names import prefix
from im.providers.machine import Machine

_NAME = re.compile(r"(im-[0-9a-z]+)-(\d+)")
_MAKING = "made-of-"
"""What is being made has no id yet: it is called by this and its droplet."""


class Shelving:
    addresses = None

    def __init__(self, api: DigitalOceanApi, deployment: str) -> None:
        self._api, self._deployment = api, deployment

    def found(self, scope: Scope) -> Sequence[Saved]:
        """Actions first: what is done in between shows in the list."""
        making = newest(self._api).snapshots
        listed = [
            one for one in self._api.all("/snapshots", "snapshots", resource_type="droplet") if self._is_ours(one)
        ]
        private = self._api.all("/images", "images", private="true") if listed else []
        usable = {str(one["id"]) for one in private if one.get("status", "available") == "available"}
        there = [self._saved(one, usable) for one in listed]
        known = {(one.instance_id, one.generation) for one in there}
        return [*there, *(one for one in self._being_made(making) if (one.instance_id, one.generation) not in known)]

    def _is_ours(self, snapshot: dict[str, Any]) -> bool:
        name = str(snapshot.get("name"))
        ours = prefix(self._deployment)
        return name.startswith(ours) and _NAME.fullmatch(name.removeprefix(ours)) is not None

    def _saved(self, snapshot: dict[str, Any], usable: set[str]) -> Saved:
        """Raises Unavailable for one that cannot be read: what we do not understand proves nothing."""
        try:
            found = _NAME.fullmatch(snapshot["name"].removeprefix(prefix(self._deployment)))
            assert found is not None
            size = Decimal(str(snapshot["size_gigabytes"]))
            return Saved(
                id=str(snapshot["id"]),
                instance_id=found[1],
                generation=int(found[2]),
                machine=str(snapshot["resource_id"]),
                complete=str(snapshot["id"]) in usable and size > 0,
                gb=size if size > 0 else None,
                made_at=datetime.fromisoformat(snapshot["created_at"]).astimezone(UTC),
            )
        except (KeyError, TypeError, ValueError, ArithmeticError) as exc:
            raise Unavailable(f"{CLOUD} shows a snapshot that cannot be read: {exc} is missing or new to us") from exc

    def _being_made(self, droplets: frozenset[int]) -> Iterator[Saved]:
        for number in sorted(droplets):
            try:
                said = read(self._api.get(f"/droplets/{number}").body["droplet"]["tags"])
            except NotFound:
                continue
            found = _NAME.fullmatch(said.get(SHELVING, ""))
            if found is not None and said.get(tags.DEPLOYMENT) == self._deployment:
                yield Saved(f"{_MAKING}{number}", found[1], int(found[2]), str(number), complete=False)

    def save(self, scope: Scope, machine: Machine, instance_id: str, generation: int) -> Saved:
        """What for stands on the droplet before it is asked for: whoever hears no answer finds it by that."""
        if not machine.id.isdigit():
            raise NotFound(f"{CLOUD} has no droplet {machine.id[:40]}")
        what_for = snapshot_name(instance_id, generation)
        carried = self._api.get(f"/droplets/{machine.id}").body["droplet"]["tags"]
        fresh = flat(SHELVING, what_for)
        for old in carried:
            if old != fresh and SHELVING in read([old]):
                self._forget(old)
        if fresh not in carried:
            ensure_tag(self._api, fresh)
            tag_droplet(self._api, machine, fresh)
        asked = {"type": "snapshot", "name": f"{prefix(self._deployment)}{what_for}"}
        self._api.send("POST", f"/droplets/{machine.id}/actions", asked)
        return Saved(f"{_MAKING}{machine.id}", instance_id, generation, machine.id, complete=False)

    def discard(self, scope: Scope, ids: Sequence[str]) -> Mapping[str, ProviderError]:
        failed: dict[str, ProviderError] = {}
        for one in ids:
            try:
                if one.startswith(_MAKING):
                    raise WrongState(f"{CLOUD} is still making the snapshot: it can be deleted when it is there")
                # a tag outlives its droplet: that of this snapshot is of no use any more
                name = str(self._api.get(f"/snapshots/{one}").body["snapshot"]["name"])
                self._api.send("DELETE", f"/snapshots/{one}")
                self._forget(flat(SHELVING, name.removeprefix(prefix(self._deployment))))
            except NotFound:
                continue
            except ProviderError as exc:
                failed[one] = exc
        return failed

    def _forget(self, tag: str) -> None:
        try:
            self._api.send("DELETE", f"/tags/{quote(tag, safe='')}")
        except NotFound:
            return
