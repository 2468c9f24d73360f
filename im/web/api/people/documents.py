"""The shapes of answers about people: see `im.web.api.documents`."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from im.web.api.documents import Document, Usd


class UserDocument(Document):
    login: str
    kind: Literal["person", "service", "team"]
    role: Literal["viewer", "member", "admin"] | None
    team: str | None
    display: str
    disabled_at: str | None
    made_at: str
    made_by: str


class UsersDocument(Document):
    items: list[UserDocument]


class TokenDocument(Document):
    id: str
    login: str
    name: str
    shown: str
    grants: list[str]
    made_at: str
    made_by: str
    expires_at: str
    last_used_at: str | None
    revoked_at: str | None
    break_glass: bool


class TokensDocument(Document):
    items: list[TokenDocument]


class MadeTokenDocument(TokenDocument):
    secret: str = Field(description="Shown this once.")


class SessionDocument(Document):
    id: str
    login: str
    how: Literal["token", "link", "oidc"]
    token: str | None
    made_at: str
    seen_at: str
    expires_at: str


class SessionsDocument(Document):
    items: list[SessionDocument]


class LinkDocument(Document):
    url: str = Field(description="Told this once. Opened in a browser, it asks whether to sign in.")
    login: str
    expires_at: str


class ViewDocument(Document):
    name: str
    q: str = Field(description="A filter, as a list takes it.")
    base: Literal["mine", "soon", "overdue", "failed"] | None
    all: bool
    columns: list[str]
    saved_at: str
    wrong: str | None = Field(description="Why it can no longer be read; null where it can.")


class ViewsDocument(Document):
    items: list[ViewDocument]


class QuotaDocument(Document):
    of: Literal["user", "team", "role"]
    name: str
    live: int | None
    usd_per_hour: Usd | None
    longest_ttl_seconds: int | None
    longest_life_seconds: int | None
    types: list[str]
    live_taken: int | None
    usd_per_hour_taken: Usd | None


class QuotasDocument(Document):
    items: list[QuotaDocument]


class AuditEntry(Document):
    at: str
    actor: str
    channel: str
    request_id: str | None
    token: str | None
    verb: str
    subject: str
    detail: str


class AuditDocument(Document):
    items: list[AuditEntry]
