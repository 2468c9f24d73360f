"""The tables of browsers that are signed in, and of those that are about to be."""

from __future__ import annotations

from sqlalchemy import Boolean, CheckConstraint, Column, Index, Table, Text, UniqueConstraint, text

from im.db.schema.core import metadata, moment

sessions = Table(
    "sessions",
    metadata,
    Column("id", Text, primary_key=True),
    # without a foreign key, as a token's: who is an admin of a deployment without users is none
    Column("login", Text, nullable=False),
    # SHA-256 of what the browser holds
    Column("digest", Text, nullable=False),
    Column("how", Text, nullable=False),
    # the id of the token that it is bound to
    Column("token", Text),
    Column("local", Boolean, nullable=False, server_default=text("false")),
    moment("made_at", nullable=False),
    moment("seen_at", nullable=False),
    moment("expires_at", nullable=False),
    moment("revoked_at"),
    UniqueConstraint("digest", name="uq_sessions_digest"),
    CheckConstraint("how IN ('token', 'link', 'oidc')", name="how"),
    CheckConstraint("how <> 'token' OR token IS NOT NULL", name="bound_to_its_token"),
    Index("ix_sessions_login", "login"),
    Index("ix_sessions_expires", "expires_at"),
)

links = Table(
    "links",
    metadata,
    # SHA-256 of the secret in it; the row goes when it is used
    Column("digest", Text, primary_key=True),
    Column("login", Text, nullable=False),
    Column("token", Text),
    Column("local", Boolean, nullable=False, server_default=text("false")),
    moment("expires_at", nullable=False),
)

sign_ins = Table(
    "sign_ins",
    metadata,
    # sign-ins that an identity provider is asked about: SHA-256 of what the browser holds meanwhile
    Column("digest", Text, primary_key=True),
    Column("state", Text, nullable=False),
    Column("nonce", Text, nullable=False),
    # of PKCE
    Column("verifier", Text, nullable=False),
    # the path that is asked for once it is done
    Column("goes_to", Text, nullable=False),
    moment("expires_at", nullable=False),
)
