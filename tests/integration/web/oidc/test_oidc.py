"""People sign in by an identity provider: who is proved is let in as who they are, and nobody else is, whatever is sent."""

from __future__ import annotations

from urllib.parse import parse_qs, urlsplit

import pytest

from im.services.people import users
from tests.integration.web.browser import Browser
from tests.integration.web.conftest import Api
from tests.integration.web.oidc.provider import Provider
from tests.integration.web.oidc.ways import SECRET, nobody_is_in, out, through
from tests.people import person
from tests.world import World


def test_somebody_who_was_never_here_becomes_a_user_and_comes_back_as_the_same(api: Api, provider: Provider) -> None:
    ada = Browser(api)
    said = through(ada, provider, goes_to="/agenda")
    assert (said.status, said.headers["Location"]) == (303, "/agenda")
    me = ada.me().body
    assert (me["login"], me["role"], me["token"]) == ("ada@example.com", "member", "")
    assert "im-oidc" not in str(ada.cookies)
    (user,) = (one for one in users.listed(api.world.ctx) if one.login == "ada@example.com")
    assert (user.subject, user.display, user.made_by) == ("sub-ada", "Ada Lovelace", f"oidc {provider.url}")
    provider.knows("sub-ada", email="renamed@example.com", email_verified=True)
    again = Browser(api)
    through(again, provider)
    assert again.me().body["login"] == "ada@example.com", "an address of mail is nobody's identity"
    assert [s["how"] for s in again.get("/api/v1/sessions").body["items"]] == ["oidc", "oidc"]
    assert again.post("/api/v1/tokens", {}, Content_Type="application/json").status == 422


def test_what_is_asked_of_the_provider_is_a_code_with_pkce_state_and_nonce(api: Api) -> None:
    asked = parse_qs(urlsplit(out(Browser(api))).query)
    assert asked["response_type"] == ["code"]
    assert asked["code_challenge_method"] == ["S256"]
    assert len(asked["code_challenge"][0]) == 43
    assert len(asked["state"][0]) == len(asked["nonce"][0]) == 43
    assert asked["redirect_uri"] == [f"http://127.0.0.1:{api.port}/sign-in/callback"]
    assert SECRET not in str(asked)


def test_the_page_offers_it(api: Api) -> None:
    shown = Browser(api).get("/sign-in?next=/agenda").text
    assert "Sign in with single sign-on" in shown
    assert 'href="/sign-in/oidc?next=%2Fagenda"' in shown


def test_a_session_that_was_there_before_is_over(api: Api, provider: Provider) -> None:
    browser = Browser(api)
    browser.sign_in("root")
    before = browser.cookie
    through(browser, provider)
    assert browser.me().body["login"] == "ada@example.com"
    browser.hold(before)
    assert browser.me().status == 401


def test_another_browser_cannot_end_what_this_one_began(api: Api, provider: Provider) -> None:
    ada, eve = Browser(api), Browser(api)
    back = provider.lets_in(out(ada), "sub-ada")
    assert nobody_is_in(eve, eve.get(back))
    out(eve)  # and not with a sign-in of its own either
    assert nobody_is_in(eve, eve.get(back))


def test_the_wrong_state_ends_it_and_so_does_a_second_use(api: Api, provider: Provider) -> None:
    ada = Browser(api)
    back = provider.lets_in(out(ada), "sub-ada")
    wrong = back.replace("state=", "state=x")
    assert nobody_is_in(ada, ada.get(wrong))
    assert nobody_is_in(ada, ada.get(back)), "it is over with the first answer"
    held = dict(ada.cookies)
    back = provider.lets_in(out(ada), "sub-ada")
    held = dict(ada.cookies)
    assert ada.get(back).status == 303
    replay = Browser(api)
    replay.cookies = held
    assert nobody_is_in(replay, replay.get(back))


def test_a_code_that_was_used_is_worth_nothing_in_another_sign_in(api: Api, provider: Provider) -> None:
    ada = Browser(api)
    first = provider.lets_in(out(ada), "sub-ada")
    assert ada.get(first).status == 303
    eve = Browser(api)
    mine = parse_qs(urlsplit(out(eve)).query)["state"][0]
    used = parse_qs(urlsplit(first).query)["code"][0]
    assert nobody_is_in(eve, eve.get(f"/sign-in/callback?code={used}&state={mine}"))


def test_a_code_of_another_sign_in_does_not_fit_its_nonce(api: Api, provider: Provider) -> None:
    ada, eve = Browser(api), Browser(api)
    code = parse_qs(urlsplit(provider.lets_in(out(ada), "sub-ada")).query)["code"][0]
    mine = parse_qs(urlsplit(out(eve)).query)["state"][0]
    assert nobody_is_in(eve, eve.get(f"/sign-in/callback?code={code}&state={mine}"))


