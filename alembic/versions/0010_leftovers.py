"""Surveys and leftovers: what of ours lies unused at a cloud, and what of it may go."""

from __future__ import annotations

import sqlalchemy as sa

from alembic import op

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None


def _moment(name: str, *, nullable: bool = True) -> sa.Column[object]:
    return sa.Column(name, sa.DateTime(timezone=True), nullable=nullable)


def upgrade() -> None:
    op.create_table(
        "surveys",
        sa.Column("scope_id", sa.Integer(), nullable=False),
        _moment("asked_at", nullable=False),
        _moment("answered_at"),
        sa.Column("error", sa.Text(), nullable=True),
        sa.ForeignKeyConstraint(["scope_id"], ["scopes.id"], name=op.f("fk_surveys_scope_id")),
        sa.PrimaryKeyConstraint("scope_id", name=op.f("pk_surveys")),
    )
    op.create_table(
        "leftovers",
        sa.Column("scope_id", sa.Integer(), nullable=False),
        sa.Column("provider_id", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("detail", sa.Text(), nullable=False),
        _moment("seen_at", nullable=False),
        _moment("condemned_at"),
        sa.Column("condemned_by", sa.Text(), nullable=True),
        _moment("gone_at"),
        sa.Column("error", sa.Text(), nullable=True),
        sa.ForeignKeyConstraint(["scope_id"], ["scopes.id"], name=op.f("fk_leftovers_scope_id")),
        sa.PrimaryKeyConstraint("scope_id", "provider_id", name=op.f("pk_leftovers")),
    )


def downgrade() -> None:
    op.drop_table("leftovers")
    op.drop_table("surveys")
