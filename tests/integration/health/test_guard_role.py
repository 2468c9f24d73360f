"""A guard that may not terminate is a fault for `im doctor` as soon as something lives that it would have to terminate."""

from __future__ import annotations

from sqlalchemy import text

from im.domain.scope import Scope
from im.providers.contract import GUARD_TERMINATES, Check
from im.services.health import doctor_cloud
from tests.world import World

UNFIT = Check(GUARD_TERMINATES, ok=False, detail="the role may not", fix="give it the right")


def told(world: World, account: str = "default") -> Check:
    return doctor_cloud._needed(world.ctx.settings, Scope("fake", account, "fake-2"), UNFIT)


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
