"""The custom role in docs/clouds/gcp.md against what the adapter asks for: a right for every call, and a call for every right."""

from __future__ import annotations

import re
from pathlib import Path

from im.domain.spec.disk import Disk
from im.providers.contract import merge_pages
from im.providers.gcp.rights import PERMISSIONS
from im.providers.machine import Machine
from tests.machines import by_machine, machines
from tests.providers.gcp.room import GcpRoom

PAGE = Path(__file__).parents[3] / "docs" / "clouds" / "gcp.md"


def documented() -> list[str]:
    (block,) = re.findall(r"```yaml\n(.*?)```", PAGE.read_text(), re.DOTALL)
    return re.findall(r"^- (\S+)$", block, re.MULTILINE)


def test_the_page_names_what_doctor_asks_for_in_order_and_once() -> None:
    assert documented() == sorted(set(documented())) == list(PERMISSIONS)


def everything(room: GcpRoom) -> None:
    """Each call that there is, at least once."""
    provider, scope = room.provider, room.scope
    assert {one.ok for one in provider.checks(scope)} == {True}
    provider.identity(scope)
    provider.zones.offering(scope, room.spec, ["e2-small"])
    room.wish(ssh_from=("203.0.113.7/32",), image="golden", volumes=(Disk(10, snapshot="yesterday"),))
    slots = room.slots(2)
    made = provider.launch(scope, room.spec, token="tok", slots=slots)
    ids = [one.provider_id for one in made]
    provider.describe(
        scope, [Machine(ids[0], made[0].notes or {}), Machine("4999999999999999999", made[0].notes or {})]
    )
    room.settle()
    assert len(merge_pages(provider.list(scope)).sightings) == 2
    assert list(provider.states.list(scope))
    provider.label(scope, by_machine(dict(zip(ids, reversed(slots), strict=True))))
    provider.marks.put(scope, Machine(ids[0]), "000001-first")
    provider.marks.read(scope)
    assert provider.protection.set(scope, machines(ids), on=True) == {}
    assert provider.protection.set(scope, machines(ids), on=False) == {}
    assert provider.stop(scope, machines(ids)).failed == {}
    room.settle()
    provider.describe(scope, machines(ids))
    assert provider.start(scope, machines(ids)).failed == {}
    room.settle()
    provider.adoption.take(scope, Machine(room.foreign()), room.slots()[0], "eve")
    for one in room._disks(ids[0]):
        one.auto_delete = False
    assert provider.terminate(scope, machines(ids)).failed == {}
    room.settle()
    room.clock.step(hours=2)
    assert provider.leftovers.discard(scope, provider.leftovers.found(scope)) == {}
    assert room.project.firewalls == {}
    assert room.left() == []


def test_with_the_role_everything_can_be_done_and_nothing_in_it_is_without_use(gcp: GcpRoom) -> None:
    gcp.project.granted = set(PERMISSIONS)
    everything(gcp)
    assert gcp.project.used == set(PERMISSIONS)
