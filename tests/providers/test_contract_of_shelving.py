"""What every cloud that can shelve does: a snapshot is shown from the first, complete later, and machines are made of it."""

from __future__ import annotations

from dataclasses import replace

import pytest

from im.domain.state import Observed
from im.providers.contract import Slot
from tests.machines import machines
from tests.providers.clouds import Room

pytestmark = pytest.mark.sampled(every=4)


def test_a_snapshot_is_told_whose_it_is_and_outlives_its_machine(room: Room) -> None:
    if room.provider.shelving is None:
        assert not room.profile.capabilities.can_shelve
        return
    shelving = room.provider.shelving
    assert list(shelving.found(room.scope)) == []
    (one,) = room.running()
    (machine,) = machines([one])
    assert set(room.provider.stop(room.scope, [machine]).done) == {one}
    room.settle()
    asked = shelving.save(room.scope, machine, "im-0123456789", 7)
    assert (asked.instance_id, asked.generation, asked.machine, asked.complete) == ("im-0123456789", 7, one, False)
    assert [(seen.id, seen.name, seen.complete) for seen in shelving.found(room.scope)] == [
        (asked.id, asked.name, False)
    ]
    room.settle()
    room.settle()
    (seen,) = shelving.found(room.scope)
    # where a cloud gives it an id only when it is there, it is called by another one until then
    assert (seen.name, seen.machine, seen.complete) == ("im-0123456789-7", one, True)
    assert seen.gb is not None
    assert set(room.provider.terminate(room.scope, [machine]).done) == {one}
    room.settle()
    assert [kept.id for kept in shelving.found(room.scope)] == [seen.id]
    spec = replace(room.spec, image=seen.id)
    (made,) = room.provider.launch(room.scope, spec, token="another", slots=[Slot("im-0123456789", "web")])
    room.settle()
    assert room.states([made.provider_id]) == {made.provider_id: Observed.RUNNING}
    assert shelving.discard(room.scope, [seen.id]) == {}
    assert shelving.discard(room.scope, [seen.id]) == {}, "gone already is done"
    assert list(shelving.found(room.scope)) == []


def test_snapshots_of_another_deployment_are_not_shown(room: Room) -> None:
    if room.provider.shelving is None:
        return
    (one,) = room.running()
    (machine,) = machines([one])
    room.provider.stop(room.scope, [machine])
    room.settle()
    room.provider.shelving.save(room.scope, machine, "im-0123456789", 1)
    other = room.of_deployment("99999999-2222-4333-8444-555555555555")
    assert other.shelving is not None
    assert list(other.shelving.found(room.scope)) == []
