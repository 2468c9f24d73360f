"""What an agent may do is what its token may do, and without a token nothing is said at all."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from itertools import count, product
from typing import Any

import pytest
from click.testing import CliRunner

from im.cli.main import im
from im.cli.session import Session
from im.domain.access import Allow, Role, Verb, may
from im.domain.config.web import Sees
from im.domain.event import Channel
from im.web.api.rates import Pace
from tests.integration.web.conftest import KEY, Api, Said
from tests.integration.web.house import OWNERS, WAYS, WHO, Cell, House
from tests.rules import On
from tests.world import World

_NUMBER = count(1)


def asked(api: Api, method: str, *, by: str | None, more: dict[str, str] | None = None, **params: object) -> Said:
    """One message, as a client of the revision of 2025-06-18 sends it."""
    body = {"jsonrpc": "2.0", "id": next(_NUMBER), "method": method, "params": params}
    return api.ask("POST", "/mcp", body, by=by, Accept="application/json, text/event-stream", **(more or {}))


def call(api: Api, tool: str, arguments: dict[str, object], *, by: str) -> Any:
    """The tool's result."""
    said = asked(api, "tools/call", by=by, name=tool, arguments=arguments)
    assert said.status == 200, said.text
    return said.body["result"]


@pytest.fixture(params=list(Sees), ids=lambda sees: f"members see {sees}")
def house(world: World, request: pytest.FixtureRequest) -> Iterator[House]:
    made = House(world, request.param)
    yield made
    made.api.close()


ARGUMENTS: dict[Verb, dict[str, object]] = {
    Verb.EXTEND: {"duration": "1h"},
    Verb.START: {"duration": "1h"},
    Verb.STOP: {},
    Verb.TERMINATE: {},
}
CELLS = [Cell(*one) for one in product(Role, OWNERS, (WAYS[0], WAYS[2]))]


def by(cell: Cell) -> str:
    return WHO[cell.role] if cell.way == WAYS[0] else f"{WHO[cell.role]}, read"


@pytest.mark.sampled(every=len(Sees))
@pytest.mark.parametrize("verb", ARGUMENTS)
def test_a_change_is_made_by_who_may_and_stands_in_the_history_as_an_agents(house: House, verb: Verb) -> None:
    wrong, world = [], house.api.world
    for cell in CELLS:
        thing = house.thing(cell.owner, on=On.INSTANCE, stopped=verb is Verb.START)
        before = world.row(thing.name)
        arguments = {**ARGUMENTS[verb], "names": [thing.name]}
        told = call(house.api, verb.value, arguments, by=by(cell))
        after, error = world.row(thing.name), told["structuredContent"].get("error")
        if after != before:
            house.spend(thing)
        hidden = house.sees is Sees.OWN and cell.role is not Role.ADMIN and cell.whose == "other"
        if isinstance(may(cell.actor, verb, cell.owner), Allow):
            last = max(world.story(thing.name), key=lambda one: one.generation)
            if error or (last.actor, last.channel) != (WHO[cell.role], Channel.MCP):
                wrong.append((cell, error, last))
        elif not told["isError"] or after != before or error["exit"] != (3 if hidden else 4):
            wrong.append((cell, error, after.generation))
    assert not wrong


def test_a_machine_is_made_for_whom_one_may_make_it(house: House) -> None:
    wrong = []
    for number, cell in enumerate(CELLS):
        form = {"name": f"new-{number}", "owner": cell.owner, "public_key": KEY, "duration": "1h", "provider": "fake"}
        for dry_run in (True, False):  # a rehearsal tells nobody what they may not do
            told = call(house.api, "create", {**form, "dry_run": dry_run}, by=by(cell))
            allowed = isinstance(may(cell.actor, Verb.CREATE, cell.owner), Allow)
            made = house.api.ask("GET", f"/api/v1/instances?q=name=new-{number}", by="ann").body["items"]
            if told["isError"] is allowed or len(made) != (allowed and not dry_run):
                wrong.append((cell, dry_run, told["structuredContent"]))
    assert not wrong


@pytest.mark.parametrize("tool", ["status", "why", "history", "wait", "list", "agenda"])
def test_what_may_not_be_seen_is_in_no_answer(world: World, tool: str) -> None:
    house = House(world, Sees.OWN)
    try:
        thing = house.thing("eve", on=On.INSTANCE)
        arguments: dict[str, object] = {} if tool in ("list", "agenda") else {"name": thing.name}
        arguments |= {"timeout": 0} if tool == "wait" else {}
        hidden = call(house.api, tool, arguments, by="mia")
        assert thing.seen.partition(":")[0] not in json.dumps(hidden)
        if "name" in arguments:
            absent = call(house.api, tool, {**arguments, "name": "nothing"}, by="mia")
            assert json.dumps(hidden).replace(thing.name, "") == json.dumps(absent).replace("nothing", "")
        seen = call(house.api, tool, arguments, by="ann")
        assert not seen["isError"]
        assert thing.name in json.dumps(seen) or tool == "history"
    finally:
        house.api.close()


