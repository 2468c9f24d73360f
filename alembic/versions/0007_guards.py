"""Guards: stops that the cloud carries out by itself after a deadline."""

from __future__ import annotations

import sqlalchemy as sa

from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None


def _moment(name: str) -> sa.Column[object]:
    return sa.Column(name, sa.DateTime(timezone=True), nullable=True)


def upgrade() -> None:
    op.create_table(
        "guards",
        sa.Column("instance_id", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("grace", sa.Integer(), nullable=False),
        _moment("told_at"),
        _moment("asked_at"),
        sa.Column("attempts", sa.Integer(), server_default="0", nullable=False),
        _moment("next_attempt_at"),
        sa.Column("lease_token", sa.Text(), nullable=True),
        _moment("lease_until"),
        sa.Column("error_code", sa.Text(), nullable=True),
        sa.Column("error", sa.Text(), nullable=True),
        sa.CheckConstraint("kind IN ('none', 'scheduler')", name=op.f("ck_guards_kind")),
        sa.ForeignKeyConstraint(["instance_id"], ["instances.id"], name=op.f("fk_guards_instance_id")),
        sa.PrimaryKeyConstraint("instance_id", name=op.f("pk_guards")),
    )


def downgrade() -> None:
    op.drop_table("guards")
