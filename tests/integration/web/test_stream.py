"""The stream of changes over real HTTP: it rings for what one may see, and ends with its right and with its server."""

from __future__ import annotations

import http.client
import json
import socket
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import timedelta
from urllib.parse import urlencode

import pytest
from sqlalchemy import text

from im.domain.access import Role
from im.domain.config.web import Sees, WebSettings
from im.services.people import tokens, users
from im.views.times import utc
from im.web.api import stream
from tests.integration.web.browser import Browser
from tests.integration.web.conftest import ROOT, Api
from tests.waiting import until

RUNG = "event: changed"


class Stream:
    """One that listens, line by line, without waiting for what does not come."""

    def __init__(self, api: Api, by: str, page: str | None = None, **headers: str) -> None:
        self._connection = http.client.HTTPConnection("127.0.0.1", api.port, timeout=20)
        headers = headers or {"Authorization": f"Bearer {api.tokens.get(by, by)}"}
        path = "/api/v1/events/stream" + ("" if page is None else f"?{urlencode({'page': page})}")
        self._connection.request("GET", path, headers=headers)
        self.answer = self._connection.getresponse()

    def next(self, wanted: str = RUNG) -> str:
        """The next line that begins so; the time-out of the connection ends the waiting, or so many others in its place."""
        for _ in range(200):
            line = self.answer.readline().decode()
            if not line or line.startswith(wanted):
                return line.strip()
        raise AssertionError(f"200 lines, and none that begins with {wanted!r}")

    def close(self) -> None:
        self._connection.close()


@pytest.fixture
def listening(api: Api) -> Iterator[Callable[..., Stream]]:
    opened: list[Stream] = []

    def listen(by: str = "ada") -> Stream:
        made = Stream(api, by)
        opened.append(made)
        assert made.next(": listening")
        assert made.next() == RUNG  # so that nothing is missed between a page and its stream
        until(
            "everything before is rung for", lambda: not any(one.rung.is_set() for one in api.app.state.bell.listeners)
        )
        return made

    yield listen
    for one in opened:
        one.close()


def test_it_rings_when_something_changes_and_says_nothing_else(api: Api, listening: Callable[..., Stream]) -> None:
    heard = listening()
    assert heard.answer.headers["content-type"].startswith("text/event-stream")
    assert (heard.answer.headers["cache-control"], heard.answer.headers["x-accel-buffering"]) == ("no-store", "no")
    api.create()
    assert heard.next() == RUNG
    told = json.loads(heard.next("data:").removeprefix("data: "))
    assert told == {"at": utc(api.world.now)}


@contextmanager
def under_way(api: Api) -> Iterator[None]:
    """A transaction that has written and is not at its end; others begin and commit meanwhile."""
    with api.world.ctx.begin() as connection:
        connection.execute(text("UPDATE instances SET error = 'slow' WHERE name = 'slow'"))
        yield


def test_a_change_that_was_long_under_way_is_not_lost(api: Api, listening: Callable[..., Stream]) -> None:
    api.create("slow")
    heard = listening()
    with under_way(api):
        api.create("quick")
        assert heard.next() == RUNG
        api.create("quicker")
        assert heard.next() == RUNG
    assert heard.next() == RUNG


