"""A region that the account has not enabled refuses good credentials as if they were wrong: it is told by its name, and at once."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import pytest

from im.domain.errors import error_for
from im.domain.state import Observed
from im.views.exits import Exit, exit_of
from tests.standin.server import StandIn
from tests.standin_world import ASK, Near, StandInWorld

CLOSED = "ap-east-1"
THERE = replace(ASK, zone=f"{CLOSED}a")


@pytest.fixture
def world(database_url: str, ec2: StandIn, clients: Near) -> Iterator[StandInWorld]:
    clients._regions._kept.clear()  # what a minute would do
    made = StandInWorld(database_url, ec2, clients)
    made.control.close_region(CLOSED)
    yield made
    made.close()


@pytest.mark.parametrize("first", ["there", "here"])
def test_it_is_told_by_its_name_and_final_while_other_regions_go_on(world: StandInWorld, first: str) -> None:
    """Whichever region a worker is asked about first: who it is, it learns once."""
    if first == "here":
        world.create("here")
        world.advance(10)
    world.create("there", ask=THERE)
    if first == "there":
        world.create("here")
    world.advance(30)
    row = world.row("there")
    assert (row.failed, row.error_code, row.provider_id) == (True, "forbidden", None)
    assert exit_of(error_for(row.error_code)("")) is Exit.AUTH
    told = row.error or ""
    assert told.startswith(f"the region {CLOSED} is not enabled for this account")
    assert f"aws account enable-region --region-name {CLOSED}" in told
    assert "choose one that is, like ap-" in told
    assert "credentials" not in told
    assert world.at_cloud("here") is Observed.RUNNING
    tried = world.control.counts()["calls"]
    world.advance(60)
    assert world.control.counts()["calls"].get("ImportKeyPair") == tried.get("ImportKeyPair"), "it is not tried again"
    assert world.control.counts()["calls"]["DescribeRegions"] <= 4, (
        "asked once a minute, and again where no answer came"
    )


def test_once_it_is_enabled_the_same_line_typed_again_does_it(world: StandInWorld, ec2: StandIn) -> None:
    world.create("there", ask=THERE)
    world.advance(20)
    assert world.row("there").failed
    world.control.close_region(CLOSED, closed=False)
    world.start("there", seconds=600)
    world.advance(20)
    assert world.row("there").observed is Observed.RUNNING


def test_credentials_that_are_wrong_everywhere_are_told_as_before_and_tried_on(world: StandInWorld) -> None:
    world.control.refuse("*", "AuthFailure", status=401, times=None)
    world.create("there", ask=THERE)
    world.advance(20)
    row = world.row("there")
    assert (row.failed, row.error_code) == (False, "unauthenticated")
    assert "does not accept our credentials" in (row.error or "")


def test_a_right_to_ask_that_is_missing_leaves_it_as_it_was(world: StandInWorld) -> None:
    world.control.refuse("DescribeRegions", "UnauthorizedOperation", status=403, times=None)
    world.create("there", ask=THERE)
    world.advance(20)
    assert (world.row("there").failed, world.row("there").error_code) == (False, "unauthenticated")


def test_doctor_says_it_with_what_to_do(world: StandInWorld) -> None:
    scope = replace(world.create("there", ask=THERE)[0].scope)
    found = {one.name: one for one in world.provider.checks(scope)}
    assert not found["endpoint"].ok
    assert f"the region {CLOSED} is not enabled" in found["endpoint"].detail
    assert found["endpoint"].fix == "enable the region, or set AWS_REGION to one that is"
    assert found["identity"].ok, "who we are is known all the same"
