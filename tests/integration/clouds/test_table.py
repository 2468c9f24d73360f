"""docs/clouds/index.md: its table of clouds and verbs is what really ran here, each cell by the command line over a stand-in."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest

from im.providers import registry
from tests.integration.clouds.places import CLOUDS
from tests.integration.clouds.road import VERBS, YES, road
from tests.standin.server import StandIn
from tests.standin_world import Near
from tests.world import World

PAGE = Path(__file__).parents[3] / "docs" / "clouds" / "index.md"


@pytest.fixture(params=CLOUDS)
def cloud(
    request: pytest.FixtureRequest, database_url: str, ec2: StandIn, clients: Near
) -> Iterator[tuple[str, World]]:
    name: str = request.param
    with CLOUDS[name].world(database_url, ec2, clients) as world:
        yield name, world


@pytest.mark.sampled(every=5)
def test_what_the_table_says_is_what_happens(cloud: tuple[str, World], key: str, tmp_path: Path) -> None:
    name, world = cloud
    script = tmp_path / "start.sh"
    script.write_text("#!/bin/sh\ntrue\n")
    done = road(world, CLOUDS[name], key, str(script))
    said, why = _column(CLOUDS[name].title), _refusals(CLOUDS[name].title)
    assert {verb: YES if outcome == YES else "no" for verb, outcome in done.items()} == said
    assert {verb: outcome for verb, outcome in done.items() if outcome != YES} == why


def test_every_cloud_that_can_be_named_is_in_the_table() -> None:
    assert set(registry.names()) == set(CLOUDS)
    titles = _lines()[0]
    assert titles[1:] == [one.title for one in CLOUDS.values()]
    assert [line[0] for line in _lines()[1:]] == list(VERBS)


def _lines() -> list[list[str]]:
    rows = [line for line in PAGE.read_text().splitlines() if line.startswith("| ") and not line.startswith("|---")]
    return [[cell.strip() for cell in row.strip("|").split(" | ")] for row in rows]


def _column(title: str) -> Mapping[str, str]:
    head, *rows = _lines()
    at = head.index(title)
    return {row[0]: row[at] for row in rows}


def _refusals(title: str) -> Mapping[str, str]:
    """The lines `* VERB: REASON` beneath the heading of a cloud."""
    _, _, rest = PAGE.read_text().partition(f"\n### {title}\n")
    lines = rest.partition("\n#")[0].splitlines()
    return dict(line.removeprefix("* ").split(": ", 1) for line in lines if line.startswith("* "))  # type: ignore[misc]
