"""An identity provider by which people sign in on the page: who it is, whom of it we let in, and as what."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

from im.domain.access import Role
from im.domain.errors import Refused
from im.setting import setting, through

_DOMAIN = re.compile(r"[a-z0-9]([a-z0-9-]*[a-z0-9])?(\.[a-z0-9]([a-z0-9-]*[a-z0-9])?)+", re.ASCII)
NOBODY = "no"


@dataclass(frozen=True, slots=True)
class OidcSettings:
    oidc_issuer: str = setting(
        "IM_OIDC_ISSUER",
        "",
        "identity provider (OpenID Connect) for signing in on the page, as `https://accounts.example.com`",
        parse=lambda env, text: _issuer(env, str(text)),
    )
    oidc_client_id: str = setting("IM_OIDC_CLIENT_ID", "", "what the provider calls us")
    oidc_client_secret: str = setting(
        "IM_OIDC_CLIENT_SECRET", "", "our secret there; empty for a client without one", secret=True
    )
    oidc_name: str = setting("IM_OIDC_NAME", "single sign-on", "what the button says: Sign in with …")
    oidc_scopes: str = setting("IM_OIDC_SCOPES", "openid email profile", "what the provider is asked to tell")
    oidc_domains: tuple[str, ...] = setting(
        "IM_OIDC_DOMAINS",
        (),
        "whose verified mail addresses may sign in, as `example.com, example.org`, each exactly; empty: everybody's there",
        parse=through(lambda text: _domains(str(text))),
    )
    oidc_new_users: str = setting(
        "IM_OIDC_NEW_USERS",
        NOBODY,
        "the role of somebody who signs in for the first time: viewer, member, admin; or no, and an admin adds them",
        parse=lambda env, text: _role_or_no(env, str(text)),
    )
    oidc_roles_claim: str = setting("IM_OIDC_ROLES_CLAIM", "groups", "the claim that `IM_OIDC_ROLES` looks into")
    oidc_roles: tuple[tuple[Role, str], ...] = setting(
        "IM_OIDC_ROLES",
        (),
        "roles by that claim at each sign-in, as `admin=im-admins, member=engineering`; without it roles are im's own",
        parse=through(lambda text: _roles(str(text))),
    )
    oidc_team_claim: str = setting(
        "IM_OIDC_TEAM_CLAIM", "", "the claim that names somebody's team at each sign-in; without it teams are im's own"
    )


def _issuer(env: str, text: str) -> str:
    from im.address import LOOPBACK, Unreadable, read

    hint = "write the issuer as its provider's own discovery document has it, like https://accounts.example.com"
    try:
        address = read(text)
    except Unreadable:
        raise Refused(f"{env} is no address", hint) from None
    if address.scheme != "https" and not (address.scheme == "http" and address.host in LOOPBACK):
        raise Refused(f"{env} has no TLS, so anybody on the way could say who is who", hint)
    if address.query or address.user:
        raise Refused(f"{env} is no issuer", hint)
    return text.strip()


def _domains(text: str) -> tuple[str, ...]:
    domains = tuple(one.strip().lower().removeprefix("@") for one in text.split(",") if one.strip())
    for one in domains:
        if not _DOMAIN.fullmatch(one):
            raise Refused(f"IM_OIDC_DOMAINS: '{one[:60]}' is no domain", "write them like example.com, example.org")
    return domains


def _role_or_no(env: str, text: str) -> str:
    known = [*(role.value for role in Role), NOBODY]
    if text not in known:
        raise Refused(f"{env}={text[:40]} is no role", f"use {', '.join(known[:-1])} or {NOBODY}")
    return text


def _roles(text: str) -> tuple[tuple[Role, str], ...]:
    hint = "write them like admin=im-admins, member=engineering"
    found = []
    for one in (part.strip() for part in text.split(",") if part.strip()):
        role, equals, value = one.partition("=")
        if not equals or role.strip() not in {known.value for known in Role} or not value.strip():
            raise Refused(f"IM_OIDC_ROLES: '{one[:60]}' gives nobody a role", hint)
        found.append((Role(role.strip()), value.strip()))
    return tuple(found)


def strings_at(claims: Mapping[str, object], name: str) -> list[str] | None:
    """The words of a claim, which may lie in others (`realm_access.roles`); None where there is no such claim."""
    found: object = claims.get(name)
    if found is None:
        found = claims
        for part in name.split("."):
            found = found.get(part) if isinstance(found, Mapping) else None
    if isinstance(found, str):
        return [found]
    if isinstance(found, list):
        return [one for one in found if isinstance(one, str)]
    return None
