"""Holds on enforcement, the clock skew of each scope, and the fleet's shared rate limits."""

from __future__ import annotations

import sqlalchemy as sa

from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "holds",
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("since", sa.DateTime(timezone=True), nullable=False),
        sa.Column("until", sa.DateTime(timezone=True), nullable=False),
        sa.Column("by", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("kind", name=op.f("pk_holds")),
    )
    op.create_table(
        "rates",
        sa.Column("scope_id", sa.Integer(), nullable=False),
        sa.Column("verb", sa.Text(), nullable=False),
        sa.Column("tokens", sa.Float(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["scope_id"], ["scopes.id"], name=op.f("fk_rates_scope_id")),
        sa.PrimaryKeyConstraint("scope_id", "verb", name=op.f("pk_rates")),
    )
    op.add_column("scopes", sa.Column("clock_skew", sa.Float(), nullable=True))


def downgrade() -> None:
    op.drop_column("scopes", "clock_skew")
    op.drop_table("rates")
    op.drop_table("holds")