def test_what_was_rung_for_once_is_not_rung_for_again_while_a_transaction_hangs(
    api: Api, listening: Callable[..., Stream], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(stream, "ALIVE_EVERY", 1.6)  # three looks lie between two of these
    api.create("slow")
    heard = listening()
    with under_way(api):
        api.create("quick")
        assert heard.next() == RUNG
        for _ in range(2):  # whatever else a create has written is rung for too
            assert heard.next(": alive")
        between = []
        while not (line := heard.answer.readline().decode()).startswith(": alive"):
            between.append(line.strip())
        assert set(between) <= {""}


def test_it_rings_for_nobody_who_may_not_see_what_changed(api: Api, listening: Callable[..., Stream]) -> None:
    ctx = api.app.state.ctx
    own = replace(ctx.settings, parts=(*ctx.settings.parts, WebSettings(members_see=Sees.OWN)))
    api.app.state.ctx = replace(ctx, settings=own)
    api.user("bob", Role.MEMBER)
    api.user("eve", Role.MEMBER)
    bob, eve = listening("bob"), listening("eve")
    api.create("one", by="bob")
    assert bob.next() == RUNG
    api.create("two", by="eve")
    assert eve.next() == RUNG
    bell = api.app.state.bell
    assert [one.rung.is_set() for one in bell.listeners if one.asker.actor.name == "bob"] == [False]


def test_it_ends_with_its_right(api: Api, listening: Callable[..., Stream], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stream, "ALIVE_EVERY", 0.3)
    api.user("bob", Role.MEMBER)
    ended, disabled = listening(), listening("bob")
    assert ended.next(": alive")
    for token in tokens.listed(api.world.ctx, "ada", actor=ROOT):
        tokens.revoke(api.world.ctx, token.id, actor=ROOT)
    users.change(api.world.ctx, "bob", disabled=True, actor=ROOT)
    for heard in (ended, disabled):
        assert heard.next("event: ended") == "event: ended"
        assert heard.next("data:")
        assert heard.answer.read() == b"\n"
    until("nobody listens", lambda: not api.app.state.bell.listeners)


def test_a_browser_listens_by_its_session_and_no_longer_than_that_lasts(
    api: Api, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(stream, "ALIVE_EVERY", 0.3)
    browser = Browser(api)
    browser.sign_in("ada")
    heard = Stream(api, "", Cookie=f"im-{api.port}={browser.cookie}")
    assert heard.next() == RUNG
    for _ in range(13):
        api.world.now += timedelta(hours=1)  # an open page is nobody's request: it keeps no session awake
        if heard.next(": alive") == "":
            break
    assert api.ask("GET", "/api/v1/me", by=None, Cookie=f"im-{api.port}={browser.cookie}").status == 401
    heard.close()


def test_who_reads_nothing_holds_nobody_up(api: Api, listening: Callable[..., Stream]) -> None:
    with socket.create_connection(("127.0.0.1", api.port)) as asleep:
        asleep.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1)
        asleep.sendall(
            f"GET /api/v1/events/stream HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: Bearer {api.tokens['ada']}\r\n\r\n".encode()
        )
        heard = listening()
        for name in ("one", "two"):
            api.create(name)
            assert heard.next() == RUNG


def test_nobody_looks_when_nobody_listens(api: Api, listening: Callable[..., Stream]) -> None:
    first = listening()
    first.close()
    bell = api.app.state.bell
    until("the looks end", lambda: bell.at is None and not bell.listeners)
    listening()  # and begin again with the next


def test_the_server_ends_at_once_with_streams_open(api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stream, "MOST_EACH", 100)
    opened = [Stream(api, "ada") for _ in range(50)]
    api.close()
    assert not api.running
    for one in opened:
        assert one.answer.read().startswith(b": listening")  # to its end
        one.close()


def test_there_are_so_many_at_a_time(
    api: Api, listening: Callable[..., Stream], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(stream, "MOST_EACH", 1)
    listening()
    said = api.ask("GET", "/api/v1/events/stream")
    assert said.status == 429
    assert int(said.headers["retry-after"]) > 0


def test_a_look_that_fails_is_tried_again_and_nothing_is_missed(
    api: Api, listening: Callable[..., Stream], monkeypatch: pytest.MonkeyPatch
) -> None:
    heard = listening()
    failed: list[int] = []

    def broken(*_: object) -> None:
        failed.append(1)
        raise RuntimeError("not of ours")

    with monkeypatch.context() as broke:
        broke.setattr(stream.changes, "written", broken)
        broke.setattr(stream.changes, "beginning", broken)
        api.create()
        until("two looks have failed", lambda: len(failed) > 1)
    assert heard.next() == RUNG
