"""Who may do what over HTTP: nothing of another's by any route, and nothing that the token does not grant."""

from __future__ import annotations

from dataclasses import replace

from im.domain.access import Grant, Role
from im.domain.config.web import Sees, WebSettings
from im.services.people import users
from tests.integration.web.conftest import Api
from tests.people import person

HOUR = {"duration": "1h"}


def test_a_member_touches_nothing_of_anothers_by_any_verb(api: Api) -> None:
    api.user("bob")
    api.create()
    before = api.world.row()
    for verb, form in (
        ("extend", HOUR),
        ("start", HOUR),
        ("stop", None),
        ("terminate", None),
        ("protect", {"on": True}),
        ("give", {"to": "bob"}),
    ):
        said = api.ask("POST", f"/api/v1/instances/web/{verb}", form, by="bob")
        assert (said.status, said.body["exit"]) == (403, 4), verb
        batch = {"verb": verb, "ids": ["web"], **({verb: form} if form else {})}
        assert api.ask("POST", "/api/v1/instances:batch", batch, by="bob").status == 403, verb
    assert api.world.row() == before
    assert api.create("his", by="bob", owner="ada").status == 403


def test_a_team_shares(api: Api) -> None:
    api.team("ml")
    api.user("bob", team="ml")
    api.user("eve", team="ml")
    assert api.create("shared", by="bob", owner="ml").status == 202
    assert api.ask("POST", "/api/v1/instances/shared/extend", HOUR, by="eve").status == 202


def test_who_may_not_see_it_is_told_that_it_is_not_there(api: Api) -> None:
    ctx = api._server.config.app.state.ctx  # type: ignore[union-attr]
    own = replace(ctx.settings, parts=(*ctx.settings.parts, WebSettings(members_see=Sees.OWN)))
    api._server.config.app.state.ctx = replace(ctx, settings=own)  # type: ignore[union-attr]
    api.user("bob")
    api.create()
    assert api.ask("GET", "/api/v1/instances", by="bob").body["items"] == []
    assert api.ask("GET", "/api/v1/instances?owner=ada", by="bob").body["items"] == []
    there, nowhere = (api.ask("GET", f"/api/v1/instances/{name}", by="bob") for name in ("web", "wob"))
    assert (there.status, nowhere.status) == (404, 404)
    assert there.body["detail"].replace("web", "") == nowhere.body["detail"].replace("wob", "")
    for path in ("events", "why", "wait?timeout=0"):
        assert api.ask("GET", f"/api/v1/instances/web/{path}", by="bob").status == 404
    assert api.ask("GET", "/api/v1/orphans", by="bob").status == 403
    assert api.ask("POST", "/api/v1/instances/web/stop", by="bob").status == 404
    assert api.ask("POST", "/api/v1/instances:batch", {"verb": "stop", "ids": ["web"]}, by="bob").status == 404


def test_a_token_that_does_not_grant_it_does_not_do_it(api: Api) -> None:
    api.user("bob", grants=frozenset({Grant.READ, Grant.WRITE}))
    api.create("his", by="bob")
    assert api.ask("POST", "/api/v1/instances/his/stop", by="bob").status == 202
    said = api.ask("POST", "/api/v1/instances/his/terminate", by="bob")
    assert (said.status, "does not grant terminate" in said.body["detail"]) == (403, True)
    api.user("eve", grants=frozenset({Grant.READ}))
    assert api.create("hers", by="eve").status == 403


def test_a_demoted_admin_is_demoted_at_once(api: Api) -> None:
    api.user("bob", Role.ADMIN)
    api.create()
    users.change(api.world.ctx, "bob", role=Role.VIEWER, actor=person("root"))
    assert api.ask("POST", "/api/v1/instances/web/stop", by="bob").status == 403
    assert api.ask("GET", "/api/v1/me", by="bob").body["role"] == "viewer"
