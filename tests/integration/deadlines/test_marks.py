"""A copy of the whole Postgres server, its identity with it, beside the original; and what is no copy: a restart, a failover."""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise

import pytest
from sqlalchemy import text

from im.domain import tags
from im.domain.errors import Unavailable
from im.domain.hold import HoldKind
from im.domain.mark import PERIOD, newest
from im.domain.state import Observed
from im.providers.errors import Forbidden
from im.services import queries
from im.services.deadlines import holds
from im.services.health.doctor import diagnose
from im.views.words.freshness import freshness
from tests.integration.deadlines.two_servers import Opens, ends, kinds, together
from tests.people import person
from tests.servers import Server
from tests.world import START, World


def test_a_copy_stops_nothing_that_the_original_extended_and_says_so(
    first: World, opened: Opens, copies: Callable[..., Server], capsys: pytest.CaptureFixture[str]
) -> None:
    copy = opened(copies())
    first.extend("web", seconds=600)
    together(2, first, copy)
    assert kinds(copy) == {HoldKind.WATCH}, "it waits before it does anything"
    together(148, first, copy)
    assert first.at_cloud("web") is Observed.RUNNING
    assert ends(first, "web") == []
    assert ends(first, "late") == [pytest.approx(150, abs=1)], "the original goes on in time"
    assert kinds(copy) == {HoldKind.COPY}
    assert kinds(first) == set()
    told = freshness(queries.listing(copy.ctx, everything=False))
    assert any("another server with the data of this one acts at fake/default/fake-1" in line for line in told)
    assert any("im db resume" in line for line in told)
    checks = [one for one in diagnose(copy.ctx.settings, "deadlines") if not one.ok]
    assert any(one.name == "held, copy" and "im db resume" in one.fix for one in checks)
    assert capsys.readouterr().out.count("nothing is changed until `im db resume`") == 1


def test_until_it_is_told_to_act_and_then_the_other_one_holds(
    first: World, opened: Opens, copies: Callable[..., Server]
) -> None:
    copy = opened(copies())
    first.extend("web", seconds=600)
    together(100, first, copy)
    assert holds.settle_here(copy.ctx, actor=person("ada"))
    assert not holds.settle_here(copy.ctx, actor=person("ada"))
    together(40, first, copy)
    assert kinds(copy) == set()
    assert kinds(first) == {HoldKind.COPY}
    assert copy.at_cloud("web") is Observed.STOPPED, "that is what it knows"
    changed = len(first.cloud.calls)
    first.terminate("late")
    together(20, first)
    assert len(first.cloud.calls) == changed
    assert holds.settle_here(first.ctx, actor=person("ada")), "and back"
    together(40, first, copy)
    assert (kinds(first), kinds(copy)) == (set(), {HoldKind.COPY})


def test_a_copy_that_cannot_be_told_from_a_restart_holds_when_the_original_moves_the_mark(
    first: World, opened: Opens, copies: Callable[..., Server]
) -> None:
    copy = opened(copies())
    with copy.ctx.begin() as connection:
        connection.execute(
            text(
                "UPDATE marks SET place = replace(place, split_part(place, ' ', 3), current_setting('data_directory'))"
            )
        )
    first.extend("web", seconds=600)
    copy.advance(10)
    assert kinds(copy) == set(), "the mark has not moved since the copy was made"
    first.now = copy.now
    together(40, first, copy)
    assert kinds(copy) == {HoldKind.COPY}
    assert kinds(first) == set()
    told = [one.detail for one in diagnose(first.ctx.settings, "copies")]
    assert any("a copy of this database acts at fake/default/fake-1" in one for one in told)
    together(60, first, copy)
    assert ends(first, "web") == []


def test_a_restart_of_the_same_server_goes_on_at_once(original: Server, first: World) -> None:
    first.advance(58)
    original.restart()
    first.advance(4)
    assert ends(first, "web") == [pytest.approx(120, abs=0.5)]
    first.advance(60)
    assert (kinds(first), ends(first, "late")) == (set(), [pytest.approx(150, abs=1)])


def test_a_restart_between_the_row_and_the_cloud_goes_on_at_once(original: Server, first: World) -> None:
    first.provider = _NoMark(first.provider)
    first.advance(58)
    original.restart()
    first.advance(4)
    assert ends(first, "web") == [pytest.approx(120, abs=0.5)]
    (check,) = diagnose(first.ctx.settings, "copies")
    assert not check.ok
    assert "im:mark" in check.fix


def test_a_promoted_standby_takes_over_after_a_minute_and_what_comes_back_holds(
    original: Server, first: World, opened: Opens, copies: Callable[..., Server]
) -> None:
    standby = copies(standby=True)
    original.stop()
    second = opened(standby)
    with pytest.raises(
        Unavailable, match="is a standby: it takes no change until it is promoted, so nothing was stored"
    ):
        second.extend("web", seconds=600)
    assert {row.name for row in queries.listing(second.ctx).rows} == {"web", "late"}, "to be looked at, it serves"
    (check,) = diagnose(second.ctx.settings, "database")
    assert (check.ok, "promote it" in check.fix) == (False, True), check.detail
    standby.promote()
    assert next(iter(diagnose(second.ctx.settings, "database"))).ok
    second.advance(50)
    assert kinds(second) == {HoldKind.WATCH}
    assert ends(second, "web") == []
    second.advance(50)
    assert kinds(second) == set()
    assert [ends(second, name) != [] for name in ("web", "late")] == [True, True]
    original.start()
    first.now = second.now
    second.create("new", seconds=3600)
    together(80, first, second)
    assert kinds(first) == {HoldKind.COPY}
    assert kinds(second) == set()
    assert second.at_cloud("new") is Observed.RUNNING


def test_where_nothing_lives_another_server_goes_on_at_once(
    original: Server, opened: Opens, copies: Callable[..., Server]
) -> None:
    first = opened(original)
    first.create("gone", seconds=600)
    first.advance(10)
    first.terminate("gone")
    first.advance(20)
    second = opened(copies())
    second.create("web", seconds=600)
    second.advance(10)
    assert second.at_cloud("web") is Observed.RUNNING


def test_the_mark_is_on_one_living_machine_and_moves_every_half_minute(first: World) -> None:
    first.advance(60)
    first.terminate("web")
    first.advance(60)
    moves = [call for call in first.cloud.marked if call.at > START]
    assert {one.ids for one in moves} == {(first.row(name).provider_id or "",) for name in ("web", "late")}
    apart = [b.at - a.at for a, b in pairwise(moves)]
    assert set(apart) == {PERIOD}
    living = first.cloud.visible(first.row("late").provider_id or "").tags[tags.MARK]
    assert newest([living], int(living.rpartition("-")[2])) is not None


class _NoMark:
    """A cloud that takes no mark: the workers' policy is of an older version."""

    def __init__(self, inner: object) -> None:
        self._inner = inner

    def __getattr__(self, name: str) -> object:
        return getattr(self._inner, name)

    @property
    def marks(self) -> object:
        return self

    def read(self, _: object) -> dict[str, str]:
        return {}

    def put(self, *_: object) -> None:
        raise Forbidden("not authorized to perform: ec2:CreateTags")
