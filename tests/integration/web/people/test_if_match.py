"""Two admins at once: whoever changes a user, a team, a service or a quota by what they saw is refused once it is another."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import pytest

from im.domain.access import Role
from im.domain.people.user import UserKind
from im.services.people import users
from tests.integration.web.conftest import ROOT, Api, Said

USER, QUOTA = "/api/v1/users/bob", "/api/v1/quotas/user/bob"
STALE = '"0123456789abcdef"'


@pytest.fixture(autouse=True)
def people(api: Api) -> None:
    api.user("eve", Role.ADMIN)
    api.user("bob")


def tag(said: Said) -> str:
    assert said.status in (200, 201), said.text
    found = said.headers["ETag"]
    assert found.startswith('"')
    return found


def audited(api: Api) -> int:
    return len(api.ask("GET", "/api/v1/audit?limit=1000").body["items"])


def refused(said: Said) -> None:
    assert (said.status, said.headers["content-type"]) == (412, "application/problem+json")
    assert (said.body["code"], said.body["exit"]) == ("precondition_failed", 8)
    assert "nothing was stored" in said.body["detail"]
    assert said.body["next"] == "look again, and ask once more"


def at_once(*asking: Callable[[], Said]) -> list[int]:
    together = Barrier(len(asking))

    def ask(one: Callable[[], Said]) -> int:
        together.wait(20)
        return one().status

    with ThreadPoolExecutor(len(asking)) as threads:
        return sorted(threads.map(ask, asking))


# ---- users, teams, services ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", list(UserKind))
def test_a_change_by_what_was_seen_is_made_and_one_by_what_was_is_refused(api: Api, kind: UserKind) -> None:
    made = api.ask("POST", "/api/v1/users", {"login": "new", "kind": kind})
    path, first = "/api/v1/users/new", tag(made)
    assert tag(api.ask("GET", path)) == first
    assert api.ask("GET", path, If_None_Match=first).status == 304
    changed = api.ask("PATCH", path, {"display": "Hers"}, If_Match=first)
    assert tag(changed) != first
    before = audited(api)
    late = api.ask("PATCH", path, {"display": "His"}, by="eve", If_Match=first)
    refused(late)
    assert late.body["user"]["display"] == "Hers"
    refused(api.ask("DELETE", path, by="eve", If_Match=first))
    assert (audited(api), api.ask("GET", path).body["display"]) == (before, "Hers")
    assert api.ask("GET", path, If_None_Match=first).status == 200
    assert api.ask("DELETE", path, If_Match=tag(changed)).status == 204


@pytest.mark.parametrize("change", [{"role": "viewer"}, {"team": "ml"}, {"disabled": True}, {"display": "Bob B."}])
def test_whatever_is_changed_changes_the_tag_and_what_is_not_keeps_it(api: Api, change: dict[str, object]) -> None:
    api.team("ml")
    first = tag(api.ask("GET", USER))
    second = tag(api.ask("PATCH", USER, change))
    assert second != first
    assert tag(api.ask("PATCH", USER, change)) == second == tag(api.ask("GET", USER))


def test_of_two_who_change_a_user_at_once_one_is_refused_and_nothing_is_lost(api: Api) -> None:
    for n in range(4):
        seen = tag(api.ask("GET", USER))
        statuses = at_once(
            lambda seen=seen, n=n: api.ask("PATCH", USER, {"display": f"A{n}"}, If_Match=seen),  # type: ignore[misc]
            lambda seen=seen, n=n: api.ask(
                "PATCH", USER, {"role": "viewer", "display": f"E{n}"}, by="eve", If_Match=seen
            ),  # type: ignore[misc]
        )
        assert statuses == [200, 412]
    told = api.ask("GET", USER)
    assert told.body["display"] in ("A3", "E3")
    role = told.body["role"]
    assert api.ask("PATCH", USER, {"display": "Both"}, by="eve", If_Match=tag(told)).body["role"] == role


def test_a_removal_and_a_change_at_once_are_never_both_made(api: Api) -> None:
    seen = tag(api.ask("GET", USER))
    statuses = at_once(
        lambda: api.ask("DELETE", USER, If_Match=seen),
        lambda: api.ask("PATCH", USER, {"display": "Robert"}, by="eve", If_Match=seen),
    )
    assert statuses in ([204, 404], [200, 412])


def test_whoever_comes_back_under_the_same_login_is_another(api: Api) -> None:
    seen = tag(api.ask("GET", USER))
    assert api.ask("DELETE", USER).status == 204
    api.world.advance(1)
    users.add(api.world.ctx, "bob", actor=ROOT)
    refused(api.ask("DELETE", USER, If_Match=seen))


def test_a_right_that_is_missing_goes_before_a_tag_that_does_not_fit_and_shows_nothing(api: Api) -> None:
    for said in (
        api.ask("PATCH", "/api/v1/users/ada", {"role": "viewer"}, by="bob", If_Match=STALE),
        api.ask("DELETE", "/api/v1/users/ada", by="bob", If_Match=STALE),
        api.ask("PUT", QUOTA, {"live": 9}, by="bob", If_Match=STALE),
        api.ask("DELETE", QUOTA, by="bob", If_Match=STALE),
    ):
        assert (said.status, "user" in said.body, "quota" in said.body) == (403, False, False)


def test_any_will_do_for_a_star_a_weak_one_counts_and_nonsense_is_told(api: Api) -> None:
    seen = tag(api.ask("GET", USER))
    assert api.ask("PATCH", USER, {"display": "B"}, If_Match=f"W/{seen}").status == 200
    assert api.ask("PATCH", USER, {"display": "C"}, If_Match="*").status == 200
    assert api.ask("PATCH", USER, {"display": "D"}).status == 200, "it is asked for by nobody who does not send it"
    for nonsense in ("", "0123456789abcdef", '"x"', '"0123456789abcdef", "0123456789abcdee"', "''"):
        assert api.ask("PATCH", USER, {"display": "E"}, If_Match=nonsense).status == 422
    assert api.ask("GET", USER).body["display"] == "D"
    for header in ("*", STALE):
        assert api.ask("PATCH", "/api/v1/users/nobody-there", {}, If_Match=header).status == 404
    assert api.ask("GET", "/api/v1/users/nobody-there").status == 404


# ---- quotas ----------------------------------------------------------------------------------------------------------


def test_a_quota_is_set_and_removed_by_what_was_seen(api: Api) -> None:
    first = tag(api.ask("PUT", QUOTA, {"live": 2}, If_None_Match="*"))
    assert tag(api.ask("GET", QUOTA)) == first
    second = tag(api.ask("PUT", QUOTA, {"live": 3}, If_Match=first))
    before = audited(api)
    late = api.ask("PUT", QUOTA, {"live": 9}, by="eve", If_Match=first)
    refused(late)
    assert late.body["quota"]["live"] == 3
    refused(api.ask("PUT", QUOTA, {"live": 9}, by="eve", If_None_Match="*"))
    refused(api.ask("DELETE", QUOTA, by="eve", If_Match=first))
    assert (audited(api), api.ask("GET", QUOTA).body["live"]) == (before, 3)
    assert api.ask("DELETE", QUOTA, If_Match=second).status == 204
    assert api.ask("GET", QUOTA).status == 404


def test_one_that_is_gone_fits_nothing(api: Api) -> None:
    for header in ("*", STALE):
        for said in (api.ask("PUT", QUOTA, {"live": 1}, If_Match=header), api.ask("DELETE", QUOTA, If_Match=header)):
            refused(said)
            assert said.body["quota"] is None
    assert api.ask("GET", QUOTA).status == 404


def test_what_is_taken_of_it_changes_no_tag(api: Api) -> None:
    seen = tag(api.ask("PUT", QUOTA, {"live": 5}))
    assert api.create(by="bob").status == 202
    told = api.ask("GET", QUOTA)
    assert (told.body["live_taken"], tag(told)) == (1, seen)


@pytest.mark.parametrize("there", [True, False], ids=["there", "not there yet"])
def test_of_two_who_set_a_quota_at_once_one_is_refused(api: Api, there: bool) -> None:
    for _ in range(4):
        headers = {"If_None_Match": "*"}
        if there:
            headers = {"If_Match": tag(api.ask("PUT", QUOTA, {"live": 1}))}
        else:
            api.ask("DELETE", QUOTA)
        statuses = at_once(
            lambda headers=headers: api.ask("PUT", QUOTA, {"live": 2}, **headers),  # type: ignore[misc]
            lambda headers=headers: api.ask("PUT", QUOTA, {"live": 3}, by="eve", **headers),  # type: ignore[misc]
        )
        assert statuses == [200, 412]


def test_a_quota_that_one_may_not_see_is_not_there(api: Api) -> None:
    api.ask("PUT", QUOTA, {"live": 1})
    assert api.ask("GET", QUOTA, by="bob").status == 200
    assert api.ask("GET", "/api/v1/quotas/role/member").status == 404
