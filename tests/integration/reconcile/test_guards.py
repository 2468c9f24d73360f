"""The guard: a deadline that holds though nobody of ours is there, moves with every extend, and is known again when it fires."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import timedelta
from typing import Any

from click.testing import CliRunner, Result

from im.cli.main import im
from im.cli.session import Session
from im.db import holds
from im.db.read import instances as read_instances
from im.domain.guard import GuardKind
from im.domain.intent import Deadline
from im.domain.state import Observed
from im.providers.errors import Ambiguous, Forbidden
from im.providers.request import Ask
from im.services.health import doctor_money
from im.services.requests import create as requests_create
from im.services.requests import order
from tests.people import person
from tests.world import START, World

GRACE = 300
HOUR = 3600


def create(world: World, name: str = "web", *, seconds: float = HOUR, count: int = 1) -> None:
    ask = Ask(public_key="ssh-ed25519 AAAA t", owner="ada")
    deadline = Deadline(by=timedelta(seconds=seconds))
    requests_create.create(
        world.ctx, order.Order("fake", "default", ask, name, count, deadline, person("ada"), guard=GuardKind.NATIVE)
    )


def at_cloud(world: World, name: str = "web") -> float | None:
    """Seconds after the start for which the cloud has the guard."""
    found = world.cloud.guards.get(world.row(name).provider_id or "")
    return (found.at - START).total_seconds() if found and found.at else None


def run(world: World, *words: str) -> Result:
    return CliRunner().invoke(im, list(words), obj=Session(lambda: world.ctx), prog_name="im")


def answer(world: World, *words: str) -> Any:
    result = run(world, *words, "--json")
    assert result.exit_code == 0, result.stderr
    return json.loads(result.stdout)


def test_it_is_set_once_the_machine_is_there_and_moves_with_every_extend(world: World) -> None:
    create(world)
    world.advance(15)
    assert at_cloud(world) == HOUR + GRACE
    world.extend("web", seconds=HOUR)
    world.advance(15)
    assert at_cloud(world) == 2 * HOUR + GRACE
    assert [k for k in world.kinds() if k.startswith("guard")] == ["guard set", "guard moved"]
    assert len(world.calls("guard")) == 2


def test_it_is_taken_away_when_there_is_nothing_left_to_end(world: World) -> None:
    create(world, "stopped")
    create(world, "ended")
    world.advance(15)
    assert len(world.cloud.guards) == 2
    world.stop("stopped")
    world.terminate("ended")
    world.advance(30)
    assert world.cloud.guards == {}
    world.start("stopped")
    world.advance(30)
    assert at_cloud(world, "stopped") == HOUR + GRACE


def test_a_machine_that_ends_outside_loses_its_guard_too(world: World) -> None:
    create(world)
    world.advance(15)
    world.cloud.outside("terminate", str(world.row().provider_id))
    world.advance(60)
    assert world.cloud.guards == {}


def test_a_machine_that_was_taken_in_is_guarded_as_the_deployment_has_it(world: World) -> None:
    from im.services.requests import adopt

    bare, machine = world.cloud.foreign("fake-1b"), world.cloud.foreign("fake-1b")
    by = Deadline(by=timedelta(seconds=HOUR))
    adopt.adopt(world.ctx, adopt.AdoptRequest("fake", "default", "fake-1", (bare,), "bare", by, person("ada")))
    world.ctx = replace(world.ctx, settings=replace(world.ctx.settings, guard=GuardKind.NATIVE))
    adopt.adopt(world.ctx, adopt.AdoptRequest("fake", "default", "fake-1", (machine,), "old", by, person("ada")))
    world.advance(30)
    assert at_cloud(world, "old") == HOUR + GRACE
    assert at_cloud(world, "bare") is None
    world.extend("old", seconds=HOUR)
    world.advance(15)
    assert at_cloud(world, "old") == 2 * HOUR + GRACE
    world.stop("old")
    world.advance(30)
    assert at_cloud(world, "old") is None


def test_a_healthy_fleet_is_there_first(world: World) -> None:
    create(world, seconds=60)
    world.advance(75)
    (stop,) = [c for c in world.cloud.calls if c.verb == "stop"]
    assert stop.at - START <= timedelta(seconds=61)
    world.advance(GRACE + 60)
    assert world.word() == "stopped (ttl)"
    assert world.cloud.guards == {}


def test_the_machine_stops_though_all_of_im_is_gone(world: World) -> None:
    create(world, seconds=120)
    world.advance(15)
    world.worker = world.beat = False
    world.advance(120 + GRACE - 16)
    assert world.at_cloud() is Observed.RUNNING
    world.advance(10)
    assert world.at_cloud() is Observed.STOPPED
    assert world.calls("stop") == []


def test_a_guard_that_fires_while_there_is_time_left_is_known_as_ours_and_the_machine_is_woken(world: World) -> None:
    """An extend that is carried out but for its guard, which the cloud refuses to move."""
    create(world, seconds=120)
    world.advance(15)
    world.cloud.fail_next("guard", Forbidden("no more"), times=1000)
    world.extend("web", seconds=2 * HOUR)
    world.advance(60)
    assert world.row().settled
    assert at_cloud(world) == 120 + GRACE  # still the old one
    world.advance(120 + GRACE - 75 + 40)
    assert world.at_cloud() is Observed.RUNNING  # stopped by the guard at 420 s, and woken
    assert len(world.calls("start")) == 1
    assert "stopped outside" not in world.kinds()
    assert world.row().why.value == "user"
    world.cloud._faults.clear()
    world.advance(90)
    assert at_cloud(world) == 120 + 2 * HOUR + GRACE


def test_a_hand_in_the_console_is_not_mistaken_for_the_guard(world: World) -> None:
    create(world, seconds=120)
    world.advance(15)
    world.cloud.fail_next("guard", Forbidden("no more"), times=1000)
    world.extend("web", seconds=2 * HOUR)
    world.advance(60)
    world.cloud.outside("stop", str(world.row().provider_id))
    world.advance(60)
    assert world.word() == "stopped outside"
    assert world.calls("start") == []


def test_an_extend_while_everybody_is_down_is_woken_when_they_are_back(world: World) -> None:
    create(world, seconds=120)
    world.advance(15)
    world.worker = False
    world.advance(60)
    world.extend("web", seconds=2 * HOUR)  # committed, and nobody there to carry it out
    world.lose_messages()
    world.advance(2 * GRACE)
    assert world.at_cloud() is Observed.STOPPED
    world.worker = True
    world.advance(40)
    assert world.at_cloud() is Observed.RUNNING
    assert at_cloud(world) == 120 + 2 * HOUR + GRACE


def test_a_pause_holds_the_guard_too_and_a_resume_brings_it_back(world: World) -> None:
    create(world, seconds=2 * HOUR)
    create(world, "later", seconds=9 * HOUR)
    world.advance(15)
    with world.ctx.begin() as connection:
        holds.pause(connection, world.now, START + timedelta(hours=4), "ada", "an incident")
    world.advance(30)
    assert at_cloud(world) == 4 * HOUR + GRACE
    assert at_cloud(world, "later") == 9 * HOUR + GRACE
    with world.ctx.begin() as connection:
        holds.resume(connection)
    world.advance(30)
    assert at_cloud(world) == 2 * HOUR + GRACE


def test_a_lost_answer_is_asked_again_until_it_is_sure(world: World) -> None:
    create(world)
    world.cloud.fail_next("guard", Ambiguous("no answer"), after=True, times=20)
    world.advance(12)
    with world.ctx.begin() as connection:
        guard = read_instances.guards(connection, [world.row().id])[world.row().id]
    assert guard.error is not None
    assert guard.told_at is None
    assert guard.asked_at == START + timedelta(seconds=HOUR + GRACE)
    world.cloud._faults.clear()
    world.advance(90)
    with world.ctx.begin() as connection:
        guard = read_instances.guards(connection, [world.row().id])[world.row().id]
    assert (guard.told_at, guard.asked_at, guard.error) == (START + timedelta(seconds=HOUR + GRACE), None, None)


def test_two_hundred_are_set_in_batches(world: World) -> None:
    create(world, count=200)
    world.advance(30)
    assert len(world.cloud.guards) == 200
    assert sorted(len(ids) for ids in world.calls("guard")) == [50, 50, 50, 50]


def test_a_refused_guard_is_loud(world: World) -> None:
    world.cloud.fail_next("guard", Forbidden("our credentials may not do this"), times=100)
    create(world)
    world.advance(30)
    with world.ctx.begin() as connection:
        check = next(c for c in doctor_money.checks(connection, world.now) if c.name == "guards")
    assert not check.ok
    assert check.detail == "the cloud refuses the guard of web: our credentials may not do this"
    assert "the cloud refused the last change" in run(world, "status", "web").stdout
    assert world.kinds().count("guard refused") == 1
    assert world.row().settled  # the machine is as it should be all the same


def test_the_deployments_default_and_the_exception(world: World, tmp_path: Any) -> None:
    key = tmp_path / "id.pub"
    key.write_text("ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIHUvTP2ZzNfVJzGwDgnBpGmGH1GSUSbY0yV9r9eoyv6z me\n")
    create = ("create", "--public-key", str(key), "-d", "1h")
    assert "guard         none: should all of im be gone, nobody stops it" in run(world, *create, "--dry-run").stdout
    world.ctx = replace(world.ctx, settings=replace(world.ctx.settings, guard=GuardKind.NATIVE, guard_grace=60.0))
    assert "ends it 1m after its deadline" in run(world, *create, "--dry-run").stdout
    assert run(world, *create, "--name", "guarded").exit_code == 0
    assert run(world, *create, "--name", "bare", "--guard", "none").exit_code == 0
    world.advance(30)
    assert at_cloud(world, "guarded") == HOUR + 60
    assert at_cloud(world, "bare") is None
    assert "if gone   the cloud itself stops it" in run(world, "status", "guarded").stdout
    (told,) = answer(world, "status", "guarded")
    assert told["guard"] == {"kind": "native", "grace_seconds": 60, "at": "2030-01-01T13:01:00.000Z", "error": None}
    assert answer(world, "status", "bare")[0]["guard"] is None
