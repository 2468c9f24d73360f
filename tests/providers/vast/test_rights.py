"""The calls that docs/clouds/vast.md names are those that we make: all of them, and none beside."""

from __future__ import annotations

import re
from pathlib import Path

from im.domain.money.bill import Item
from im.providers.contract import merge_pages
from im.providers.machine import Machine
from tests.machines import machines
from tests.providers.vast.room import VastRoom

PAGE = Path(__file__).parents[3] / "docs" / "clouds" / "vast.md"


def test_everything_that_we_do_needs_the_documented_calls_and_no_other(vast: VastRoom) -> None:
    room, provider = vast, vast.provider
    assert [one for one in provider.checks(room.scope) if not one.ok] == []
    (one,) = room.running()
    merge_pages(provider.list(room.scope))
    for verb in (provider.stop, provider.start):
        assert verb(room.scope, machines([one])).failed == {}
        room.settle()
    assert provider.marks is not None
    provider.marks.put(room.scope, Machine(one), "000001-first")
    assert provider.adoption is not None
    provider.adoption.take(room.scope, Machine(room.foreign()), *room.slots(), "eve")
    assert provider.prices is not None
    provider.prices.fetch(room.scope, [Item("vast", "market", "RTX_4090x1")])
    assert provider.terminate(room.scope, machines([one])).failed == {}
    made = {f"{entry.method} {re.sub(r'[0-9]{2,}', 'ID', entry.path)}" for entry in room.cloud.books.entries}
    assert made == set(re.findall(r"^\| `((?:GET|PUT|POST|DELETE) [^`]+)` \|", PAGE.read_text(), re.MULTILINE))
