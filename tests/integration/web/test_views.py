"""Views that one has saved: over the API and on the page, each by whose it is."""

from __future__ import annotations

import html
import json
from concurrent.futures import ThreadPoolExecutor
from urllib.parse import quote

import pytest
from sqlalchemy import text

from im.domain.access import Grant, Role
from im.domain.people.view import MOST
from im.services.people import users
from im.web.api.people.documents import ViewsDocument
from tests.integration.web.conftest import ROOT, Api, Said
from tests.integration.web.test_page import fields_of, look, send

GPU = {"q": "type=large status=running", "base": "mine", "columns": ["NAME", "Status", "$/h"]}


def names(api: Api, by: str = "ada") -> list[str]:
    return [one["name"] for one in api.ask("GET", "/api/v1/views", by=by).body["items"]]


def test_the_life_of_a_view_over_the_api(api: Api) -> None:
    made = api.ask("PUT", "/api/v1/views/gpu", GPU)
    assert (made.status, made.body["q"], made.body["columns"]) == (200, GPU["q"], ["name", "status", "$/h"])
    ViewsDocument.model_validate_json(api.ask("GET", "/api/v1/views").text)
    api.world.advance(5)
    again = api.ask("PUT", "/api/v1/views/gpu", {"q": "owner=me"}).body
    assert (again["base"], again["columns"], again["saved_at"] > made.body["saved_at"]) == (None, [], True)
    named = api.ask("PATCH", "/api/v1/views/gpu", {"name": "Größe & Co 100%"})
    assert named.body["name"] == "Größe & Co 100%"
    assert names(api) == ["Größe & Co 100%"]
    assert api.ask("PATCH", "/api/v1/views/gpu", {"name": "x"}).status == 404
    assert api.ask("DELETE", f"/api/v1/views/{quote('Größe & Co 100%', safe='')}").status == 204
    assert api.ask("DELETE", "/api/v1/views/gpu").status == 404
    assert names(api) == []


@pytest.mark.parametrize(
    ("name", "form"),
    [
        ("mine", {}),
        ("Everybody", {}),
        ("..", {}),
        ("-x", {}),
        ("x" * 61, {}),
        ("a‮b", {}),
        (" ", {}),
        ("x", {"q": "colour=red"}),
        ("x", {"q": 'status="half'}),
        ("x", {"q": "owner=" + "e" * 500}),
        ("x", {"q": "owner=a‮b"}),
        ("x", {"columns": ["colour"]}),
        ("x", {"columns": ["name"] * 31}),
        ("x", {"base": "all"}),
        ("x", {"login": "bob"}),
    ],
)
def test_what_is_no_view_is_refused_in_words_and_not_stored(api: Api, name: str, form: dict[str, object]) -> None:
    said = api.ask("PUT", f"/api/v1/views/{quote(name)}", form)
    assert said.status in (404, 422), said.text
    assert said.body["detail"].isprintable()
    assert names(api) == []


def test_nobody_sees_or_touches_anothers_not_even_an_admin(api: Api) -> None:
    api.user("bob", Role.MEMBER)
    api.ask("PUT", "/api/v1/views/secret", {"q": "name=project-x"}, by="bob")
    api.ask("PUT", "/api/v1/views/both", {"q": "owner=bob"}, by="bob")
    api.ask("PUT", "/api/v1/views/both", {"q": "owner=ada"}, by="ada")
    assert names(api) == ["both"]
    for method, path, body in (
        ("DELETE", "/api/v1/views/secret", None),
        ("PATCH", "/api/v1/views/secret", {"name": "mine-now"}),
        ("GET", "/api/v1/instances?view=secret", None),
    ):
        assert api.ask(method, path, body).status == 404, (method, path)
    for path in ("/", "/views", "/?saved=secret", "/views/save?saved=secret&q=owner%3Dme"):
        assert "project-x" not in look(api, path).text
        assert ">secret<" not in look(api, path).text
    assert api.ask("DELETE", "/api/v1/views/both").status == 204
    assert names(api, "bob") == ["both", "secret"]