def test_it_is_over_after_ten_minutes(api: Api, provider: Provider) -> None:
    ada = Browser(api)
    back = provider.lets_in(out(ada), "sub-ada")
    api.world.beat = False
    api.world.advance(601)
    assert nobody_is_in(ada, ada.get(back))


def test_a_provider_that_calls_itself_otherwise_is_not_the_one(api: Api, provider: Provider) -> None:
    provider.document["issuer"] = "https://evil.example"
    said = Browser(api).get("/sign-in/oidc")
    assert said.status == 503
    assert "IM_OIDC_ISSUER" in said.text


def test_an_answer_in_another_providers_name_is_none(api: Api, provider: Provider) -> None:
    ada = Browser(api)
    back = provider.lets_in(out(ada), "sub-ada")
    assert nobody_is_in(ada, ada.get(f"{back}&iss=https%3A%2F%2Fevil.example"))


def test_a_document_that_cannot_be_is_a_provider_that_is_away(api: Api, provider: Provider) -> None:
    for document in (
        {"authorization_endpoint": "javascript:alert(1)"},
        {"authorization_endpoint": None},
        {"token_endpoint": "http://elsewhere.example/token"},
        {"jwks_uri": f"{provider.url}/.well-known/openid-configuration"},
        {"jwks_uri": 7},
    ):
        provider.document.clear()
        provider.document |= document
        said = Browser(api).get("/sign-in/oidc")
        assert (said.status, "does not answer" in said.text) == (503, True), document


@pytest.mark.parametrize("down", ["/.well-known/openid-configuration", "/jwks", "/oauth2/token"])
def test_a_provider_that_is_away_is_told_of_and_a_token_still_signs_in(api: Api, provider: Provider, down: str) -> None:
    ada = Browser(api)
    if down == "/oauth2/token":
        back = provider.lets_in(out(ada), "sub-ada")
        provider.down.add(down)
        said = ada.get(back)
    else:
        provider.down.add(down)
        said = ada.get("/sign-in/oidc")
    assert said.status in (401, 503)
    assert "single sign-on" in said.text
    assert ada.sign_in("root").status == 303


def test_what_userinfo_alone_tells_counts_for_the_same_subject(api: Api, provider: Provider) -> None:
    provider.claims |= {"email": None, "email_verified": None}
    ada = Browser(api)
    through(ada, provider)
    assert ada.me().body["login"] == "ada@example.com"


def test_an_address_is_not_verified_by_what_is_said_of_another(api: Api, provider: Provider) -> None:
    provider.claims |= {"email": "root@example.com", "email_verified": None}
    browser = Browser(api)
    through(browser, provider)
    assert browser.me().body["login"].startswith("oidc-")


@pytest.mark.parametrize(
    ("error", "told"),
    [
        ("access_denied", "it has let nobody in"),
        ("login_required", "it wants you to sign in there first"),
        ("interaction_required", "it wants to ask you something first"),
        ("consent_required", "it wants you to agree first"),
        ("<script>alert(1)</script>", "it gives a reason that im does not know"),
    ],
)
def test_a_no_of_the_provider_is_told_in_our_words(api: Api, error: str, told: str) -> None:
    ada = Browser(api)
    state = parse_qs(urlsplit(out(ada)).query)["state"][0]
    said = ada.get(f"/sign-in/callback?state={state}&error={error}&error_description=%3Cscript%3E")
    assert nobody_is_in(ada, said)
    assert told in said.text
    assert "<script>" not in said.text


def test_a_disabled_user_stays_disabled(api: Api, provider: Provider) -> None:
    ada = Browser(api)
    through(ada, provider)
    users.change(api.world.ctx, "ada@example.com", disabled=True, actor=person("root"))
    assert ada.me().status == 401
    said = through(ada, provider)
    assert (said.status, "ada@example.com is disabled" in said.text.lower()) == (403, True)
    assert nobody_is_in(ada, said)


def test_with_another_name_on_the_way_the_browser_is_led_to_the_one_that_the_provider_knows(api: Api) -> None:
    by_name = Browser(api, f"localhost:{api.port}")
    said = by_name.get("/sign-in/oidc?next=/agenda")
    assert said.headers["Location"] == f"http://127.0.0.1:{api.port}/sign-in/oidc?next=/agenda"
    assert not by_name.cookies


def test_without_a_provider_there_is_no_such_page(world: World) -> None:
    made = Api(world)
    try:
        said = Browser(made).get("/sign-in/oidc")
        assert (said.status, "no identity provider is configured" in said.text.lower()) == (404, True)
        assert "single sign-on" not in Browser(made).get("/sign-in").text
    finally:
        made.close()
