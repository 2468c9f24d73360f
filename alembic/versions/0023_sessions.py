"""Browsers that are signed in, and the one-use secrets by which a session begins.

Tables of their own: workers of the version before go on as they did.
"""

from __future__ import annotations

import sqlalchemy as sa

from alembic import op

revision = "0023"
down_revision = "0022"
branch_labels = None
depends_on = None


def _moment(name: str, *, nullable: bool = True) -> sa.Column[object]:
    return sa.Column(name, sa.DateTime(timezone=True), nullable=nullable)


def upgrade() -> None:
    op.create_table(
        "sessions",
        sa.Column("id", sa.Text, nullable=False),
        sa.Column("login", sa.Text, nullable=False),
        sa.Column("digest", sa.Text, nullable=False),
        sa.Column("how", sa.Text, nullable=False),
        sa.Column("token", sa.Text),
        sa.Column("local", sa.Boolean, nullable=False, server_default=sa.text("false")),
        _moment("made_at", nullable=False),
        _moment("seen_at", nullable=False),
        _moment("expires_at", nullable=False),
        _moment("revoked_at"),
        sa.PrimaryKeyConstraint("id", name="pk_sessions"),
        sa.UniqueConstraint("digest", name="uq_sessions_digest"),
        sa.CheckConstraint("how IN ('token', 'link', 'oidc')", name="how"),
        sa.CheckConstraint("how <> 'token' OR token IS NOT NULL", name="bound_to_its_token"),
    )
    op.create_index("ix_sessions_login", "sessions", ["login"])
    op.create_index("ix_sessions_expires", "sessions", ["expires_at"])
    op.create_table(
        "links",
        sa.Column("digest", sa.Text, nullable=False),
        sa.Column("login", sa.Text, nullable=False),
        sa.Column("token", sa.Text),
        sa.Column("local", sa.Boolean, nullable=False, server_default=sa.text("false")),
        _moment("expires_at", nullable=False),
        sa.PrimaryKeyConstraint("digest", name="pk_links"),
    )
    op.create_table(
        "sign_ins",
        sa.Column("digest", sa.Text, nullable=False),
        sa.Column("state", sa.Text, nullable=False),
        sa.Column("nonce", sa.Text, nullable=False),
        sa.Column("verifier", sa.Text, nullable=False),
        sa.Column("goes_to", sa.Text, nullable=False),
        _moment("expires_at", nullable=False),
        sa.PrimaryKeyConstraint("digest", name="pk_sign_ins"),
    )


def downgrade() -> None:
    for table in ("sign_ins", "links", "sessions"):
        op.drop_table(table)
