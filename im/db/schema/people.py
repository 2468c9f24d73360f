"""The tables of people: users, their tokens, what they may have, and what was done that concerns no instance."""

from __future__ import annotations

from sqlalchemy import (
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    ForeignKey,
    Identity,
    Index,
    Integer,
    Numeric,
    Table,
    Text,
    UniqueConstraint,
    text,
)
from sqlalchemy.dialects.postgresql import ARRAY

from im.db.schema.core import events, instances, metadata, moment

users = Table(
    "users",
    metadata,
    # of people, services and teams alike, so that an owner's name is one of them
    Column("login", Text, primary_key=True),
    Column("kind", Text, nullable=False),
    Column("role", Text, nullable=False),
    Column("team", Text, ForeignKey("users.login")),
    Column("display", Text, nullable=False),
    moment("made_at", nullable=False),
    Column("made_by", Text, nullable=False),
    moment("disabled_at"),
    Column("issuer", Text),
    Column("subject", Text),
    CheckConstraint("kind IN ('person', 'service', 'team')", name="kind"),
    CheckConstraint("role IN ('viewer', 'member', 'admin')", name="role"),
    CheckConstraint("kind <> 'team' OR (team IS NULL AND issuer IS NULL)", name="a_team_is_in_none"),
    CheckConstraint("(issuer IS NULL) = (subject IS NULL)", name="identity_is_whole"),
    UniqueConstraint("issuer", "subject", name="uq_users_identity"),
    Index("ix_users_team", "team"),
)

tokens = Table(
    "tokens",
    metadata,
    Column("id", Text, primary_key=True),
    # without a foreign key: who made one by breaking the glass need not be a user, and history outlives users
    Column("login", Text, nullable=False),
    Column("name", Text, nullable=False),
    Column("shown", Text, nullable=False),
    # SHA-256 of the secret, which is kept nowhere
    Column("digest", Text, nullable=False),
    Column("grants", ARRAY(Text), nullable=False),
    moment("made_at", nullable=False),
    Column("made_by", Text, nullable=False),
    moment("expires_at", nullable=False),
    moment("last_used_at"),
    moment("revoked_at"),
    Column("break_glass", Boolean, nullable=False, server_default=text("false")),
    UniqueConstraint("digest", name="uq_tokens_digest"),
    Index("ix_tokens_login", "login"),
)

quotas = Table(
    "quotas",
    metadata,
    # a user, a team or a role, and its name
    Column("of", Text, primary_key=True),
    Column("name", Text, primary_key=True),
    Column("live", Integer),
    Column("usd_per_hour", Numeric),
    # seconds
    Column("longest_ttl", Integer),
    Column("longest_life", Integer),
    Column("types", ARRAY(Text), nullable=False, server_default="{}"),
    Column("set_by", Text, nullable=False),
    moment("set_at", nullable=False),
    CheckConstraint("of IN ('user', 'team', 'role')", name="of"),
    CheckConstraint("live >= 0", name="live_not_negative"),
    CheckConstraint("usd_per_hour >= 0", name="usd_not_negative"),
    CheckConstraint("longest_ttl > 0", name="longest_ttl_positive"),
    CheckConstraint("longest_life > 0", name="longest_life_positive"),
)

audit = Table(
    "audit",
    metadata,
    Column("id", BigInteger, Identity(always=True), primary_key=True),
    moment("at", nullable=False),
    Column("actor", Text, nullable=False),
    Column("channel", Text, nullable=False),
    Column("request_id", Text, nullable=False),
    # the token by which it was asked; empty for none
    Column("token", Text, nullable=False),
    Column("verb", Text, nullable=False),
    # whom or what it was done to
    Column("subject", Text, nullable=False),
    Column("detail", Text, nullable=False),
    Index("ix_audit_subject", "subject"),
)

idempotency = Table(
    "idempotency",
    metadata,
    # whose key it is: keys of two users have nothing to do with each other
    Column("login", Text, primary_key=True),
    Column("key", Text, primary_key=True),
    # SHA-256 of method, path and body
    Column("digest", Text, nullable=False),
    # of the request that it belongs to, as the history has it
    Column("request_id", Text, nullable=False),
    moment("at", nullable=False),
    # what was answered, once it was
    Column("status", Integer),
    Column("answer", Text),
    Index("ix_idempotency_at", "at"),
)

views = Table(
    "views",
    metadata,
    # whose it is; without a foreign key, as a token's. It goes with its user, so that nobody inherits it with the login
    Column("login", Text, primary_key=True),
    Column("name", Text, primary_key=True),
    # filters as they are typed
    Column("q", Text, nullable=False),
    # the view it narrows, of those that are always there
    Column("base", Text),
    Column("everything", Boolean, nullable=False),
    Column("columns", ARRAY(Text), nullable=False),
    moment("saved_at", nullable=False),
    CheckConstraint("base IN ('mine', 'soon', 'overdue', 'failed')", name="base"),
    CheckConstraint("cardinality(columns) <= 40", name="columns"),
)

# lists over HTTP are read page by page, and a request's changes are found again by its id
Index("ix_instances_pages", instances.c.expires_at, instances.c.id, postgresql_where=text("closed_at IS NULL"))
Index("ix_events_request", events.c.request_id, postgresql_where=text("request_id IS NOT NULL"))
