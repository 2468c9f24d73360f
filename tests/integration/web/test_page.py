"""The page without a script: every page answers, holds what it should, and says what is wrong in words."""

from __future__ import annotations

import html
import json
import re
from datetime import timedelta
from urllib.parse import urlencode

import pytest
from sqlalchemy import text

from im.domain.access import Role
from im.domain.spec.terms import Terms
from tests.integration.web.conftest import KEY, Api, Said

PEOPLE = tuple(
    f"/people/{path}"
    for path in ("add", "users/ada", "quotas", "quotas/set?of=user&name=ada", "tokens", "tokens/make", "sessions")
)
PAGES = (
    "/",
    "/create",
    "/agenda",
    "/cost",
    "/fleet",
    "/orphans",
    "/prices",
    "/people",
    "/audit",
    "/instances/web",
    *PEOPLE,
)
BROWSER = {"Accept": "text/html,application/xhtml+xml", "Sec_Fetch_Site": "same-origin"}


def look(api: Api, path: str, *, by: str = "ada", **headers: str) -> Said:
    return api.ask("GET", path, by=by, **{**BROWSER, **headers})


def send(
    api: Api, path: str, fields: dict[str, str] | list[tuple[str, str]], *, by: str = "ada", **headers: str
) -> Said:
    form = {**BROWSER, "Content_Type": "application/x-www-form-urlencoded", **headers}
    return api.ask("POST", path, urlencode(fields).encode(), by=by, **form)


def fields_of(said: Said) -> list[tuple[str, str]]:
    """The hidden fields of the form in an answer, as a browser would send them back."""
    found = re.findall(r'<input type="hidden" name="(\w+)" value="([^"]*)">', said.text)
    return [(name, html.unescape(value)) for name, value in found]


@pytest.mark.parametrize("path", PAGES)
def test_every_page_is_whole_and_runs_nothing_inline(api: Api, path: str) -> None:
    api.create()
    api.world.advance(10)
    said = look(api, path)
    assert said.status == 200
    assert said.headers["content-type"] == "text/html; charset=utf-8"
    policy = said.headers["content-security-policy"]
    assert "default-src 'none'" in policy
    assert "unsafe" not in policy
    assert not re.search(r"<script(?![^>]* src=)|\son\w+=|\sstyle=|javascript:|hx-on|\bjs:", said.text)
    assert said.text.count("<h1") == 1
    for name in re.findall(r'(?:src|href)="(/static/[^"#]+)', said.text):
        kept = api.ask("GET", name, by=None)
        assert (kept.status, "immutable" in kept.headers["cache-control"]) == (200, True), name


def test_names_and_tags_of_anybody_are_shown_as_text(api: Api) -> None:
    evil = "<img src=x onerror=alert(1)>"
    api.create()
    api.world.advance(10)
    # as an older version, or a neighbour of the database, may have written it
    told = "UPDATE instances SET error = :evil, spec = jsonb_set(spec, '{tags}', jsonb_build_object('note', cast(:evil AS text)))"
    with api.world.ctx.begin() as connection:
        connection.execute(text(told), {"evil": evil})
    for path in ("/", "/instances/web", "/agenda"):
        assert evil not in look(api, path).text
    assert html.escape(evil) in look(api, "/instances/web").text
    for path in (f"/?q=owner%3D{evil}", f"/instances/{evil}", f"/change/stop?id={evil}", f"/nowhere/{evil}"):
        told = look(api, path.replace("<", "%3C").replace(">", "%3E").replace(" ", "%20"))
        assert "<img" not in told.text


def test_the_agenda_says_until_when_a_machine_is_lent(api: Api) -> None:
    api.create()
    api.world.advance(10)
    for days, said in ((5, "lent until"), (0, "its host takes it back")):
        notes = Terms(lent_until=api.world.now + timedelta(days=days, minutes=1)).as_notes()
        with api.world.ctx.begin() as connection:
            connection.execute(
                text("UPDATE instances SET provider_notes = cast(:notes AS jsonb)"), {"notes": json.dumps(notes)}
            )
        assert said in look(api, "/agenda").text


