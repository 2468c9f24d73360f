"""The calls that docs/clouds/nebius.md names are those that we make, with the role that each of them needs: none beside."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from im.domain.money.bill import Item
from im.providers import errors
from im.providers.contract import Filter, Slot, merge_pages
from im.providers.machine import Machine
from tests.machines import machines
from tests.providers.nebius.room import NebiusRoom

PAGE = Path(__file__).parents[3] / "docs" / "clouds" / "nebius.md"
H100 = "gpu-h100-sxm_1gpu-16vcpu-200gb"


def documented(role: str) -> set[str]:
    return {
        f"{service}/{one}"
        for service, verbs, needs in re.findall(r"^\| `([\w.]+)` \| ([^|]+) \| (\w+)", PAGE.read_text(), re.MULTILINE)
        for one in re.findall(r"`(\w+)`", verbs)
        if needs == role
    }


def made(room: NebiusRoom, method: str) -> set[str]:
    return {one.path.removeprefix("/nebius.") for one in room.cloud.books.entries if one.method == method}


def everything(room: NebiusRoom) -> None:
    provider, tenant = room.provider, room.tenant
    assert [one for one in provider.checks(room.scope) if not one.ok] == []
    provider.identity(room.scope)
    room.wish(ssh_from=("203.0.113.7/32",))
    assert provider.zones is not None
    provider.zones.offering(room.scope, room.spec, [room.spec.instance_type, H100])
    slot = Slot("im-0123456789", "web")
    for _ in range(2):  # of a launch that is repeated after its key is forgotten, the name is all that is known
        (one,) = provider.launch(room.scope, room.spec, token="tok", slots=[slot])
        tenant.keys.clear()
    room.settle()
    merge_pages(provider.list(room.scope, Filter(token="tok")))
    for verb in (provider.stop, provider.start):
        assert verb(room.scope, machines([one.provider_id])).failed == {}
        room.settle()
    room.outside("stop", one.provider_id)  # why it stands still, only its operations know
    provider.describe(room.scope, machines([one.provider_id]))
    assert provider.marks is not None
    provider.marks.put(room.scope, Machine(one.provider_id), "000001-first")
    provider.marks.read(room.scope)
    assert provider.adoption is not None
    provider.adoption.take(room.scope, Machine(room.foreign()), slot, "eve")
    assert provider.prices is not None
    provider.prices.fetch(room.scope, [Item("nebius", "all", room.spec.instance_type)])
    assert provider.terminate(room.scope, machines([one.provider_id])).failed == {}
    room.settle()
    (lost,) = room.running()
    del tenant.machines[lost]
    next(disk for disk in tenant.disks.values() if disk.machine == lost).machine = None
    room.clock.step(hours=2)
    assert provider.leftovers is not None
    assert provider.leftovers.discard(room.scope, provider.leftovers.found(room.scope)) == {}


def test_everything_that_we_do_needs_the_documented_calls_and_no_other(nebius: NebiusRoom) -> None:
    everything(nebius)
    assert made(nebius, "POST") == documented("editor")
    assert made(nebius, "GET") == documented("viewer")


def test_a_viewer_sees_all_and_changes_nothing(nebius: NebiusRoom) -> None:
    (one,) = nebius.running()
    nebius.tenant.role = "viewer"
    provider = nebius.provider
    assert [check for check in provider.checks(nebius.scope) if not check.ok] == []
    assert [seen.provider_id for seen in merge_pages(provider.list(nebius.scope)).sightings] == [one]
    refused = provider.stop(nebius.scope, machines([one])).failed[one]
    assert isinstance(refused, errors.Forbidden)
    with pytest.raises(errors.Forbidden):
        provider.launch(nebius.scope, nebius.spec, token="tok", slots=nebius.slots())
