"""The role that docs/clouds/azure.md tells people to make: every call is allowed by it, and nothing in it is not called."""

from __future__ import annotations

import json
import re
from datetime import timedelta
from pathlib import Path

from im.domain.spec.disk import Disk
from im.domain.state import OnExpiry
from im.providers.contract import Slot, merge_pages
from im.providers.features import Guarded
from im.providers.machine import Machine
from im.standins.azure.service import action_of
from tests.machines import machines
from tests.providers.azure_room import AzureRoom

PAGE = Path(__file__).parents[2] / "docs" / "clouds" / "azure.md"
ON_OUR_BEHALF = frozenset(
    """
    microsoft.compute/virtualmachines/instanceview/read
    microsoft.network/networkinterfaces/join/action
    microsoft.network/networkinterfaces/write
    microsoft.network/networksecuritygroups/join/action
    microsoft.network/publicipaddresses/join/action
    microsoft.network/publicipaddresses/write
    microsoft.network/virtualnetworks/subnets/join/action
    """.split()
)
"""What Azure does in one call of ours and asks our rights for."""


def role() -> frozenset[str]:
    """The rights of both roles that the page has: the usual one, and what guards need beside it."""
    found = [json.loads(one) for one in re.findall(r"```json\n(.*?)```", PAGE.read_text(), re.DOTALL)]
    assert [one["Name"] for one in found] == ["im", "im guards"]
    for one in found:
        assert one["Actions"] == sorted(one["Actions"], key=str.lower)
    return frozenset(right.lower() for one in found for right in one["Actions"])


def test_the_role_is_what_is_called_and_nothing_else(azure: AzureRoom) -> None:
    azure.subscription.allowed = role()
    provider, scope = azure.provider, azure.scope
    assert [one.detail for one in provider.checks(scope) if not one.ok] == []
    azure.wish(ssh_from=("203.0.113.7/32",), volumes=(Disk(10),))
    assert provider.zones.offering(scope, azure.spec, [azure.spec.instance_type])
    first, *many = (one.provider_id for one in azure.launch(12))
    assert set(provider.describe(scope, machines([first]))) == {first}
    assert set(provider.describe(scope, machines(many))) == set(many)
    assert merge_pages(provider.list(scope)).complete
    assert list(provider.states.list(scope))
    provider.marks.put(scope, Machine(first), "000001-first")
    assert provider.marks.read(scope)
    for hours in (1, 2, None):
        at = azure.clock.now + timedelta(hours=hours) if hours else None
        assert provider.deadline_guard.set(scope, {Machine(first): Guarded(at, OnExpiry.STOP)}) == {}
    azure.clock.step(minutes=5)
    provider.label(scope, {Machine(first): Slot("im-1", "web")})
    assert provider.protection.set(scope, machines([first]), on=True) == {}
    assert provider.protection.set(scope, machines([first]), on=False) == {}
    for verb in (provider.stop, provider.start):
        assert verb(scope, machines([first])).failed == {}
        azure.settle()
    for part in azure.subscription.parts.values():
        part.goes_along = part.owner.endswith("never")
    theirs = azure.foreign()
    provider.adoption.take(scope, Machine(theirs), Slot("im-7", "seven"), "eve")
    assert provider.terminate(scope, machines([first, *many, theirs])).failed == {}
    azure.settle()
    azure.clock.step(minutes=5)
    azure.wish()
    refused = azure.subscription
    refused.lacking.add((azure.spec.instance_type, scope.region))
    (made,) = provider.launch(scope, azure.spec, token="late", slots=azure.slots())
    azure.settle()
    left = provider.leftovers.found(scope)
    assert {one.kind for one in left} >= {
        "machine that was never made",
        "network interface",
        "public address",
        "disk",
        "rules",
    }
    provider.leftovers.discard(scope, left)
    azure.clock.step(seconds=timedelta(minutes=5).total_seconds())
    assert provider.describe(scope, [Machine(made.provider_id, made.notes or {})]), "the operation is asked"
    assert provider.leftovers.discard(scope, provider.leftovers.found(scope)) == {}

    asked = [one for one in azure.cloud.books.entries if "/subscriptions" in one.path and one.path != "/subscriptions"]
    assert {one.answer for one in asked if one.status == 403} == set()
    called = {action_of(one.method, one.path) for one in asked}
    assert called - role() == set(), "called, and not in the role"
    assert role() - called - ON_OUR_BEHALF == set(), "in the role, and never called"
