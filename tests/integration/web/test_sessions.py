"""Sessions: with which rights, how long, and what ends them; and that no page of another site uses the cookie."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import pytest

from im.domain.access import Role
from im.domain.config.web import WebSettings
from im.services import history
from im.services.people import sessions, users
from tests.integration.web.browser import Browser
from tests.integration.web.conftest import Api
from tests.people import person
from tests.world import World

HOUR = 3600.0
NAMED = "https://im.example.com"


@pytest.fixture
def bob(api: Api) -> Browser:
    api.user("bob")
    made = Browser(api)
    made.sign_in("bob")
    return made


@pytest.fixture
def named(world: World) -> Iterator[Api]:
    """Behind a proxy with TLS, as people reach it."""
    settings = replace(world.ctx.settings, parts=(WebSettings(web_url=NAMED),))
    world.ctx = replace(world.ctx, settings=settings)
    made = Api(world)
    made.user("ada", Role.ADMIN)
    yield made
    made.close()


def test_on_loopback_the_cookie_has_a_name_of_its_port_and_scripts_never_see_it(bob: Browser) -> None:
    ((name, cookie),) = bob.cookies.items()
    assert name == f"im-{bob.api.port}"
    assert (cookie["httponly"], cookie["samesite"], cookie["path"], cookie["secure"]) == (True, "lax", "/", "")
    assert cookie["domain"] == ""
    assert len(cookie.value) == 43


def test_with_tls_it_is_for_that_host_alone(named: Api) -> None:
    ada = Browser(named, "im.example.com")
    ada.sign_in("ada")
    ((name, cookie),) = ada.cookies.items()
    assert name == "__Host-im"
    assert (cookie["httponly"], cookie["samesite"], cookie["path"], cookie["secure"]) == (True, "lax", "/", True)
    assert cookie["domain"] == ""
    assert ada.me().body["login"] == "ada"
    by_another_name = Browser(named, "im.example.com")
    by_another_name.cookies = {f"im-{named.port}": cookie}
    assert by_another_name.me().status == 401, "a neighbour may set a cookie of any name but that one"


def test_a_forged_cookie_is_nobody(bob: Browser) -> None:
    name = f"im-{bob.api.port}"
    for secret in ("x", "a" * 43, "a" * 5000, "%00", "ses-0123456789", "'; DROP TABLE sessions; --"):
        bob.hold("x")
        bob.cookies[name].set(name, secret, secret)
        said = bob.me()
        assert (said.status, said.body["exit"]) == (401, 4)
        assert len(secret) < 5 or secret not in said.text


def test_the_id_of_a_session_is_no_way_into_it(bob: Browser) -> None:
    (one,) = bob.get("/api/v1/sessions").body["items"]
    assert bob.cookie not in str(one)
    bob.hold(one["id"])
    assert bob.me().status == 401


def test_signing_in_changes_the_cookie_and_ends_what_was_there(bob: Browser) -> None:
    before = bob.cookie
    bob.sign_in("ada")
    assert bob.cookie != before
    assert bob.me().body["login"] == "ada"
    bob.hold(before)
    assert bob.me().status == 401


def test_a_cookie_that_somebody_planted_is_not_the_one_that_is_signed_in(bob: Browser) -> None:
    victim = Browser(bob.api)
    planted = "planted-by-somebody-else-who-knows-it-too-0"
    victim.hold(planted)
    victim.sign_in("ada")
    assert victim.cookie != planted
    victim.hold(planted)
    assert victim.me().status == 401


def test_a_session_lasts_twelve_hours_after_its_last_use_and_a_week_at_most(bob: Browser) -> None:
    world = bob.api.world
    world.beat = False
    for _ in range(13):
        world.advance(11.9 * HOUR)
        assert bob.me().status == 200
    world.advance(11.9 * HOUR)
    assert bob.me().status == 200
    world.advance(2 * HOUR)
    assert bob.me().status == 401, "168.6 hours after it began"
    bob.sign_in("bob")
    world.advance(12.1 * HOUR)
    assert bob.me().status == 401
    history.prune(world.ctx)
    assert sessions.listed(world.ctx, None, actor=person("root")) == []


def test_it_ends_with_the_token_that_it_was_begun_with(bob: Browser) -> None:
    (token,) = bob.get("/api/v1/tokens").body["items"]
    assert bob.api.ask("DELETE", f"/api/v1/tokens/{token['id']}").status == 204
    assert bob.me().status == 401


@pytest.mark.parametrize("how", ["disabled", "removed"])
def test_whoever_is_disabled_or_removed_is_out_at_once_and_stays_out(bob: Browser, how: str) -> None:
    ctx, root = bob.api.world.ctx, person("root")
    if how == "disabled":
        users.change(ctx, "bob", disabled=True, actor=root)
        assert bob.me().status == 401
        users.change(ctx, "bob", disabled=False, actor=root)
    else:
        users.remove(ctx, "bob", actor=root)
        assert bob.me().status == 401
        users.add(ctx, "bob", role=Role.ADMIN, actor=root)
    assert bob.me().status == 401


def test_whoever_is_demoted_is_so_with_the_next_request_not_with_the_next_page(bob: Browser) -> None:
    api = bob.api
    api.create("his", by="bob")
    assert bob.get("/api/v1/instances/his").status == 200
    users.change(api.world.ctx, "bob", role=Role.VIEWER, actor=person("root"))
    assert bob.post("/api/v1/instances/his/stop").status == 403
    assert bob.me().body["role"] == "viewer"


def test_one_ends_ones_own_sessions_and_an_admin_anybodys(bob: Browser) -> None:
    api = bob.api
    other = Browser(api)
    other.sign_in("bob")
    eve = Browser(api)
    eve.sign_in("ada")
    both = bob.get("/api/v1/sessions").body["items"]
    assert len(both) == 2
    (hers,) = (one for one in eve.get("/api/v1/sessions").body["items"] if one["login"] == "ada")
    assert bob.get("/api/v1/sessions?all=true").status == 403
    assert bob.get("/api/v1/sessions?login=ada").status == 403
    assert bob._ask("DELETE", f"/api/v1/sessions/{hers['id']}", None, {}).status == 404
    for one in both:
        assert eve._ask("DELETE", f"/api/v1/sessions/{one['id']}", None, {}).status == 204
    assert (bob.me().status, other.me().status) == (401, 401)
    assert eve.me().status == 200


def test_no_page_of_another_site_uses_the_cookie(bob: Browser) -> None:
    ours = f"http://127.0.0.1:{bob.api.port}"
    sent: list[tuple[dict[str, str], bool]] = [
        ({"Sec_Fetch_Site": "cross-site"}, False),
        ({"Sec_Fetch_Site": "same-site"}, False),
        ({"Sec_Fetch_Site": "same-site", "Origin": ours}, False),
        ({"Sec_Fetch_Site": ""}, False),
        ({"Sec_Fetch_Site": "", "Origin": "null"}, False),
        ({"Sec_Fetch_Site": "", "Origin": "http://127.0.0.1"}, False),
        ({"Sec_Fetch_Site": "", "Origin": "http://127.0.0.1:1"}, False),
        ({"Sec_Fetch_Site": "", "Origin": "https://evil.example"}, False),
        ({"Sec_Fetch_Site": "", "Referer": ours}, False),
        ({"Sec_Fetch_Site": "same-origin"}, True),
        ({"Sec_Fetch_Site": "none"}, True),
        ({"Sec_Fetch_Site": "", "Origin": ours}, True),
    ]
    bob.api.create("his", by="bob")
    before = bob.api.world.row("his")
    for headers, passes in sent:
        said = bob.post("/api/v1/instances/his/stop", **headers)
        assert said.status == (202 if passes else 403), headers
        assert passes or bob.api.world.row("his") == before
        if not passes:
            assert bob.post("/sign-out", **headers).status == 403
    assert bob.me().status == 200


def test_behind_a_proxy_the_page_is_known_by_its_name(named: Api) -> None:
    ada = Browser(named, "im.example.com")
    ada.sign_in("ada")
    for origin in ("http://im.example.com", "https://im.example.com.evil.example", f"http://127.0.0.1:{named.port}"):
        assert ada.post("/sign-out", Sec_Fetch_Site="", Origin=origin).status == 403
    assert ada.post("/sign-out", Sec_Fetch_Site="", Origin=NAMED).status == 303


def test_a_proxys_headers_sign_nobody_in_and_turn_nobody_into_somebody(bob: Browser) -> None:
    forwarded = {
        "X_Forwarded_For": "127.0.0.1",
        "X_Forwarded_Host": "evil.example",
        "X_Forwarded_Proto": "https",
        "X_Forwarded_User": "ada",
        "X_Real_Ip": "127.0.0.1",
        "Forwarded": "for=127.0.0.1;host=evil.example",
        "Remote_User": "ada",
    }
    assert bob.me(**forwarded).body["login"] == "bob"
    assert Browser(bob.api).me(**forwarded).status == 401
    sent = Browser(bob.api).post("/sign-in", {"token": bob.api.tokens["bob"]}, **forwarded)
    assert sent.headers["Location"] == "/"
    assert "evil" not in str(sent.headers)
    assert "Secure" not in sent.headers["Set-Cookie"]


def test_a_token_that_is_sent_counts_and_not_the_cookie(bob: Browser) -> None:
    assert bob.me(Authorization=f"Bearer {bob.api.tokens['ada']}").body["login"] == "ada"
    assert bob.me(Authorization="Bearer x").status == 401, "what is wrong is not made good by what is right"


def test_a_visitor_without_a_session_is_sent_to_sign_in_and_back(bob: Browser) -> None:
    html = {"Accept": "text/html"}
    assert bob.get("/agenda", **html).status == 200
    stranger = Browser(bob.api)
    sent = stranger.get("/agenda?sort=cost&q=owner%3Dme", **html)
    there = "/sign-in?next=%2Fagenda%3Fsort%3Dcost%26q%3Downer%253Dme"
    assert (sent.status, sent.headers["Location"]) == (303, there)
    assert stranger.get(there).status == 200
    assert stranger.post("/change/stop", **html).headers["Location"] == "/sign-in?next=%2F"
    ours = f"http://127.0.0.1:{bob.api.port}"
    part = stranger.get("/agenda", HX_Request="true", HX_Current_Url=f"{ours}/agenda?a=b", **html)
    assert (part.status, part.headers["HX-Redirect"]) == (401, "/sign-in?next=%2Fagenda%3Fa%3Db")
    lured = stranger.get("/agenda", HX_Request="true", HX_Current_Url="https://evil.example//evil.example", **html)
    assert lured.headers["HX-Redirect"] == "/sign-in?next=%2F"
    by_token = stranger.get("/agenda", Authorization="Bearer x", **html)
    assert by_token.status == 401, "a program is told, not sent"
