"""Users, teams, services, quotas and sessions managed on the page, without a script and over real HTTP."""

from __future__ import annotations

import html
import re

import pytest
from sqlalchemy import text

from im.domain.access import Grant, Role
from im.domain.people.session import How
from im.services.people import sessions, users
from tests.integration.web.browser import Browser
from tests.integration.web.conftest import ROOT, Api, Said
from tests.integration.web.test_page import fields_of, look, send

FORMS = ("/people/add", "/people/users/ada", "/people/quotas/set?of=user&name=ada")


def plain(said: Said) -> str:
    return html.unescape(re.sub(r"<[^>]*>", " ", said.text))


def form(said: Said, action: str) -> list[tuple[str, str]]:
    """The hidden fields of one form of several."""
    (whole,) = [one for one in said.text.split("<form") if f'action="{action}"' in one]
    return fields_of(Said(said.status, said.headers, whole.partition("</form>")[0]))


def change(api: Api, login: str, *, by: str = "ada", seen: Said | None = None, **typed: str) -> Said:
    fields = form(seen or look(api, f"/people/users/{login}", by="ada"), f"/people/users/{login}")
    return send(api, f"/people/users/{login}", [*fields, *typed.items()], by=by)


def act(api: Api, login: str, what: str, *, seen: Said | None = None) -> Said:
    at = f"/people/users/{login}/{what}"
    return send(api, at, form(seen or look(api, f"/people/users/{login}"), at))


def role_of(api: Api, login: str) -> str | None:
    return next(
        (str(one["role"]) for one in api.ask("GET", "/api/v1/users").body["items"] if one["login"] == login), None
    )


# ---- users -----------------------------------------------------------------------------------------------------------


def test_the_life_of_a_user_a_team_and_a_service(api: Api) -> None:
    for typed in (
        {"login": "ml", "kind": "team", "role": "admin"},
        {"login": "bob", "kind": "person", "role": "member", "team": "ml", "display": "Bob B."},
        {"login": "ci", "kind": "service", "role": "member"},
    ):
        said = send(api, "/people/add", typed)
        assert said.status == 200, said.text
        assert f"Added {typed['login']}: " in plain(said)
    listed = {one["login"]: one for one in api.ask("GET", "/api/v1/users").body["items"]}
    assert (listed["ml"]["role"], listed["bob"]["team"], listed["ci"]["kind"]) == (None, "ml", "service")
    assert (listed["bob"]["display"], listed["bob"]["made_by"]) == ("Bob B.", "ada")
    assert "Changed bob: person viewer" in plain(change(api, "bob", role="viewer", team="", display="Bob"))
    assert "Disabled bob: " in plain(act(api, "bob", "disable"))
    assert "disabled" in plain(look(api, "/people"))
    assert "Enabled bob" in plain(act(api, "bob", "enable"))
    assert "Removed bob" in plain(act(api, "bob", "remove"))
    assert role_of(api, "bob") is None
    told = [(one["verb"], one["actor"], one["channel"]) for one in api.ask("GET", "/api/v1/audit").body["items"]]
    assert ("user removed", "ada", "api") in told  # in these stories a token stands in for the cookie


@pytest.mark.parametrize(
    ("typed", "says"),
    [
        ({"login": "ada"}, "'ada' is taken, by a person"),
        ({"login": "Ada L"}, "cannot be a login"),
        ({"login": ""}, "a login is empty"),
        ({"login": "me"}, "it has a meaning of its own"),
        ({"login": "bob", "team": "nobody"}, "there is no team 'nobody'"),
        ({"login": "bob", "display": "a\u202eb"}, "holds characters that cannot be shown"),
    ],
)
def test_what_cannot_be_added_is_said_on_the_form_and_what_was_typed_stays(
    api: Api, typed: dict[str, str], says: str
) -> None:
    said = send(api, "/people/add", {"kind": "service", **typed})
    assert said.status in (404, 422)
    assert says.lower() in plain(said).lower()
    assert f'name="login" value="{typed["login"]}"' in said.text
    assert 'value="service" checked' in said.text
    assert len(api.ask("GET", "/api/v1/users").body["items"]) == 1


def test_the_last_admin_is_kept_and_the_form_says_so(api: Api) -> None:
    for said in (
        change(api, "ada", role="member", team="", display="ada"),
        act(api, "ada", "disable"),
        act(api, "ada", "remove"),
    ):
        assert said.status == 422
        assert "ada is the only admin there is" in plain(said)
        assert 'action="/people/users/ada"' in said.text, "one is still on the form"
    assert role_of(api, "ada") == "admin"