# ---- the door --------------------------------------------------------------------------------------------------------


@pytest.fixture
def api(world: World) -> Iterator[Api]:
    made = Api(world)
    made.user("ada", Role.ADMIN)
    yield made
    made.close()


@pytest.mark.sampled(every=2)
@pytest.mark.parametrize("method", ["initialize", "tools/list", "tools/call", "ping", "server/discover"])
@pytest.mark.parametrize("token", [None, "im_pat_" + "x" * 43 + "000000", "", "ada"])
def test_without_a_token_nothing_is_said(api: Api, method: str, token: str | None) -> None:
    said = asked(api, method, by=token and token.replace("ada", f"{api.tokens['ada']}x"), name="list")
    assert (said.status, said.headers["WWW-Authenticate"]) == (401, "Bearer")
    assert "im_pat_x" not in said.text


def test_a_browsers_cookie_is_no_token(world: World) -> None:
    house = House(world, Sees.ALL)
    try:
        cookie = f"im-{house.api.port}={house.browser(Cell(Role.ADMIN, 'own', 'session')).cookie}"
        home = {"Cookie": cookie, "Sec_Fetch_Site": "same-origin"}
        assert house.api.ask("GET", "/api/v1/me", by=None, **home).status == 200
        assert asked(house.api, "tools/list", by=None, more=home).status == 401
    finally:
        house.api.close()


def test_another_host_another_site_and_what_is_too_large_are_refused_before_anything_is_read(api: Api) -> None:
    assert asked(api, "tools/list", by="ada", more={"Host": "evil.example.com"}).status == 421
    assert asked(api, "tools/list", by="ada", more={"Origin": "https://evil.example.com"}).status == 403
    assert asked(api, "tools/list", by="ada", more={"Sec_Fetch_Site": "cross-site"}).status == 403
    assert asked(api, "tools/call", by="ada", name="list", arguments={"q": "x" * 300_000}).status == 413
    assert asked(api, "tools/list", by="ada").status == 200


def test_no_stream_is_held_open(api: Api) -> None:
    """A client that opens one to listen would wait for its first byte for ever."""
    for method in ("GET", "DELETE"):
        said = api.ask(method, "/mcp", Accept="text/event-stream")
        assert (said.status, said.headers["Allow"]) == (405, "POST")


def test_who_asks_too_often_is_told_to_wait(api: Api) -> None:
    api.hurried()
    statuses = [asked(api, "ping", by="ada").status for _ in range(Pace.READS.limit.amount + 1)]
    assert statuses[:3] == [200] * 3
    assert statuses[-1] == 429


def test_a_token_that_was_revoked_opens_nothing_more(api: Api) -> None:
    api.user("bob")
    assert asked(api, "ping", by="bob").status == 200
    (token,) = api.ask("GET", "/api/v1/tokens", by="bob").body["items"]
    assert api.ask("DELETE", f"/api/v1/tokens/{token['id']}", by="bob").status in (200, 204)
    assert asked(api, "ping", by="bob").status == 401


JUNK: dict[str, tuple[bytes, dict[str, str]]] = {
    "no JSON": (b"{", {}),
    "nothing": (b"", {}),
    "several at once": (b"[]", {}),
    "no message": (b'{"jsonrpc": "2.0"}', {}),
    "not UTF-8": (b"\xff\xfe", {}),
    "deeper than anybody reads": (b"[" * 100_000, {}),
    "another type": (b"<xml/>", {"Content_Type": "text/xml"}),
    "another revision": (b'{"jsonrpc":"2.0","id":1,"method":"ping"}', {"Mcp_Protocol_Version": "1999-01-01"}),
    "somebody's session": (b'{"jsonrpc":"2.0","id":1,"method":"tools/list"}', {"Mcp_Session_Id": "x" * 300}),
}


@pytest.mark.parametrize("what", JUNK)
def test_what_is_no_message_is_refused_and_the_next_one_is_answered(api: Api, what: str) -> None:
    body, headers = JUNK[what]
    said = api.ask("POST", "/mcp", body, by="ada", Accept="application/json, text/event-stream", **headers)
    assert 200 <= said.status < 500, said.text
    assert said.status >= 400 or what == "somebody's session", "no session is kept, so that nobody can have another's"
    assert asked(api, "ping", by="ada").status == 200


def test_where_the_library_is_missing_it_is_said_what_to_install(api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "mcp.server.streamable_http_manager", None)
    said = asked(api, "ping", by="ada")
    assert (said.status, said.body["next"]) == (503, "pip install 'im-instances[mcp]'")
    monkeypatch.setitem(sys.modules, "im.mcp.local", None)
    done = CliRunner().invoke(im, ["mcp"], obj=Session(lambda: api.world.ctx), prog_name="im")
    assert (done.exit_code, "pip install 'im-instances[mcp]'" in done.stderr) == (2, True)