def test_a_verb_is_shown_before_it_is_done_and_done_once(api: Api) -> None:
    api.create()
    api.world.advance(10)
    asked = look(api, "/change/extend?id=web")
    assert "+1h" in asked.text
    assert api.ask("GET", "/api/v1/instances/web").body["generation"] == 1
    fields = [*fields_of(asked), ("duration", "4h")]
    first, again = send(api, "/change/extend", fields), send(api, "/change/extend", fields)
    assert (first.status, again.status) == (200, 200)
    assert "→" in first.text
    assert api.ask("GET", "/api/v1/instances/web").body["generation"] == 2


def test_a_start_counts_from_now_as_it_is_shown_or_keeps_its_deadline(api: Api) -> None:
    api.create(duration="3h")
    api.world.advance(10)
    for chosen, shown in (("keep", "15:00 (in"), ("1h", "15:00 → 13:01 (in")):
        api.ask("POST", "/api/v1/instances/web/stop", {})
        api.world.advance(30)
        asked = look(api, "/change/start?id=web")
        assert shown in html.unescape(asked.text)
        send(api, "/change/start", [*fields_of(asked), ("duration", chosen)])
        ends = api.world.row("web").expires_at
        assert f"{ends:%H:%M} (in" in shown, chosen
        api.world.advance(30)


@pytest.mark.parametrize(
    "odd",
    [
        {"duration": "soon"},
        {"until": "9999-12-31T23:59"},
        {"until": "0001-01-01T00:00"},
        {"until": "tomorrow"},
        {"to": "a\x00b"},
        {"seen": "_x:1"},
        {"seen": "web:0"},
        {"key": "short"},
        {"more": "1"},
    ],
)
def test_what_no_button_sends_is_refused_in_words(api: Api, odd: dict[str, str]) -> None:
    api.create()
    api.world.advance(10)
    verb = "give" if "to" in odd else "extend"
    fields = dict(fields_of(look(api, f"/change/{verb}?id=web")))
    said = send(api, f"/change/{verb}", {**fields, "duration": "" if "until" in odd else "1h", **odd})
    assert said.status in (404, 409, 422), said.text
    assert said.headers["content-type"].startswith("text/html")
    assert api.ask("GET", "/api/v1/instances/web").body["generation"] == 1


def test_a_stale_button_stops_nothing_that_was_extended_meanwhile(api: Api) -> None:
    api.create()
    api.world.advance(10)
    fields = fields_of(look(api, "/change/stop?id=web"))
    api.ask("POST", "/api/v1/instances/web/extend", {"duration": "1h"})
    said = send(api, "/change/stop", fields)
    assert said.status == 409
    assert "nothing was stored" in said.text
    assert api.ask("GET", "/api/v1/instances/web").body["desired"] == "running"


def test_all_that_match_are_those_that_were_shown(api: Api) -> None:
    for name in ("one", "two"):
        api.create(name)
    api.world.advance(10)
    asked = look(api, "/change/stop?q=owner%3Dme")
    assert re.search("Stop (one, two|two, one)", asked.text)
    api.create("three")
    api.world.advance(10)
    refused = send(api, "/change/stop", fields_of(asked))
    assert refused.status == 409
    assert "three matches too by now" in html.unescape(refused.text)
    assert send(api, "/change/stop", fields_of(look(api, "/change/stop?q=owner%3Dme"))).status == 200
    assert {row["desired"] for row in api.ask("GET", "/api/v1/instances").body["items"]} == {"stopped"}