def test_whoever_agreed_to_another_state_changes_nothing(api: Api) -> None:
    api.user("bob")
    seen = look(api, "/people/users/bob")
    assert api.ask("PATCH", "/api/v1/users/bob", {"role": "admin"}).status == 200
    for said in (
        change(api, "bob", seen=seen, role="viewer", team="", display="bob"),
        act(api, "bob", "remove", seen=seen),
    ):
        assert said.status == 409
        assert "bob was changed meanwhile, and nothing was stored" in plain(said)
    assert role_of(api, "bob") == "admin"
    api.ask("DELETE", "/api/v1/users/bob")
    assert change(api, "ada", seen=look(api, "/people/users/ada"), role="admin", team="", display="A").status == 200
    assert act(api, "bob", "disable", seen=seen).status == 404


def test_whoever_owns_something_is_not_removed_and_it_is_said_how(api: Api) -> None:
    api.user("bob")
    api.create(by="bob")
    said = act(api, "bob", "remove")
    assert (said.status, "bob still has 1 instance" in plain(said).lower()) == (422, True)


def test_none_but_an_admin_is_offered_anything_or_obeyed(api: Api) -> None:
    api.user("bob")
    seen = look(api, "/people/users/ada")
    for path in FORMS:
        assert look(api, path, by="bob").status == 403, path
    for path in ("/people", "/people/quotas"):
        said = look(api, path, by="bob")
        assert said.status == 200
        assert "/people/users/" not in said.text
        assert "/people/quotas/set" not in said.text
    assert send(api, "/people/add", {"login": "eve", "role": "admin"}, by="bob").status == 403
    assert change(api, "ada", by="bob", seen=seen, role="viewer", team="", display="x").status == 403
    assert [one["login"] for one in api.ask("GET", "/api/v1/users").body["items"]] == ["ada", "bob"]


def test_an_admin_by_a_token_that_does_not_grant_it_is_none(api: Api) -> None:
    api.user("root", Role.ADMIN, grants=frozenset({Grant.READ, Grant.WRITE}))
    browser = Browser(api)
    browser.sign_in("root")
    page = browser.get("/people", Accept="text/html")
    assert (page.status, "Change" in page.text) == (200, False)
    assert browser.post("/people/add", {"login": "eve"}, Accept="text/html").status == 403
    tokens = browser.get("/people/tokens", Accept="text/html")
    assert (tokens.status, "it does not grant admin" in plain(tokens)) == (200, True)
    assert browser.get("/people/sessions", Accept="text/html").status == 200


def test_names_of_people_are_shown_as_text(api: Api) -> None:
    evil = "<img src=x onerror=alert(1)>"
    said = send(api, "/people/add", {"login": "bob", "display": evil})
    assert said.status == 200
    for path in ("/people", "/people/users/bob"):
        assert "<img" not in look(api, path).text
        assert html.escape(evil) in look(api, path).text


# ---- quotas ----------------------------------------------------------------------------------------------------------


def quota(api: Api, *, seen: Said | None = None, of: str = "user", name: str = "ada", **typed: str) -> Said:
    seen = seen or look(api, f"/people/quotas/set?of={of}&name={name}")
    return send(api, "/people/quotas/set", [*form(seen, "/people/quotas/set"), *typed.items()])


def test_a_quota_is_set_changed_and_removed(api: Api) -> None:
    said = quota(api, live="3", usd_per_hour="$2.50", longest_ttl="12h", longest_life="7d", types="t3.*, g5.xlarge")
    assert said.status == 200, said.text
    (one,) = api.ask("GET", "/api/v1/quotas").body["items"]
    assert (one["live"], one["longest_ttl_seconds"], one["types"]) == (3, 43200, ["t3.*", "g5.xlarge"])
    again = look(api, "/people/quotas/set?of=user&name=ada")
    for value in ("3", "2.50", "12h", "1w", "t3.* g5.xlarge"):
        assert f'value="{value}"' in again.text, value
    assert quota(api, live="4").status == 200
    (one,) = api.ask("GET", "/api/v1/quotas").body["items"]
    assert (one["live"], one["longest_ttl_seconds"], one["types"]) == (4, None, [])
    shown = look(api, "/people/quotas/set?of=user&name=ada")
    assert send(api, "/people/quotas/remove", form(shown, "/people/quotas/remove")).status == 200
    assert api.ask("GET", "/api/v1/quotas").body["items"] == []
    verbs = [one["verb"] for one in api.ask("GET", "/api/v1/audit").body["items"]]
    assert verbs[:3] == ["quota removed", "quota set", "quota set"]


