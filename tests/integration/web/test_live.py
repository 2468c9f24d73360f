"""What open pages ask for when the stream rings: looked for once for all who are shown the same, never less than is known."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import replace

import pytest

from im.db.people import tokens as rows
from im.db.read.connection import ask
from im.domain.access import Grant, Role
from im.domain.config.web import Sees, WebSettings
from im.services.people import tokens, users
from im.views.times import utc
from im.web.page import live
from tests.integration.web.conftest import ROOT, Api, Said
from tests.integration.web.test_page import look
from tests.integration.web.test_stream import RUNG, Stream


@pytest.fixture(autouse=True)
def unhurried(monkeypatch: pytest.MonkeyPatch) -> None:
    """An answer lasts as long as a test does, however busy the machine is."""
    monkeypatch.setattr(live, "LASTS", 600.0)


def again(api: Api, path: str = "/", *, by: str = "ada", later: int = 0, **headers: str) -> Said:
    """As an open page asks, which shows what holds now, or wants to know of a moment that is so many milliseconds later."""
    since = int(api.world.now.timestamp() * 1000) + later
    return look(api, path, by=by, **{"IM_Since": str(since), "HX_Request": "true", **headers})


def test_one_look_serves_all_who_would_be_shown_the_same(api: Api) -> None:
    api.user("bob", Role.ADMIN)
    api.create("one")
    first = again(api)
    api.create("two")  # in the same moment, so that nothing later is asked for
    shared = again(api, by="bob")
    assert ("one" in shared.text, "two" in shared.text) == (True, False)
    assert shared.text == first.text


def test_what_is_older_than_the_ring_is_not_shown(api: Api) -> None:
    api.create("one")
    again(api)
    api.create("two")
    assert "two" in again(api, later=1).text


def test_who_asks_on_their_own_account_is_shown_what_is(api: Api) -> None:
    api.create("one")
    again(api)
    api.create("two")
    assert "two" in look(api, "/").text


@pytest.mark.parametrize("told", ["", "-1", "1e9", "abc", "9" * 400, "٣"])
def test_what_is_no_moment_is_no_wish_for_an_older_answer(api: Api, told: str) -> None:
    api.create("one")
    again(api)
    api.create("two")
    said = look(api, "/", IM_Since=told.encode().decode("latin-1"))
    assert (said.status, "two" in said.text) == (200, True)


def test_an_answer_is_the_part_that_the_page_has_and_tells_the_same(api: Api) -> None:
    api.create("one")
    whole, part = look(api, "/").text, again(api, later=1).text
    assert part.strip() in whole
    assert part.lstrip().startswith('<div id="live"')


def test_nobody_is_offered_what_only_another_may_do(api: Api) -> None:
    api.user("bob", Role.MEMBER)
    api.user("vic", Role.VIEWER)
    api.user("cut", Role.ADMIN, grants=frozenset({Grant.READ}))
    api.create("hers")
    api.create("his", by="bob")
    offered = {who: again(api, by=who).text.count('data-verb="stop"') for who in ("ada", "bob", "vic", "cut")}
    assert offered == {"ada": 2, "bob": 1, "vic": 0, "cut": 0}


def test_nobody_is_shown_what_only_another_may_see(api: Api) -> None:
    ctx = api.app.state.ctx
    own = replace(ctx.settings, parts=(*ctx.settings.parts, WebSettings(members_see=Sees.OWN)))
    api.app.state.ctx = replace(ctx, settings=own)
    for who in ("bob", "eve"):
        api.user(who, Role.MEMBER)
        api.create(f"of-{who}", by=who)
    seen = {who: again(api, by=who).text for who in ("ada", "bob", "eve")}
    shown = {who: [name for name in ("of-bob", "of-eve") if name in text] for who, text in seen.items()}
    assert shown == {"ada": ["of-bob", "of-eve"], "bob": ["of-bob"], "eve": ["of-eve"]}


@pytest.mark.parametrize("how", ["revoked", "disabled", "removed", "expired"])
def test_an_answer_that_is_kept_for_others_is_nobodys_whose_right_has_ended_since(api: Api, how: str) -> None:
    api.user("bob", Role.ADMIN)
    api.create("one")
    assert (again(api).status, again(api, by="bob").status) == (200, 200)
    ctx = api.world.ctx
    (token,) = tokens.listed(ctx, "bob", actor=ROOT)
    if how == "revoked":
        tokens.revoke(ctx, token.id, actor=ROOT)
    elif how == "disabled":
        users.change(ctx, "bob", disabled=True, actor=ROOT)
    elif how == "removed":
        users.remove(ctx, "bob", actor=ROOT)
    else:
        with ctx.begin() as connection:
            rows.shorten(connection, token.id, api.world.now)
    assert (again(api).status, again(api, by="bob").status) == (200, 401)


def test_an_answer_that_is_kept_for_others_offers_nothing_to_who_has_lost_their_role(api: Api) -> None:
    api.user("bob", Role.ADMIN)
    api.create("one")
    assert again(api, by="bob").text.count('data-verb="stop"') == 1
    users.change(api.world.ctx, "bob", role=Role.VIEWER, actor=ROOT)
    assert again(api, by="bob").text.count('data-verb="stop"') == 0


def test_whoever_looks_again_and_again_writes_nothing(api: Api) -> None:
    def written() -> str:
        with api.world.ctx.looking() as looking:
            return str(ask(looking, "SELECT xmin::text || last_used_at FROM tokens WHERE login = 'ada'"))

    again(api)
    first = written()
    for _ in range(3):
        assert again(api).status == 200
    assert written() == first
    api.world.advance(61)
    again(api)
    assert written() != first, "when it was used last is known to the minute"


@pytest.mark.parametrize("path", ["/?view=mine", "/?q=owner%3Dme"])
def test_mine_is_everybodys_own(api: Api, path: str) -> None:
    api.user("bob", Role.ADMIN)
    api.create("hers")
    api.create("his", by="bob")
    for who, name, other in (("ada", "hers", "his"), ("bob", "his", "hers")):
        text = again(api, path, by=who).text
        assert (f'data-name="{name}"' in text, f'data-name="{other}"' in text) == (True, False)


def test_each_reader_is_told_the_time_of_their_own_zone(api: Api) -> None:
    api.create()
    told = {zone: again(api, Cookie=f"im_zone={zone}").text for zone in ("UTC", "Asia/Tokyo")}
    assert told["UTC"] != told["Asia/Tokyo"]


@pytest.fixture
def watching(api: Api) -> Iterator[Callable[[str], Stream]]:
    opened: list[Stream] = []

    def watch(page: str) -> Stream:
        made = Stream(api, "ada", page=page)
        opened.append(made)
        assert made.next(": listening")
        assert made.next() == RUNG
        return made

    yield watch
    for one in opened:
        one.close()


def test_of_a_list_only_what_it_shows_is_rung_for(api: Api, watching: Callable[[str], Stream]) -> None:
    api.user("bob", Role.ADMIN)
    hers, all_of_it = watching("/?q=owner%3Dada"), watching("/")
    api.world.worker = False  # nothing is written but what is asked for

    def changes(who: str, name: str) -> str:
        """A moment of its own, by which its ring is known."""
        api.world.advance(1)
        api.create(name, by=who)
        return f"data: {json.dumps({'at': utc(api.world.now)})}"

    first = changes("ada", "one")  # before it, nobody knows what the pages show
    while hers.next("data: ") != first:
        pass
    other = changes("bob", "two")
    while all_of_it.next("data: ") != other:
        pass
    last = changes("ada", "three")
    rung = iter(lambda: hers.next("data: "), last)
    assert other not in list(rung)


@pytest.mark.parametrize("page", ["/agenda", "/?q=nonsense", "/?view=nothing", "//elsewhere/", "x" * 1999])
def test_what_is_no_list_is_rung_for_with_everything(api: Api, watching: Callable[[str], Stream], page: str) -> None:
    opened = watching(page)
    api.create("one")
    assert opened.next() == RUNG
