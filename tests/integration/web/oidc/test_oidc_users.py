"""Which user somebody is whom an identity provider has proved, with which role and team, and who is not let in."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from im.domain.access import Role
from im.domain.config.oidc import OidcSettings
from im.domain.errors import Denied, Refused
from im.domain.people.identity import identity_of
from im.domain.people.user import UserKind
from im.services.people import audit, identities, users
from tests.people import person
from tests.world import World

ISSUER = "https://accounts.example.com"
ROOT = person("root")
ADA: dict[str, Any] = {"sub": "s-1", "email": "ada@example.com", "email_verified": True, "name": "Ada L."}
GROUPS = {"oidc_roles": ((Role.ADMIN, "im-admins"), (Role.MEMBER, "eng"))}


@pytest.fixture(autouse=True)
def root(world: World) -> None:
    users.add(world.ctx, "root", role=Role.ADMIN, actor=ROOT)


def sign_in(world: World, claims: dict[str, Any], **settings: Any) -> users.User:
    own = OidcSettings(**{"oidc_issuer": ISSUER, "oidc_new_users": "member", **settings})
    ctx = replace(world.ctx, settings=replace(world.ctx.settings, parts=(own,)))
    made = identities.sign_in(ctx, identity_of(claims, own), "req")
    return called(world, made.session.login)


def called(world: World, login: str) -> users.User:
    return next(one for one in users.listed(world.ctx) if one.login == login)


def test_whoever_is_new_begins_with_the_configured_role_or_does_not_begin(world: World) -> None:
    with pytest.raises(Denied, match="you are no user here") as refused:
        sign_in(world, ADA, oidc_new_users="no")
    assert "im user set NAME --subject 's-1'" in refused.value.hint
    assert sign_in(world, ADA, oidc_new_users="viewer").role is Role.VIEWER
    assert sign_in(world, ADA, oidc_new_users="no").login == "ada@example.com", "who is there already comes in"


@pytest.mark.parametrize(
    "claims",
    [
        {"email": "ada@example.com.evil.example"},
        {"email": "ada@evilexample.com"},
        {"email": "ada@sub.example.com"},
        {"email": "ada@example.com", "email_verified": False},
        {"email": "ada@example.com", "email_verified": "true"},
        {"email": "ada@example.com", "email_verified": None},
        {"email": "ada@evil.example, x@example.com@evil.example"},
        {"email": None},
        {"email": ["ada@example.com"]},
    ],
)
def test_a_domain_is_let_in_by_its_exact_name_and_a_verified_address_alone(
    world: World, claims: dict[str, Any]
) -> None:
    with pytest.raises(Denied, match=r"no domain that is let in|not verified"):
        sign_in(world, {**ADA, **claims}, oidc_domains=("example.com",))
    assert sign_in(world, ADA, oidc_domains=("example.org", "example.com")).login == "ada@example.com"


def test_an_address_that_is_not_verified_names_nobody(world: World) -> None:
    users.add(world.ctx, "ada@example.com", role=Role.ADMIN, actor=ROOT)
    made = sign_in(world, {**ADA, "email_verified": False})
    assert made.login.startswith("oidc-")
    assert made.role is Role.MEMBER


def test_a_name_that_is_taken_is_not_taken_over(world: World) -> None:
    users.add(world.ctx, "ada@example.com", role=Role.ADMIN, actor=ROOT)
    with pytest.raises(Denied, match=r"there is another user called ada@example\.com"):
        sign_in(world, ADA)
    assert called(world, "ada@example.com").subject is None


def test_an_admin_says_who_somebody_is(world: World) -> None:
    users.add(world.ctx, "ada", actor=ROOT)
    own = replace(world.ctx.settings, parts=(OidcSettings(oidc_issuer=ISSUER),))
    ctx = replace(world.ctx, settings=own)
    users.change(ctx, "ada", subject="s-1", actor=ROOT)
    assert sign_in(world, ADA, oidc_new_users="no").login == "ada"
    with pytest.raises(Refused, match="that subject is ada"):
        users.change(ctx, "root", subject="s-1", actor=ROOT)
    users.change(ctx, "ada", subject="", actor=ROOT)
    with pytest.raises(Denied):
        sign_in(world, ADA, oidc_new_users="no")
    with pytest.raises(Refused, match="no identity provider"):
        users.change(world.ctx, "ada", subject="s-1", actor=ROOT)


def test_the_same_subject_at_another_issuer_is_somebody_else(world: World) -> None:
    assert sign_in(world, ADA).login == "ada@example.com"
    with pytest.raises(Denied, match="another user called"):
        sign_in(world, ADA, oidc_issuer="https://other.example.com")


def test_roles_come_from_the_claim_at_each_sign_in_the_highest_counts(world: World) -> None:
    assert sign_in(world, {**ADA, "groups": ["eng", "im-admins"]}, **GROUPS).role is Role.ADMIN
    assert sign_in(world, {**ADA, "groups": ["eng"]}, **GROUPS).role is Role.MEMBER
    assert sign_in(world, {**ADA, "groups": []}, **GROUPS, oidc_new_users="viewer").role is Role.VIEWER
    with pytest.raises(Denied, match="in no group"):
        sign_in(world, {**ADA, "groups": ["other"]}, **GROUPS, oidc_new_users="no")
    deep = {**ADA, "realm_access": {"roles": ["eng"]}}
    assert sign_in(world, deep, **GROUPS, oidc_roles_claim="realm_access.roles").role is Role.MEMBER


def test_a_claim_that_is_missing_changes_nothing(world: World) -> None:
    sign_in(world, {**ADA, "groups": ["im-admins"]}, **GROUPS)
    assert sign_in(world, ADA, **GROUPS).role is Role.ADMIN
    users.change(world.ctx, "ada@example.com", role=Role.VIEWER, actor=ROOT)
    assert sign_in(world, ADA, **GROUPS).role is Role.VIEWER
    assert sign_in(world, {**ADA, "groups": ["im-admins"]}).role is Role.VIEWER, "no claim is asked for"


def test_the_last_admin_is_not_demoted_by_a_claim(world: World) -> None:
    sign_in(world, {**ADA, "groups": ["im-admins"]}, **GROUPS)
    users.change(world.ctx, "root", disabled=True, actor=ROOT)
    assert sign_in(world, {**ADA, "groups": ["eng"]}, **GROUPS).role is Role.ADMIN
    users.change(world.ctx, "root", disabled=False, actor=ROOT)
    assert sign_in(world, {**ADA, "groups": ["eng"]}, **GROUPS).role is Role.MEMBER


def test_a_team_is_taken_from_the_claim_if_there_is_such_a_team(world: World) -> None:
    users.add(world.ctx, "ml", kind=UserKind.TEAM, actor=ROOT)
    assert sign_in(world, {**ADA, "dept": "ml"}).team is None, "no claim is asked for"
    assert sign_in(world, {**ADA, "dept": ["unknown", "root", "ml"]}, oidc_team_claim="dept").team == "ml"
    assert sign_in(world, {**ADA, "dept": "unknown"}, oidc_team_claim="dept").team == "ml"
    assert sign_in(world, ADA, oidc_team_claim="dept").team == "ml"


def test_what_the_claims_changed_is_in_the_audit(world: World) -> None:
    sign_in(world, {**ADA, "groups": ["eng"]}, **GROUPS)
    sign_in(world, {**ADA, "groups": ["im-admins"]}, **GROUPS)
    told = [(one.verb, one.actor) for one in audit.listed(world.ctx, 10)]
    assert ("user added", "ada@example.com") in told
    assert ("user changed", "ada@example.com") in told
    assert told.count(("signed in", "ada@example.com")) == 2
