"""Nebius' prices, from its calculator: USD an hour for a machine of a type, and for a disk; the same in every region."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from decimal import Decimal, InvalidOperation
from typing import Any

from im.domain.money.bill import Item, Price
from im.domain.scope import Scope
from im.providers.errors import InvalidSpec, NotFound, Unsupported
from im.providers.nebius.api import NebiusApi
from im.providers.nebius.billing import RULES
from im.providers.nebius.disks import KINDS, in_api
from im.providers.nebius.profile import is_type, parts_of
from im.providers.nebius.projects import Projects
from im.providers.nebius.sdk import part

_RPC = "billing.v1alpha1.CalculatorService/Estimate"
_GB = 930
"""GiB of a disk whose price is asked for: enough to have digits, and a size that every type has."""


class Prices:
    def __init__(self, api: NebiusApi, projects: Projects) -> None:
        self._api, self._projects = api, projects

    def fetch(
        self, scope: Scope, items: Sequence[Item], since: datetime | None = None
    ) -> Mapping[Item, Sequence[Price]]:
        """A call for each; what the calculator cannot say has no price."""
        now, found = datetime.now(UTC), {}
        project = next(iter(self._projects.by_region().values()))
        source = f"Nebius' calculator on {now:%Y-%m-%d}, net"
        for item in items:
            what = _what(item.name, project) if item.market in ("", "on_demand") else None
            usd = self._hourly(what) if what is not None else None
            if usd is not None:
                per = usd * RULES.hours_in_month / _GB if item.name.startswith("disk:") else usd
                found[item] = (Price(per, now, source),)
        return found

    def _hourly(self, what: Mapping[str, Any]) -> Decimal | None:
        spec = part("billing.v1alpha1").ResourceSpec(**what)
        try:
            told = self._api.get(_RPC, "EstimateRequest", "EstimateResponse", resource_spec=spec)
            usd = Decimal(told.hourly_cost.general.total.cost)
        except (InvalidSpec, NotFound, Unsupported, InvalidOperation, AttributeError):
            return None
        return usd if usd > 0 else None


def _what(name: str, project: str) -> Mapping[str, Any] | None:
    compute, about = part("compute.v1"), part("common.v1").ResourceMetadata(parent_id=project, name="im-price")
    if is_type(name):
        platform, preset = parts_of(name)
        spec = compute.InstanceSpec(resources=compute.ResourcesSpec(platform=platform, preset=preset))
        return {"compute_instance_spec": compute.CreateInstanceRequest(metadata=about, spec=spec)}
    kind = name.removeprefix("disk:")
    if kind != name and kind in KINDS:
        spec = compute.DiskSpec(size_gibibytes=_GB, type=compute.DiskSpec__DiskType[in_api(kind)])
        return {"compute_disk_spec": compute.CreateDiskRequest(metadata=about, spec=spec)}
    return None
