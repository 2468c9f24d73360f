"""Shelving at Hetzner: an image of type snapshot, which outlives its server and is billed by the GB of its file.

https://docs.hetzner.cloud, "Server Actions", create_image: it is `creating` at first, and `available` once it can be used.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from typing import Any

from im.domain import tags
from im.domain.scope import Scope
from im.domain.shelf.snapshot import Saved, snapshot_name
from im.providers.errors import NotFound, ProviderError, Unavailable
from im.providers.hetzner.addresses import GENERATION, Addresses
from im.providers.hetzner.api import HetznerApi
from im.providers.hetzner.servers import CODEC
from im.providers.machine import Machine

MACHINE = "im/machine"
"""A label of ours beside its generation: the server that a snapshot is of, also when Hetzner no longer tells that."""


class Shelving:
    def __init__(self, api: HetznerApi, deployment: str) -> None:
        self._api, self._deployment = api, deployment
        self.addresses = Addresses(api, deployment)

    def found(self, scope: Scope) -> Sequence[Saved]:
        ours = ",".join(f"{key}={value}" for key, value in CODEC.labels({tags.DEPLOYMENT: self._deployment}).items())
        selector = f"{ours},{GENERATION},{MACHINE}"
        images = self._api.all("/images", "images", type="snapshot", label_selector=selector, sort="id:asc")
        return [saved(one) for one in images]

    def save(self, scope: Scope, machine: Machine, instance_id: str, generation: int) -> Saved:
        facts = CODEC.labels({tags.DEPLOYMENT: self._deployment, tags.INSTANCE: instance_id})
        asked = {
            "type": "snapshot",
            "description": snapshot_name(instance_id, generation),
            "labels": {**facts, GENERATION: str(generation), MACHINE: machine.id},
        }
        if not machine.id.isdigit():
            raise NotFound(f"Hetzner has no server {machine.id[:40]}")
        answer = self._api.send("POST", f"/servers/{machine.id}/actions/create_image", asked)
        return saved(answer.body["image"])

    def discard(self, scope: Scope, ids: Sequence[str]) -> Mapping[str, ProviderError]:
        failed: dict[str, ProviderError] = {}
        for one in ids:
            try:
                self._api.send("DELETE", f"/images/{one}")
            except NotFound:
                continue
            except ProviderError as exc:
                failed[one] = exc
        return failed


def saved(image: dict[str, Any]) -> Saved:
    """Raises Unavailable for an image that cannot be read: what we do not understand proves nothing."""
    try:
        labels = image["labels"]
        source = image["created_from"]
        size = image["image_size"]
        return Saved(
            id=str(image["id"]),
            instance_id=CODEC.tags(labels)[tags.INSTANCE],
            generation=int(labels[GENERATION]),
            # a label is anybody's to write: where Hetzner tells the server, that holds
            machine=str(source["id"]) if source else labels[MACHINE],
            complete=image["status"] == "available",
            broken=image["status"] == "unavailable",
            gb=None if size is None else Decimal(str(size)),
            made_at=datetime.fromisoformat(image["created"]),
        )
    except (KeyError, TypeError, ValueError) as exc:
        raise Unavailable(f"Hetzner shows a snapshot that cannot be read: {exc} is missing or new to us") from exc
