"""`im web link`, `im session` and who somebody is at the identity provider, typed."""

from __future__ import annotations

import json
from dataclasses import replace

from im.domain.config.oidc import OidcSettings
from im.domain.config.web import WebSettings
from im.services.people import links
from tests.integration.typed import run
from tests.people import person
from tests.world import World


def test_a_link_is_typed_for_and_told_once(world: World) -> None:
    parts = (WebSettings(web_url="https://im.example.com"),)
    world.ctx = replace(world.ctx, settings=replace(world.ctx.settings, parts=parts))
    done = run(world, "web", "link", "-q")
    assert done.exit_code == 0
    url = done.stdout.strip()
    assert url.startswith("https://im.example.com/enter?link=im_link_")
    assert links.look(world.ctx, url.partition("link=")[2]).login == "ada"
    told = json.loads(run(world, "web", "link", "--json").stdout)
    assert set(told) == {"url", "login", "expires_at"}
    shown = run(world, "audit").stdout
    assert "link made" in shown
    assert url.partition("link=")[2] not in shown


def test_with_users_a_link_is_one_of_theirs(world: World) -> None:
    run(world, "user", "add", "bob", "--role", "admin")
    refused = run(world, "web", "link")
    assert (refused.exit_code, "there is no user 'ada'" in refused.output) == (3, True)
    assert "--user signs in another" in refused.output
    assert run(world, "web", "link", "--user", "bob", "-q").exit_code == 0
    run(world, "user", "add", "ci", "--kind", "service")
    assert run(world, "web", "link", "--user", "ci").exit_code == 2


def test_sessions_are_listed_and_ended(world: World) -> None:
    assert "Nobody is signed in" in run(world, "session").stdout
    made = links.make(world.ctx, None, actor=person("ada"))
    links.enter(world.ctx, made.secret, "req", at_home=True)
    (one,) = json.loads(run(world, "session", "--json").stdout)
    assert (one["login"], one["how"], one["token"]) == ("ada", "link", None)
    assert one["id"] in run(world, "session").stdout
    assert run(world, "session", "-q").stdout.strip() == one["id"]
    assert run(world, "session", "--user", "bob", "--json").stdout.strip() == "[]"
    assert "ada is signed out" in run(world, "session", "end", one["id"]).stdout
    assert run(world, "session", "end", "ses-0123456789").exit_code == 3
    assert run(world, "session", "--json").stdout.strip() == "[]"


def test_an_admin_types_who_somebody_is_at_the_provider(world: World) -> None:
    run(world, "user", "add", "bob")
    refused = run(world, "user", "set", "bob", "--subject", "s-1")
    assert (refused.exit_code, "no identity provider is configured" in refused.output) == (2, True)
    parts = (OidcSettings(oidc_issuer="https://accounts.example.com", oidc_client_id="im"),)
    world.ctx = replace(world.ctx, settings=replace(world.ctx.settings, parts=parts))
    assert run(world, "user", "set", "bob", "--subject", "s-1").exit_code == 0
    assert "signs in as s-1" in run(world, "audit").stdout
    assert run(world, "user", "set", "bob", "--subject", "s-1", "--no-subject").exit_code == 2
    assert run(world, "user", "set", "bob", "--no-subject").exit_code == 0
