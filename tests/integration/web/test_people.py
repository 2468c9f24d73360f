"""Users, tokens, quotas and money over HTTP, each held to its document and to who may."""

from __future__ import annotations

import pytest

from im.domain.access import Role
from im.web.api import documents_of_fleet, documents_of_money
from im.web.api.people import documents as documents_of_people
from im.web.api.upkeep import LeftoversDocument
from tests.integration.web.conftest import Api

READS = {
    "agenda": documents_of_money.AgendaDocument,
    "cost": documents_of_money.CostDocument,
    "budgets": documents_of_money.BudgetsDocument,
    "prices": documents_of_money.PricesDocument,
    "users": documents_of_people.UsersDocument,
    "tokens": documents_of_people.TokensDocument,
    "tokens?all=true": documents_of_people.TokensDocument,
    "sessions": documents_of_people.SessionsDocument,
    "sessions?all=true": documents_of_people.SessionsDocument,
    "quotas": documents_of_people.QuotasDocument,
    "audit": documents_of_people.AuditDocument,
    "scopes": documents_of_fleet.ScopesDocument,
    "orphans": documents_of_fleet.OrphansDocument,
    "holds": documents_of_fleet.HoldsDocument,
    "fleet": documents_of_fleet.FleetDocument,
    "leftovers": LeftoversDocument,
    "cost?by=day&since=7d": documents_of_money.CostDocument,
    "agenda?within=2h": documents_of_money.AgendaDocument,
}
CHANGES = {
    ("POST", "users"): {"login": "new"},
    ("PATCH", "users/ada"): {"role": "viewer"},
    ("DELETE", "users/ada"): None,
    ("PUT", "quotas/user/ada"): {"live": 99},
    ("DELETE", "quotas/user/ada"): None,
    ("PUT", "budgets/ada"): {"usd_per_month": "50"},
    ("DELETE", "budgets/ada"): None,
}


@pytest.mark.parametrize("path", READS)
def test_every_list_holds_to_its_document(api: Api, path: str) -> None:
    api.team("ml")
    api.create()
    api.world.advance(10)
    assert api.ask("PUT", "/api/v1/budgets/ada", {"usd_per_month": "50"}).status == 200
    assert api.ask("PUT", "/api/v1/quotas/team/ml", {"live": 5, "longest_ttl": "8h"}).status == 200
    said = api.ask("GET", f"/api/v1/{path}")
    assert said.status == 200
    READS[path].model_validate_json(said.text)


@pytest.mark.parametrize(("method", "path"), CHANGES)
@pytest.mark.parametrize("role", [Role.VIEWER, Role.MEMBER])
def test_none_but_an_admin_changes_what_is_everybodys(api: Api, method: str, path: str, role: Role) -> None:
    api.user("bob", role)
    said = api.ask(method, f"/api/v1/{path}", CHANGES[method, path], by="bob")
    assert (said.status, said.body["exit"]) == (403, 4)


def test_the_life_of_a_user(api: Api) -> None:
    made = api.ask("POST", "/api/v1/users", {"login": "bob", "display": "Bob B."})
    assert (made.status, made.body["role"]) == (201, "member")
    assert api.ask("POST", "/api/v1/users", {"login": "bob"}).status == 422
    assert api.ask("PATCH", "/api/v1/users/bob", {"role": "viewer"}).body["role"] == "viewer"
    assert api.ask("PATCH", "/api/v1/users/bob", {"disabled": True}).body["disabled_at"]
    assert api.ask("DELETE", "/api/v1/users/bob").status == 204
    assert api.ask("DELETE", "/api/v1/users/bob").status == 404
    assert api.ask("DELETE", "/api/v1/users/ada").status == 422
    both = api.ask("PATCH", "/api/v1/users/ada", {"display": "Ada L.", "disabled": True})
    assert (both.status, "the only admin" in both.body["detail"]) == (422, True)
    assert [one["display"] for one in api.ask("GET", "/api/v1/users").body["items"]] == ["ada"], "all of it or nothing"
    verbs = [one["verb"] for one in api.ask("GET", "/api/v1/audit").body["items"]]
    assert verbs[:3] == ["user removed", "user disabled", "user changed"]


def test_a_token_ends_or_renews_itself_and_sees_no_secret(api: Api) -> None:
    api.user("bob")
    (token,) = api.ask("GET", "/api/v1/tokens", by="bob").body["items"]
    assert "secret" not in token
    renewed = api.ask("POST", f"/api/v1/tokens/{token['id']}/rotate", {"overlap": "1h"}, by="bob")
    assert renewed.status == 201
    secret = renewed.body["secret"]
    assert api.ask("GET", "/api/v1/me", by=secret).body["login"] == "bob"
    assert api.ask("POST", "/api/v1/tokens", {"name": "more"}, by="bob").status == 403
    assert api.ask("DELETE", f"/api/v1/tokens/{renewed.body['id']}", by=secret).status == 204
    assert api.ask("GET", "/api/v1/me", by=secret).status == 401


def test_anothers_token_is_not_there(api: Api) -> None:
    api.user("bob")
    (mine,) = api.ask("GET", "/api/v1/tokens").body["items"]
    assert api.ask("DELETE", f"/api/v1/tokens/{mine['id']}", by="bob").status == 404
    assert api.ask("GET", "/api/v1/tokens?login=ada", by="bob").status == 403
    assert api.ask("GET", "/api/v1/tokens?all=true", by="bob").status == 403
    assert api.ask("GET", "/api/v1/me").status == 200


def test_a_quota_holds_over_http_with_the_exit_code_of_the_command_line(api: Api) -> None:
    api.user("bob")
    api.ask("PUT", "/api/v1/quotas/user/bob", {"live": 1, "longest_ttl": "2h"})
    assert api.create("one", by="bob").status == 202
    said = api.create("two", by="bob")
    assert (said.status, said.body["exit"], said.body["code"]) == (403, 6, "over_limit")
    longer = api.ask("POST", "/api/v1/instances/one/extend", {"duration": "9h"}, by="bob")
    assert "--until" in longer.body["next"]
