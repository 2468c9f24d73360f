"""What a person wishes a machine to be, on its way from the prompt through the rows to the cloud and back."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from traceback import format_exception
from typing import Any

import pytest
from sqlalchemy import text

from im.domain.errors import ImError
from im.domain.intent import Deadline
from im.domain.scope import Scope
from im.domain.sighting import Sighting
from im.domain.spec.spec import Spec
from im.providers.contract import Slot
from im.providers.errors import Ambiguous, NoCapacity
from im.providers.fake.provider import FakeProvider
from im.providers.request import Ask
from im.services.requests import create
from im.services.requests import order as requests_order
from tests.people import person
from tests.world import World


class TellsWhoLogsIn(FakeProvider):
    """A cloud whose image knows its user, as EC2's do."""

    def launch(self, scope: Scope, spec: Spec, *, token: str, slots: Sequence[Slot]) -> list[Sighting]:
        return [replace(one, ssh_user="admin") for one in super().launch(scope, spec, token=token, slots=slots)]


def test_the_user_that_the_image_tells_replaces_the_guess(world: World) -> None:
    world.create("guess")
    assert world.row("guess").spec.ssh_user == "fake"
    world.provider = TellsWhoLogsIn(world.cloud, world.deployment)
    world.advance(5)
    assert world.row("guess").spec.ssh_user == "admin"
    assert world.row("guess").spec.public_key == "ssh-ed25519 AAAA test", "nothing else of the wish has changed"


def test_an_image_that_tells_nothing_leaves_the_guess(world: World) -> None:
    world.create("guess")
    world.advance(5)
    assert world.row("guess").spec.ssh_user == "fake"


# ---- user data -------------------------------------------------------------------------------------------------------

SECRET = b"#!/bin/sh\nTOKEN=hunter2-hunter2\n"


def order(world: World, name: str, *, count: int = 1, seconds: float = 3600, **asked: Any) -> None:
    ask = Ask(public_key="ssh-ed25519 AAAA test", owner="ada", **asked)
    deadline = Deadline(by=timedelta(seconds=seconds))
    create.create(world.ctx, requests_order.Order("fake", "default", ask, name, count, deadline, person("ada")))


def kept(world: World) -> int:
    """How many pieces of user data the database holds."""
    with world.ctx.begin() as connection:
        return int(connection.execute(text("SELECT count(*) FROM user_data")).scalar_one())


def everything_stored(world: World) -> str:
    """Every row of every table but the one that is for it."""
    with world.ctx.begin() as connection:
        tables = connection.execute(
            text("SELECT tablename FROM pg_tables WHERE schemaname = 'public' AND tablename <> 'user_data'")
        ).scalars()
        return "".join(str(connection.execute(text(f"SELECT t::text FROM {t} t")).all()) for t in list(tables))


def at_machine(world: World, name: str) -> bytes | None:
    machine = world.row(name).provider_id
    assert machine is not None
    return world.cloud.visible(machine).user_data


def test_user_data_waits_apart_reaches_every_machine_and_is_erased(
    world: World, capsys: pytest.CaptureFixture[str]
) -> None:
    order(world, "web", count=3, user_data=SECRET)
    assert kept(world) == 1, "once for all three"
    assert "hunter2" not in everything_stored(world)
    world.advance(5)
    assert [at_machine(world, f"web-{n}") for n in (1, 2, 3)] == [SECRET] * 3
    world.advance(15)
    assert kept(world) == 0, "a machine that ran needs it no more; one that ends before that has it tried elsewhere"
    assert "hunter2" not in everything_stored(world) + repr(world.row("web-1"))
    assert "hunter2" not in "".join(capsys.readouterr()), "nor in a log"


def test_user_data_is_there_for_a_launch_that_is_tried_again(world: World) -> None:
    world.cloud.fail_next("launch", Ambiguous("lost"), after=True)
    order(world, "lost", user_data=SECRET)
    world.advance(60)
    assert at_machine(world, "lost") == SECRET
    assert (kept(world), len(world.machines())) == (0, 1)


def test_user_data_of_a_failed_launch_serves_the_next_attempt(world: World) -> None:
    world.cloud.fail_next("launch", NoCapacity("none left"))
    order(world, "later", user_data=SECRET)
    world.advance(30)
    assert (world.row("later").failed, kept(world)) == (True, 1)
    world.start("later", seconds=600)
    world.advance(5)
    assert at_machine(world, "later") == SECRET
    world.advance(15)
    assert kept(world) == 0


def test_user_data_that_nobody_waits_for_any_more_is_erased_at_the_next_tick(world: World) -> None:
    world.worker = False
    order(world, "never", user_data=SECRET)
    world.terminate("never")
    world.worker = True
    world.advance(15)
    assert (kept(world), world.machines()) == (0, [])


def test_a_launch_whose_user_data_is_gone_is_refused_and_not_made_without(world: World) -> None:
    world.worker = False
    order(world, "bare", user_data=SECRET)
    with world.ctx.begin() as connection:
        connection.execute(text("DELETE FROM user_data"))
    world.worker = True
    world.advance(5)
    assert world.machines() == []
    assert "user data was used and erased" in (world.row("bare").error or "")


def test_an_error_of_the_database_repeats_no_user_data(world: World) -> None:
    with world.ctx.begin() as connection:
        connection.execute(text("ALTER TABLE user_data RENAME TO away"))
    try:
        with pytest.raises(ImError) as caught:
            order(world, "web", user_data=SECRET)
    finally:
        with world.ctx.begin() as connection:
            connection.execute(text("ALTER TABLE away RENAME TO user_data"))
    told = "".join(format_exception(caught.value))
    assert "hunter2" not in told
    assert SECRET.hex() not in told


# ---- sleep -----------------------------------------------------------------------------------------------------------


def test_the_deadline_sends_those_to_sleep_that_were_to_sleep(world: World) -> None:
    order(world, "sleeper", seconds=60, hibernate=True)
    order(world, "other", seconds=60)
    world.advance(90)
    assert [world.word(name) for name in ("sleeper", "other")] == ["stopped (ttl)"] * 2
    assert world.cloud.asleep == {world.row("sleeper").provider_id}
    world.extend("sleeper", seconds=600)
    world.advance(5)
    assert (world.word("sleeper"), world.cloud.asleep) == ("running", set())
