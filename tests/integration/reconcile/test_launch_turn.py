"""More launches than a cloud is asked for at once: who waits for its turn is told so, and about when it comes."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest

from im.domain.explain.turn import Place, turn
from im.domain.rate_limit import Rate
from tests.integration.typed import answer, run
from tests.world import START
from tests.worlds.digitalocean import DigitalOceanWorld, digitalocean_world

MANY = 12


@pytest.fixture
def world(database_url: str) -> Iterator[DigitalOceanWorld]:
    with digitalocean_world(database_url) as made:
        yield made


def told(world: DigitalOceanWorld, name: str) -> datetime | None:
    """When its turn comes, as `im why` has it; None where it waits for none."""
    said = answer(world, "why", name)["turn"]
    if said is None:
        return None
    at = re.search(r"about ([\d-]+ [\d:]+) UTC", said)
    assert at is not None
    return datetime.fromisoformat(at[1]).replace(tzinfo=UTC)


def test_each_waits_for_its_turn_and_runs_about_when_it_was_said(world: DigitalOceanWorld) -> None:
    rate = world.provider.capabilities.rates["launch"]
    names = [f"web-{n}" for n in range(MANY + int(rate.burst))]
    for name in names:
        world.create(name)
    world.advance(1)
    turns = {name: at for name in names if (at := told(world, name)) is not None}
    assert len(turns) == MANY, "as many as the bucket holds were asked for at once"
    first, *_, last = sorted(turns.values())
    step = timedelta(seconds=1 / rate.per_second)
    assert first - world.now <= step
    assert abs(last - first - (MANY - 1) * step) <= timedelta(seconds=MANY)
    latest = max(turns, key=lambda name: turns[name])
    assert world.word(latest) == "launching"
    why = run(world, "why", latest).stdout
    assert "its launch waits for its turn, about" in why
    assert (
        f"this cloud is asked for one launch every {round(step.total_seconds())}s, and {MANY - 1} are before it" in why
    )
    status = run(world, "status", latest).stdout
    assert re.search(r"launch +waits for its turn, about", status)
    assert "on its way" not in why

    world.advance((last - world.now).total_seconds() + step.total_seconds() + 60)
    assert {world.word(name) for name in names} == {"running"}
    assert {told(world, name) for name in names} == {None}


def test_one_that_is_asked_for_at_once_waits_for_no_turn(world: DigitalOceanWorld) -> None:
    world.worker = False
    world.create("web")
    assert told(world, "web") is None
    assert "its launch is on its way to the cloud" in run(world, "why", "web").stdout
    assert "turn" not in run(world, "status", "web").stdout


SLOW = Rate(0.02, 2)
EVERY = "UTC: this cloud is asked for one launch every 50s"


@pytest.mark.parametrize(
    ("place", "rate", "says"),
    [
        (Place(0, 0.5, START), SLOW, f"12:00:25 {EVERY}"),
        (Place(1, 0.0, START), SLOW, f"12:01:40 {EVERY}, and 1 is before it"),
        (Place(2, 0.0, START - timedelta(seconds=50)), SLOW, f"12:01:40 {EVERY}, and 2 are before it"),
        (
            Place(99, 0.0, START),
            Rate(2, 4),
            "12:00:50 UTC: this cloud is asked for 2 launches a second, and 99 are before it",
        ),
        (Place(0, None, None), SLOW, ""),
        (Place(1, None, None), SLOW, ""),
        (Place(0, 0.0, START), Rate(1.5, 4), ""),
    ],
)
def test_a_turn_is_reckoned_by_what_is_left_and_who_stands_before(place: Place, rate: Rate, says: str) -> None:
    assert turn(place, rate, START).removeprefix("waits for its turn, about 2030-01-01 ") == says