def test_they_go_with_their_user_so_that_nobody_inherits_them_with_the_name(api: Api) -> None:
    api.user("bob", Role.MEMBER)
    api.ask("PUT", "/api/v1/views/old", {}, by="bob")
    users.remove(api.world.ctx, "bob", actor=ROOT)
    api.user("bob", Role.MEMBER)
    assert names(api, "bob") == []


def test_a_token_that_may_only_read_sees_them_and_saves_none(api: Api) -> None:
    api.ask("PUT", "/api/v1/views/gpu", GPU)
    made = look(api, "/views").text
    assert "gpu" in made
    api.user("eve", Role.ADMIN, grants=frozenset({Grant.READ}))
    assert api.ask("GET", "/api/v1/views", by="eve").status == 200
    assert api.ask("PUT", "/api/v1/views/gpu", GPU, by="eve").status == 403
    assert send(api, "/views/save", {"name": "gpu", "q": "owner=me"}, by="eve").status == 403


def test_a_list_is_narrowed_by_a_view_and_by_what_is_asked_beside_it(api: Api) -> None:
    api.user("bob", Role.MEMBER)
    for name, by, duration in (("web", "ada", "1h"), ("db", "ada", "5h"), ("his", "bob", "1h")):
        api.create(name, by=by, duration=duration)
    api.world.advance(20)
    api.ask("PUT", "/api/v1/views/mine-soon", {"base": "soon", "q": "owner=me"})

    def found(query: str) -> set[str]:
        return {one["name"] for one in api.ask("GET", f"/api/v1/instances?{query}").body["items"]}

    assert found("view=soon") == {"web", "his"}
    assert found("view=mine") == {"web", "db"}
    assert found("view=mine-soon") == {"web"}
    assert found("view=soon&owner=bob") == {"his"}
    assert found("view=overdue") == found("view=failed") == set()
    assert api.ask("GET", "/api/v1/instances?view=nothing").status == 404
    assert api.ask("GET", "/api/v1/instances?view=soon&id=web").status == 422
    first = api.ask("GET", "/api/v1/instances?view=mine&limit=1").body
    assert api.ask("GET", f"/api/v1/instances?view=soon&limit=1&cursor={first['next']}").status == 422


def test_fifty_at_the_same_instant_are_the_most(api: Api) -> None:
    for number in range(MOST - 2):
        api.ask("PUT", f"/api/v1/views/v{number}", {})
    with ThreadPoolExecutor(6) as threads:
        said = list(threads.map(lambda n: api.ask("PUT", f"/api/v1/views/more{n}", {}).status, range(6)))
    assert sorted(said) == [200, 200, 403, 403, 403, 403]
    assert len(names(api)) == MOST
    assert api.ask("PUT", "/api/v1/views/v1", {"q": "owner=me"}).status == 200, "one that is there is saved over"
    page = send(api, "/views/save", {"name": "one-more", "q": "owner=me"})
    assert (page.status, "50 are the most" in page.text) == (403, True)


# ---- on the page -----------------------------------------------------------------------------------------------------


def saved(api: Api, query: str, name: str, **typed: str) -> Said:
    form = [(key, value) for key, value in fields_of(look(api, f"/views/save?{query}")) if key not in typed]
    return send(api, "/views/save", [*form, ("name", name), *typed.items()])


def test_what_is_shown_is_saved_and_stands_among_the_views(api: Api) -> None:
    api.create()
    api.world.advance(10)
    assert "Save this view" not in look(api, "/").text
    shown = look(api, "/?q=type%3Dlarge&view=soon&columns=left&columns=address&all=true")
    assert "Save this view" in shown.text
    made = saved(api, "q=type%3Dlarge&view=soon&columns=left&columns=address&all=True", "gpu boxes")
    assert made.status == 303
    assert api.ask("GET", "/api/v1/views").body["items"][0] | {"saved_at": ""} == {
        "name": "gpu boxes",
        "q": "type=large",
        "base": "soon",
        "all": True,
        "columns": ["time-left", "ip"],
        "saved_at": "",
        "wrong": None,
    }
    again = look(api, made.headers["location"])
    assert '<a class="own" href=' in again.text
    assert 'aria-current="true" title="gpu boxes"' in again.text
    assert "Save this view" not in again.text, "it is saved"
    assert "im list --view soon --all --filter type=large" in html.unescape(again.text)