def test_who_may_not_is_offered_nothing_and_refused_all_the_same(api: Api) -> None:
    api.user("bob", Role.MEMBER)
    api.create()
    api.world.advance(10)
    assert "/change/stop?id=web" not in look(api, "/", by="bob").text
    fields = fields_of(look(api, "/change/stop?id=web"))
    for verb in ("stop", "terminate", "extend", "start", "protect", "give"):
        said = send(api, f"/change/{verb}", [*fields, ("duration", "1h"), ("to", "bob")], by="bob")
        assert said.status == 403, verb
    assert api.ask("GET", "/api/v1/instances/web").body["generation"] == 1


def test_a_page_of_another_site_changes_nothing(api: Api) -> None:
    api.create()
    api.world.advance(10)
    fields = fields_of(look(api, "/change/stop?id=web"))
    for headers in ({"Sec_Fetch_Site": "cross-site"}, {"Sec_Fetch_Site": "same-site"}):
        assert send(api, "/change/stop", fields, **headers).status == 403
    assert api.ask("GET", "/api/v1/instances/web").body["desired"] == "running"


def test_a_machine_is_created_once_however_often_the_button_is_pressed(api: Api) -> None:
    page = look(api, "/create")
    fields = [*fields_of(page), ("public_key", KEY), ("duration", "2h"), ("name", "box"), ("count", "1")]
    said, again = send(api, "/create", fields), send(api, "/create", fields)
    assert (said.status, said.headers["location"]) == (303, "/instances/box")
    assert (again.status, again.headers["location"]) == (303, "/instances/box")
    assert len(api.ask("GET", "/api/v1/instances").body["items"]) == 1


def test_who_stops_it_should_all_of_im_be_gone_is_chosen_there_and_said(api: Api) -> None:
    wish = [("public_key", KEY), ("duration", "2h"), ("name", "box"), ("guard", "native")]
    fields = [*fields_of(look(api, "/create")), *wish]
    assert "the cloud itself ends it 5m after its deadline" in send(api, "/create/quote", fields).text
    assert send(api, "/create", fields).status == 303
    assert api.ask("GET", "/api/v1/instances/box/guard").body["kind"] == "native"
    assert "nobody stops it, and it goes on costing" not in look(api, "/instances/box").text
    api.world.advance(30)
    shown = look(api, "/instances/box").text
    assert "If all of im is gone:" in shown
    assert "the cloud itself stops it at" in shown


def test_what_is_wrong_with_a_field_is_said_beside_it_and_what_was_typed_stays(api: Api) -> None:
    typed = {"public_key": KEY, "duration": "soon", "name": "Not A Name", "count": "x", "tags": "a"}
    said = send(api, "/create", typed)
    assert said.status == 422
    for field in ("duration", "count", "tags"):
        assert f'id="{field}-wrong"' in said.text, field
    assert 'value="Not A Name"' in said.text
    assert api.ask("GET", "/api/v1/instances").body["items"] == []


def test_times_are_told_in_the_zone_that_the_browser_named_and_in_no_other(api: Api) -> None:
    api.create()
    api.world.advance(10)
    berlin = look(api, "/instances/web", Cookie="im_zone=Europe/Berlin").text
    assert "Times are in Europe/Berlin" in berlin
    assert "14:00" in berlin
    assert "UTC" not in re.sub(r"<[^>]*>", " ", berlin)
    api.world.advance(3700)
    ended = look(api, "/instances/web", Cookie="im_zone=Europe/Berlin").text
    assert "Expired" in ended
    assert "UTC" not in re.sub(r"<[^>]*>", " ", ended)
    assert "Times are in UTC" in look(api, "/", Cookie="im_zone=../../etc/passwd; im_theme=evil").text


def test_what_is_not_there_is_said_in_words(api: Api) -> None:
    said = look(api, "/instances/nobody")
    assert said.status == 404
    assert "there is no instance &#39;nobody&#39;" in said.text
    assert look(api, "/nowhere").status == 404
    assert "is not understood" in look(api, "/?q=colour%3Dred").text
    assert look(api, "/?surprise=1").status == 422
