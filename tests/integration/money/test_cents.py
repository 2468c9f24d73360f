"""To the second and to the cent: what a lost answer would have told is learnt all the same, and the cloud's own dates count."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

import pytest
from sqlalchemy import text

from im.db.read import ledger
from im.domain.instance import Instance
from im.domain.money.usage import Kind, UsageInterval
from im.domain.state import Observed
from im.providers.errors import Unavailable
from im.services import queries
from im.services.money.costs import ledger as books_of
from tests.standin.server import StandIn
from tests.standin_world import Near, StandInWorld


@pytest.fixture
def world(database_url: str, ec2: StandIn, clients: Near, monkeypatch: pytest.MonkeyPatch) -> Iterator[StandInWorld]:
    monkeypatch.setattr("botocore.endpoint.time.sleep", lambda _: None)
    made = StandInWorld(database_url, ec2, clients)
    yield made
    made.close()


def only(world: StandInWorld) -> Instance:
    (row,) = queries.listing(world.ctx, everything=True).rows
    return row


def interval(world: StandInWorld, kind: Kind) -> UsageInterval:
    row = only(world)
    with world.ctx.begin() as connection:
        (found,) = [one for one in ledger.intervals(connection, [row.id])[row.id] if one.kind is kind]
    return found


def became(world: StandInWorld, state: str) -> float:
    """Seconds of the cloud's clock at which the machine came into `state`, whole as the cloud tells them."""
    machine = only(world).provider_id or ""
    (at,) = [one.at for one in world.control.changes(machine) if one.after == state]
    return float(int(at))


# ---- what a lost answer would have told ------------------------------------------------------------------------------


def test_a_machine_that_was_found_by_its_token_has_the_disk_that_its_answer_would_have_told(
    world: StandInWorld,
) -> None:
    world.create("told")
    world.advance(20)
    world.control.lose_reply("RunInstances")
    world.create("lost")
    world.advance(60)
    with world.ctx.begin() as connection:
        disks = text("SELECT disk_gb, disk_type FROM usage WHERE kind = 'disk'")
        told, lost = (tuple(row) for row in connection.execute(disks))
    assert told == lost
    assert None not in lost


def test_a_size_that_could_not_be_had_is_asked_for_again(world: StandInWorld, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its machine is taken in at once all the same, since a deadline does not wait for an image."""

    def away(*_: object) -> None:
        raise Unavailable("no images today")

    world.control.lose_reply("RunInstances")
    world.create()
    world.advance(0.5)
    with monkeypatch.context() as images:
        images.setattr(world.provider._fitting, "image", away)
        world.advance(30)
        assert world.word() == "running"
        assert interval(world, Kind.DISK).disk_gb is None
    world.advance(80)
    assert interval(world, Kind.DISK).disk_gb == 8


def test_a_machine_without_a_known_disk_is_no_reason_to_ask_at_every_tick(world: StandInWorld) -> None:
    world.create()
    world.advance(20)
    looks = len(world.control.calls("DescribeInstances"))
    world.advance(60)
    assert len(world.control.calls("DescribeInstances")) - looks <= 8


# ---- the cloud's own dates -------------------------------------------------------------------------------------------


def test_a_stop_that_is_found_done_by_the_second_call_ends_when_the_cloud_says(world: StandInWorld) -> None:
    world.create()
    world.advance(20)
    world.control.configure(delays={"stop": 0})
    world.control.lose_reply("StopInstances")
    world.stop("web")
    world.advance(40)
    run = interval(world, Kind.RUN)
    assert run.ended_at is not None
    assert (run.ended_at.timestamp(), run.doubt) == (became(world, "stopping"), timedelta(0))


def test_a_machine_that_was_ended_while_it_was_pending_is_not_billed(world: StandInWorld) -> None:
    world.control.configure(delays={"launch": 60})
    world.create()
    world.advance(10)
    assert world.row().observed is Observed.PENDING
    world.terminate("web")
    world.advance(120)
    row = only(world)
    assert row.observed is Observed.TERMINATED
    with world.ctx.begin() as connection:
        bill = books_of(connection, [row], world.now).bill(row)
    assert (bill.compute, bill.running) == (0, timedelta(0))


def test_of_a_machine_that_vanished_all_that_no_look_has_seen_is_doubtful(world: StandInWorld) -> None:
    world.create()
    world.advance(80)
    gone_at = world.now
    world.control.outside("vanish", world.row().provider_id or "")
    world.advance(60)
    run = interval(world, Kind.RUN)
    assert run.ended_at is not None
    assert run.sure_until is not None
    assert gone_at - timedelta(seconds=12) <= run.sure_until <= gone_at
    assert run.doubt == run.ended_at - run.sure_until


def test_what_a_listing_left_out_once_is_vouched_for_again_when_it_is_back(world: StandInWorld) -> None:
    world.create()
    world.advance(80)
    with world.ctx.begin() as connection:
        connection.execute(text("UPDATE usage SET sure_until = began_at"))
    world.advance(12)
    assert interval(world, Kind.RUN).sure_until is None
