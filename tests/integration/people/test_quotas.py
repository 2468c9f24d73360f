"""Quotas on the real database: on every way to more, under one lock, and never against what asks for no more."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal

import pytest

from im.domain.access import Role
from im.domain.errors import Denied, NoSuchUser, OverLimit, Refused
from im.domain.people.quota import Quota, QuotaFor
from im.domain.people.user import UserKind
from im.services.people import quotas, users
from im.services.requests.give import give
from tests.people import person
from tests.world import World

ROOT = person("root")
H = timedelta(hours=1)


def _quota(world: World, name: str = "bob", of: QuotaFor = QuotaFor.USER, **limits: object) -> None:
    quotas.write(world.ctx, Quota(of, name, **limits), actor=ROOT)  # type: ignore[arg-type]


def test_create_extend_start_and_give_are_all_held(world: World) -> None:
    _quota(world, live=1, longest_ttl=2 * H)
    world.create("one", seconds=3600, actor="bob")
    world.advance(10)
    with pytest.raises(OverLimit, match="allows 1 machine at a time, and this would make 2"):
        world.create("two", actor="bob")
    with pytest.raises(OverLimit, match="2h from now"):
        world.extend("one", seconds=2 * 3600)
    world.create("hers", seconds=3600, actor="eve")
    with pytest.raises(OverLimit, match="this would make 2"):
        give(world.ctx, [world.row("hers").id], "bob", actor=ROOT)
    assert world.row("hers").owner == "eve"
    world.stop("one")
    world.advance(30)
    world.create("two", seconds=3600, actor="bob")
    with pytest.raises(OverLimit, match="this would make 2"):
        world.start("one")
    with pytest.raises(OverLimit, match="2h from now"):
        world.start("one", seconds=3 * 3600)


def test_what_asks_for_no_more_passes_however_much_is_taken(world: World) -> None:
    world.create("web", seconds=7200, count=3, actor="bob")
    world.advance(10)
    _quota(world, live=1, longest_ttl=H)
    world.stop("web-1")
    world.advance(30)
    world.terminate("web-2")
    with pytest.raises(OverLimit):
        world.extend("web-3", seconds=60)


def test_until_the_cloud_has_said_that_it_stopped_it_counts(world: World) -> None:
    _quota(world, live=1)
    world.create("one", actor="bob")
    world.advance(10)
    world.stop("one")
    with pytest.raises(OverLimit):
        world.create("two", actor="bob")
    world.advance(30)
    world.create("two", actor="bob")


def test_fifty_at_once_get_no_more_than_there_is(world: World) -> None:
    _quota(world, live=5)

    def ask(number: int) -> bool:
        try:
            world.create(f"web-{number}", actor="bob")
        except OverLimit:
            return False
        return True

    with ThreadPoolExecutor(8) as pool:
        assert sum(pool.map(ask, range(50))) == 5


def test_a_team_and_its_members_share_and_each_of_a_role_has_it_alone(world: World) -> None:
    users.add(world.ctx, "ml", kind=UserKind.TEAM, actor=ROOT)
    for login in ("bob", "eve"):
        users.add(world.ctx, login, team="ml", actor=ROOT)
    _quota(world, "member", QuotaFor.ROLE, live=2)
    world.create("b", count=2, actor="bob")
    world.create("e", count=2, actor="eve")
    with pytest.raises(OverLimit, match="the quota of each role member allows 2"):
        world.create("more", actor="bob")
    _quota(world, "ml", QuotaFor.TEAM, live=5)
    world.create("shared", actor="ml")
    with pytest.raises(OverLimit, match="the quota of team ml allows 5 machines at a time, and this would make 6"):
        world.create("more", actor="ml")
    use = next(use for use in quotas.uses(world.ctx) if use.quota.of is QuotaFor.TEAM)
    assert use.taken is not None
    assert use.taken.live == 5


def test_dollars_an_hour_by_the_prices_there_are(world: World) -> None:
    _quota(world, usd_per_hour=Decimal("0.0001"))
    with pytest.raises(OverLimit, match="an hour"):
        world.create("web", actor="bob")
    quotas.remove(world.ctx, QuotaFor.USER, "bob", actor=ROOT)
    world.create("web", actor="bob")


def test_a_batch_is_held_as_one(world: World) -> None:
    _quota(world, live=3)
    with pytest.raises(OverLimit, match="this would make 4"):
        world.create("web", count=4, actor="bob")
    world.create("web", count=3, actor="bob")


def test_types(world: World) -> None:
    _quota(world, types=("medium",))
    with pytest.raises(OverLimit, match="does not allow small"):
        world.create("web", kind="small", actor="bob")
    world.create("web", kind="medium", actor="bob")


def test_only_an_admin_sets_one_and_only_for_what_there_is(world: World) -> None:
    with pytest.raises(Denied, match="bob may not set quotas"):
        quotas.write(world.ctx, Quota(QuotaFor.USER, "bob", live=99), actor=person("bob", Role.MEMBER))
    with pytest.raises(Refused, match="no role 'king'"):
        _quota(world, "king", QuotaFor.ROLE, live=1)
    with pytest.raises(NoSuchUser, match="no team 'ml'"):
        _quota(world, "ml", QuotaFor.TEAM, live=1)
    with pytest.raises(Refused, match="user bob has no quota"):
        quotas.remove(world.ctx, QuotaFor.USER, "bob", actor=ROOT)


class TestGiving:
    def test_it_is_the_new_owners_and_the_history_says_so(self, world: World) -> None:
        world.create("web", actor="ada")
        give(world.ctx, [world.row().id], "bob", actor=replace(person("ada", Role.MEMBER)))
        assert world.row().owner == "bob"
        assert "given" in world.kinds()
        with pytest.raises(Denied, match="this one is bob's"):
            give(world.ctx, [world.row().id], "ada", actor=person("ada", Role.MEMBER))

    def test_with_users_about_an_owner_is_one_of_them(self, world: World) -> None:
        users.add(world.ctx, "ada", role=Role.ADMIN, actor=ROOT)
        world.create("web", actor="ada")
        with pytest.raises(NoSuchUser, match="no user or team 'bob'"):
            give(world.ctx, [world.row().id], "bob", actor=ROOT)
        users.add(world.ctx, "bob", actor=ROOT)
        users.change(world.ctx, "bob", disabled=True, actor=ROOT)
        with pytest.raises(Refused, match="bob is disabled"):
            give(world.ctx, [world.row().id], "bob", actor=ROOT)

    def test_what_is_gone_stays_whose_it_was(self, world: World) -> None:
        world.create("web", actor="ada")
        web = world.row().id
        world.terminate("web")
        world.advance(60)
        with pytest.raises(Refused, match="web is gone"):
            give(world.ctx, [web], "bob", actor=ROOT)
