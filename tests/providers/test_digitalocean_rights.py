"""The scopes that docs/clouds/digitalocean.md names are those that our calls need: all of them, and none beside."""

from __future__ import annotations

import re
from pathlib import Path

from im.providers.contract import Filter, merge_pages
from im.providers.machine import Machine
from tests.machines import machines
from tests.providers.digitalocean_room import DigitalOceanRoom

PAGE = Path(__file__).parents[2] / "docs" / "clouds" / "digitalocean.md"


def documented() -> frozenset[str]:
    (block,) = re.findall(r"```\n((?:\w+:\w+\s+)+)```", PAGE.read_text())
    return frozenset(block.split())


def test_everything_that_we_do_needs_the_documented_scopes_and_no_other(digitalocean: DigitalOceanRoom) -> None:
    room, provider = digitalocean, digitalocean.provider
    room.team.scopes = documented()
    assert [one for one in provider.checks(room.scope) if not one.ok] == []
    provider.identity(room.scope)
    room.wish(ssh_from=("203.0.113.7/32",))
    provider.zones.offering(room.scope, room.spec, [room.spec.instance_type])
    (one,) = room.running()
    merge_pages(provider.list(room.scope, Filter(token="tok")))
    merge_pages(provider.list(room.scope))
    for verb in (provider.stop, provider.start):
        assert verb(room.scope, machines([one])).failed == {}
        room.settle()
    marks, foreign = provider.marks, Machine(room.foreign())
    for value in ("000001-first", "000002-second"):
        marks.put(room.scope, Machine(one), value)
    assert marks.read(room.scope) == {one: "000002-second"}
    for slot in room.slots(2):
        provider.adoption.take(room.scope, foreign, slot, "eve")
    provider.prices.fetch(room.scope, [])
    for generation in (1, 2):
        provider.shelving.save(room.scope, Machine(one), "im-0123456789", generation)
        provider.shelving.found(room.scope)
        room.settle()
    kept = [saved.id for saved in provider.shelving.found(room.scope)]
    assert len(kept) == 2
    assert provider.shelving.discard(room.scope, kept) == {}
    (wall,) = room.team.firewalls.values()
    wall["tags"] = []  # somebody has deleted its tag
    (other,) = room.running()
    assert room.ways_in(other) == {"22/tcp@203.0.113.7/32"}
    assert provider.terminate(room.scope, machines([one, other])).failed == {}
    room.settle()
    assert provider.leftovers.discard(room.scope, provider.leftovers.found(room.scope)) == {}
    assert room.team.asked_of == documented()
    assert {entry.status for entry in room.cloud.books.entries} <= {200, 201, 202, 204, 404}
