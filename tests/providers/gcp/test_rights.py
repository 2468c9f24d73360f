"""The custom role in docs/clouds/gcp.md against what the adapter asks for: a right for every call, and a call for every right."""

from __future__ import annotations

import re
from datetime import timedelta
from pathlib import Path

from im.domain.spec.disk import Disk
from im.domain.state import OnExpiry
from im.providers.contract import GUARD, merge_pages
from im.providers.features import Guarded
from im.providers.gcp.rights import ACT_AS, GUARD_PERMISSIONS, PERMISSIONS
from im.providers.machine import Machine
from tests.machines import by_machine, machines
from tests.providers.gcp.room import GcpRoom

PAGE = Path(__file__).parents[3] / "docs" / "clouds" / "gcp.md"


def documented() -> dict[str, list[str]]:
    """Title of a role → its permissions."""
    blocks = re.findall(r"```yaml\ntitle: (\S+)\n(.*?)```", PAGE.read_text(), re.DOTALL)
    return {title: re.findall(r"^- (\S+)$", block, re.MULTILINE) for title, block in blocks}


def test_the_page_names_what_doctor_asks_for_in_order_and_once() -> None:
    roles = documented()
    assert roles["im"] == sorted(set(roles["im"])) == list(PERMISSIONS)
    assert roles["im-guards"] == sorted(set(roles["im-guards"])) == list(GUARD_PERMISSIONS)
    assert roles["im-guard"] == ["compute.instances.delete", "compute.instances.stop"]


def everything(room: GcpRoom, *, guarded: bool) -> None:
    """Each call that there is, at least once."""
    provider, scope = room.provider, room.scope
    assert {one.name for one in provider.checks(scope) if not one.ok} == (set() if guarded else {GUARD})
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
    if guarded:
        for what in (OnExpiry.STOP, OnExpiry.TERMINATE):
            wish = Guarded(room.clock.now + timedelta(hours=1), what)
            assert provider.deadline_guard.set(scope, {Machine(ids[0]): wish}) == {}
    assert provider.protection.set(scope, machines(ids), on=True) == {}
    assert provider.protection.set(scope, machines(ids), on=False) == {}
    assert provider.stop(scope, machines(ids), hibernate=ids[:1]).failed == {}
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
    assert room.project.tasks == {}
    assert room.project.firewalls == {}
    assert room.left() == []


def test_with_the_role_everything_can_be_done_and_nothing_in_it_is_without_use(gcp: GcpRoom) -> None:
    gcp.project.granted = {*PERMISSIONS, *GUARD_PERMISSIONS}
    everything(gcp, guarded=True)
    assert gcp.project.used == {*PERMISSIONS, *GUARD_PERMISSIONS, ACT_AS}


def test_without_the_role_for_guards_all_else_can_be_done(gcp: GcpRoom) -> None:
    gcp.project.granted = set(PERMISSIONS)
    everything(gcp, guarded=False)


def test_the_guards_own_role_is_enough_for_what_its_tasks_call(gcp: GcpRoom) -> None:
    gcp.project.guard_granted = set(documented()["im-guard"])
    ids = gcp.running(2)
    for machine, what in zip(ids, (OnExpiry.STOP, OnExpiry.TERMINATE), strict=True):
        wish = Guarded(gcp.clock.now + timedelta(hours=1), what)
        assert gcp.provider.deadline_guard.set(gcp.scope, {Machine(machine): wish}) == {}
    gcp.clock.step(hours=1, minutes=1)
    assert {str(one.id): one.status for one in gcp.project.machines.values()} == {ids[0]: "TERMINATED"}
