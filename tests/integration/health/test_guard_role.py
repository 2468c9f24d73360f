"""A guard that may not terminate is a fault for `im doctor` as soon as something lives that it would have to terminate."""

from __future__ import annotations

from dataclasses import replace

from sqlalchemy import text

from im.domain.guard import GuardKind
from im.domain.scope import Scope
from im.providers.contract import GUARD, GUARD_TERMINATES, Check
from im.services.health import doctor_cloud
from tests.world import World

UNFIT = Check(GUARD_TERMINATES, ok=False, detail="the role may not", fix="give it the right")


NO_QUEUE = Check(GUARD, ok=False, detail="there is no queue", fix="make one")


def told(world: World, account: str = "default", check: Check = UNFIT) -> Check:
    return doctor_cloud._needed(world.ctx.settings, Scope("fake", account, "fake-2"), check)


def test_what_guards_lack_is_no_fault_until_one_is_asked_for(world: World) -> None:
    world.create("web")
    found = told(world, check=NO_QUEUE)
    assert (found.ok, found.detail) == (True, "there is no queue; nothing that lives has a guard")
    by_default = replace(world.ctx.settings, guard=GuardKind.NATIVE)
    assert doctor_cloud._needed(by_default, Scope("fake", "default", "fake-2"), NO_QUEUE) == NO_QUEUE
    with world.ctx.begin() as connection:
        connection.execute(
            text("INSERT INTO guards (instance_id, kind, grace) SELECT id, 'scheduler', 300 FROM instances")
        )
    assert told(world, check=NO_QUEUE) == NO_QUEUE
    assert told(world, account="prod", check=NO_QUEUE).ok


def test_it_is_told_and_no_fault_until_such_a_machine_lives_in_the_account(world: World) -> None:
    world.create("web")
    with world.ctx.begin() as connection:
        guard = "INSERT INTO guards (instance_id, kind, grace) SELECT id, 'scheduler', 300 FROM instances"
        connection.execute(text(guard))
    assert told(world).ok, "it is to be stopped"
    assert "nothing that lives has such a guard" in told(world).detail
    world.tamper(on_expiry="terminate")
    assert told(world) == UNFIT
    assert told(world, account="prod").ok
    world.tamper(closed_at=world.now)
    assert told(world).ok
