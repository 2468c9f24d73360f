"""Who somebody is by an identity provider's word, and what follows from it here.

The identity is issuer and subject. An address of mail changes hands and is typed by whoever administers a directory: it names a
new user, and says whether a domain is let in when the provider has verified it, and nothing else.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass

from im.domain.access import Role
from im.domain.config.oidc import NOBODY, OidcSettings, strings_at
from im.domain.errors import Denied, Refused
from im.domain.people.user import DISPLAY, check_login

_RANK = (Role.ADMIN, Role.MEMBER, Role.VIEWER)
_UNNAMED = re.compile(r"[^a-z0-9._@+-]+")


@dataclass(frozen=True, slots=True)
class Identity:
    issuer: str
    subject: str
    mail: str
    """Empty unless the provider says that it has verified it; in small letters."""
    display: str
    """Empty where it says nothing."""
    role: Role | None
    """By the configured claim; None where it is not there, or none is configured: nothing changes."""
    ranked: bool
    """The claim was there. With no `role` in it, its user is in none of the groups that have one."""
    teams: tuple[str, ...]


def identity_of(claims: Mapping[str, object], settings: OidcSettings) -> Identity:
    """From claims that were proved. Raises Denied for who is of no domain that is let in."""
    mail = str(claims.get("email") or "").strip().lower() if claims.get("email_verified") is True else ""
    if settings.oidc_domains and mail.rpartition("@")[2] not in settings.oidc_domains:
        told = "your mail address is of no domain that is let in here" if mail else "your mail address is not verified"
        raise Denied(told, f"this deployment takes {', '.join(settings.oidc_domains)}; IM_OIDC_DOMAINS is the setting")
    groups = strings_at(claims, settings.oidc_roles_claim) if settings.oidc_roles else None
    held = {role for role, group in settings.oidc_roles if groups is not None and group in groups}
    teams = strings_at(claims, settings.oidc_team_claim) if settings.oidc_team_claim else None
    return Identity(
        issuer=settings.oidc_issuer,
        subject=str(claims["sub"]),
        mail=mail,
        display=_display(claims),
        role=next((role for role in _RANK if role in held), None),
        ranked=groups is not None,
        teams=tuple(teams or ()),
    )


def first_role(identity: Identity, settings: OidcSettings) -> Role | None:
    """As what somebody begins; None: they do not, an admin adds them."""
    if identity.role is not None:
        return identity.role
    return None if settings.oidc_new_users == NOBODY else Role(settings.oidc_new_users)


def login_for(identity: Identity) -> str:
    """What a new user is called: by their mail address, or where there is none by a name that nobody else has."""
    for word in (identity.mail, _UNNAMED.sub("-", identity.mail).strip("-._@+")):
        try:
            return check_login(word)
        except Refused:
            continue
    return f"oidc-{hashlib.sha256(f'{identity.issuer} {identity.subject}'.encode()).hexdigest()[:12]}"


def _display(claims: Mapping[str, object]) -> str:
    name = str(claims.get("name") or claims.get("preferred_username") or "").strip()[:DISPLAY]
    return name if name.isprintable() else ""