def test_saving_over_one_is_said_before_it_is_done(api: Api) -> None:
    saved(api, "q=type%3Dlarge", "gpu")
    taken = saved(api, "q=type%3Dsmall", "gpu")
    assert taken.status == 409
    assert "You have a view &#39;gpu&#39; already" in taken.text
    assert api.ask("GET", "/api/v1/views").body["items"][0]["q"] == "type=large"
    assert send(api, "/views/save", [*fields_of(taken), ("name", "gpu")]).status == 303
    assert api.ask("GET", "/api/v1/views").body["items"][0]["q"] == "type=small"
    # whoever began with it is told at once
    assert "“gpu” is saved over" in look(api, "/views/save?q=type%3Dx&saved=gpu").text
    assert saved(api, "q=type%3Dx&saved=gpu", "gpu").status == 303
    assert saved(api, "q=type%3Dx&saved=gpu", "gpu 2").status == 303
    assert names(api) == ["gpu", "gpu 2"]


def test_they_are_renamed_and_deleted_and_one_that_is_gone_is_said(api: Api) -> None:
    for name in ("one", "two"):
        saved(api, "q=owner%3Dme", name)
    said = send(api, "/views/rename", {"name": "one", "to": "two"})
    assert (said.status, "already" in said.text) == (409, True)
    assert "begins with a letter" in send(api, "/views/rename", {"name": "one", "to": "/x"}).text
    assert send(api, "/views/rename", {"name": "one", "to": "first"}).status == 303
    assert send(api, "/views/delete", {"name": "two"}).status == 303
    assert names(api) == ["first"]
    for path in ("/views/delete", "/views/rename"):
        gone = send(api, path, {"name": "two", "to": "x"} if "rename" in path else {"name": "two"})
        assert gone.status == 404
        assert "You have no view &#39;two&#39;" in gone.text


def test_a_name_is_shown_as_text_wherever_it_stands(api: Api) -> None:
    name = "a<img src=x onerror=alert(1)>'\"&"
    assert saved(api, "q=owner%3Dme", name).status == 303
    for path in ("/", "/views", f"/views/save?q=x&saved={quote(name)}", "/?q=owner%3Dme&saved=" + quote(name)):
        said = look(api, path).text
        assert "<img" not in said, path
        assert html.escape(name).replace("&#x27;", "&#39;").replace("&quot;", "&#34;") in said, path


def test_what_can_no_longer_be_read_says_so(api: Api) -> None:
    saved(api, "q=owner%3Dme", "old")
    with api.world.ctx.begin() as connection:  # as a version of the time to come, or of the past, may have left it
        connection.execute(text("UPDATE views SET q = 'colour=red', columns = '{hue}'"))
    (one,) = api.ask("GET", "/api/v1/views").body["items"]
    assert one["wrong"] == "--filter colour=red is not understood"
    assert api.ask("GET", "/api/v1/instances?view=old").status == 422
    assert "It can no longer be read: --filter colour=red is not understood" in look(api, "/views").text
    shown = look(api, "/?q=colour%3Dred&saved=old")
    assert shown.status == 422
    assert "Your view “old” can no longer be read" in shown.text
    assert look(api, "/").status == 200, "the others are as they were"
    assert saved(api, "q=owner%3Dbob&saved=old", "old").status == 303
    assert api.ask("GET", "/api/v1/views").body["items"][0]["wrong"] is None


def test_a_page_of_another_site_saves_nothing(api: Api) -> None:
    said = send(api, "/views/save", {"name": "x", "q": "owner=me"}, Sec_Fetch_Site="cross-site")
    assert said.status == 403
    assert names(api) == []
    assert json.loads(said.text)["code"] == "cross_site"
