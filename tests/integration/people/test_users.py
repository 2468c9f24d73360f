"""Users on the real database: one name once, always an admin left, and nothing orphaned by a removal."""

from __future__ import annotations

import pytest

from im.domain.access import Role
from im.domain.errors import Denied, NoSuchUser, Refused
from im.domain.people.user import UserKind
from im.services.people import audit, users
from tests.people import person
from tests.world import World

ROOT = person("root")


def _add(
    world: World, login: str, kind: UserKind = UserKind.PERSON, role: Role = Role.MEMBER, team: str | None = None
) -> None:
    users.add(world.ctx, login, kind=kind, role=role, team=team, actor=ROOT)


def test_a_name_is_used_once_whatever_it_is_of(world: World) -> None:
    _add(world, "ml", UserKind.TEAM)
    for kind in UserKind:
        with pytest.raises(Refused, match="'ml' is taken, by a team"):
            _add(world, "ml", kind)
    assert [user.login for user in users.listed(world.ctx)] == ["ml"]


def test_a_team_has_to_be_one(world: World) -> None:
    _add(world, "ada")
    for team in ("ada", "nothing"):
        with pytest.raises(NoSuchUser, match=f"there is no team '{team}'"):
            _add(world, "bob", team=team)
    _add(world, "ml", UserKind.TEAM)
    _add(world, "bob", team="ml")
    assert users.change(world.ctx, "bob", team="", actor=ROOT).team is None


def test_the_last_admin_stays_one(world: World) -> None:
    _add(world, "ada", role=Role.ADMIN)
    for end in (
        lambda: users.change(world.ctx, "ada", role=Role.MEMBER, actor=ROOT),
        lambda: users.change(world.ctx, "ada", disabled=True, actor=ROOT),
        lambda: users.remove(world.ctx, "ada", actor=ROOT),
    ):
        with pytest.raises(Refused, match="ada is the only admin there is"):
            end()
    _add(world, "robot", UserKind.SERVICE, role=Role.ADMIN)
    with pytest.raises(Refused, match="only admin"):  # a service makes no other admin
        users.change(world.ctx, "ada", disabled=True, actor=ROOT)
    _add(world, "bob", role=Role.ADMIN)
    assert users.change(world.ctx, "ada", disabled=True, actor=ROOT).disabled_at is not None
    with pytest.raises(Refused, match="bob is the only admin there is"):
        users.change(world.ctx, "bob", role=Role.VIEWER, actor=ROOT)


def test_who_owns_something_that_lives_is_not_removed(world: World) -> None:
    _add(world, "bob")
    world.create("web", actor="bob")
    with pytest.raises(Refused, match="bob still has 1 instance"):
        users.remove(world.ctx, "bob", actor=ROOT)
    world.terminate("web")
    world.advance(60)
    users.remove(world.ctx, "bob", actor=ROOT)
    assert users.listed(world.ctx) == []
    assert "create requested" in world.kinds()  # the history remembers


def test_a_team_with_members_is_not_removed(world: World) -> None:
    _add(world, "ml", UserKind.TEAM)
    _add(world, "bob", team="ml")
    with pytest.raises(Refused, match="bob is in team ml"):
        users.remove(world.ctx, "ml", actor=ROOT)


@pytest.mark.parametrize("role", [Role.VIEWER, Role.MEMBER])
def test_none_but_an_admin_manages_users(world: World, role: Role) -> None:
    _add(world, "ada", role=Role.ADMIN)
    for ask in (
        lambda: users.add(world.ctx, "eve", actor=person("eve", role)),
        lambda: users.change(world.ctx, "eve", role=Role.ADMIN, actor=person("eve", role)),
        lambda: users.change(world.ctx, "ada", disabled=True, actor=person("eve", role)),
        lambda: users.remove(world.ctx, "ada", actor=person("eve", role)),
    ):
        with pytest.raises(Denied, match="eve may not manage users"):
            ask()
    assert [user.login for user in users.listed(world.ctx)] == ["ada"]


def test_the_audit_says_who_did_what_to_whom(world: World) -> None:
    _add(world, "ada", role=Role.ADMIN)
    users.change(world.ctx, "ada", display="Ada L.", actor=person("ada"))
    told = [(entry.actor, entry.verb, entry.subject) for entry in audit.listed(world.ctx, 10)]
    assert told == [("ada", "user changed", "ada"), ("root", "user added", "ada")]