@pytest.mark.parametrize(
    "typed",
    [
        {},
        {"live": "many"},
        {"live": "-1"},
        {"live": "٣"},
        {"live": "9" * 40},
        {"usd_per_hour": "NaN"},
        {"usd_per_hour": "1e9"},
        {"usd_per_hour": "0.00001"},
        {"longest_ttl": "soon"},
        {"types": "a\u202eb"},
    ],
)
def test_what_is_no_limit_is_said_and_not_stored(api: Api, typed: dict[str, str]) -> None:
    said = quota(api, **typed)
    assert said.status == 422, said.text
    assert 'role="alert"' in said.text
    for value in typed.values():
        assert html.escape(value) in said.text, "what was typed stays"
    assert api.ask("GET", "/api/v1/quotas").body["items"] == []


def test_a_quota_that_somebody_else_set_or_removed_meanwhile_stays_as_it_is(api: Api) -> None:
    seen = look(api, "/people/quotas/set?of=user&name=ada")
    api.ask("PUT", "/api/v1/quotas/user/ada", {"live": 9})
    stale = quota(api, seen=seen, live="1")
    assert (stale.status, "was changed meanwhile, and nothing was stored" in plain(stale)) == (409, True)
    shown = look(api, "/people/quotas/set?of=user&name=ada")
    api.ask("PUT", "/api/v1/quotas/user/ada", {"live": 10})
    assert send(api, "/people/quotas/remove", form(shown, "/people/quotas/remove")).status == 409
    assert api.ask("GET", "/api/v1/quotas").body["items"][0]["live"] == 10


def test_of_a_team_and_a_role_but_of_nobody_that_there_is_not(api: Api) -> None:
    api.team("ml")
    assert quota(api, of="team", name="ml", live="5").status == 200
    assert quota(api, of="role", name="member", longest_ttl="8h").status == 200
    assert "Quota of each role member" in plain(look(api, "/people/quotas/set?of=role&name=member"))
    for of in ("team", "role"):
        assert quota(api, of=of, name="nothing", live="5").status in (404, 422)
    assert look(api, "/people/quotas/set?of=cloud&name=x").status == 422
    assert len(api.ask("GET", "/api/v1/quotas").body["items"]) == 2


# ---- sessions --------------------------------------------------------------------------------------------------------


def session_of(api: Api, login: str) -> tuple[Browser, str]:
    browser = Browser(api)
    with api.world.ctx.begin() as connection:
        actor = sessions.user_actor(connection, login, "")
        made = sessions.begin(connection, actor, How.OIDC, api.world.now)
    browser.hold(made.secret)
    return browser, made.session.id


def test_a_session_is_ended_by_whose_it_is_and_by_an_admin(api: Api) -> None:
    api.user("bob")
    first, first_id = session_of(api, "bob")
    second, second_id = session_of(api, "bob")
    _, hers = session_of(api, "ada")
    page = first.get("/people/sessions", Accept="text/html")
    assert (second_id in page.text, "this browser" in page.text, hers in page.text) == (True, True, False)
    assert first.get(f"/people/sessions/{hers}/end", Accept="text/html").status == 404
    assert first.post(f"/people/sessions/{hers}/end", {}, Accept="text/html").status == 404
    assert first.post(f"/people/sessions/{second_id}/end", {}, Accept="text/html").status == 200
    assert second.me().status == 401
    assert "Sign bob out?" in plain(look(api, f"/people/sessions/{first_id}/end"))
    assert send(api, f"/people/sessions/{first_id}/end", {}).status == 200
    assert first.me().status == 401


def test_whoever_ends_their_own_session_is_asked_to_sign_in_again(api: Api) -> None:
    browser, own = session_of(api, "ada")
    said = browser.post(f"/people/sessions/{own}/end", {}, Accept="text/html")
    assert (said.status, said.headers["location"]) == (303, "/sign-in")
    assert browser.get("/people", Accept="text/html").status == 303


def test_another_site_changes_nobody(api: Api) -> None:
    browser, own = session_of(api, "ada")
    for path, fields in (
        ("/people/add", {"login": "eve", "role": "admin"}),
        (f"/people/sessions/{own}/end", {}),
        ("/people/quotas/set", dict(form(look(api, FORMS[2]), "/people/quotas/set")) | {"live": "1"}),
        ("/people/tokens/make", {"name": "theirs", "key": "0" * 32}),
    ):
        assert browser.post(path, fields, Sec_Fetch_Site="cross-site").status == 403, path
        assert browser.post(path, fields, Sec_Fetch_Site="", Origin="https://evil.example").status == 403, path
    assert len(users.listed(api.world.ctx)) == 1
    with api.world.ctx.begin() as connection:
        assert connection.execute(text("SELECT count(*) FROM quotas")).scalar_one() == 0
        assert connection.execute(text("SELECT count(*) FROM tokens WHERE name = 'theirs'")).scalar_one() == 0
    assert ROOT.name not in {one.login for one in users.listed(api.world.ctx)}
