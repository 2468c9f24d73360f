"""Workers that a cloud does not know are written down, for `im doctor` to name them."""

from __future__ import annotations

import sqlalchemy as sa

from alembic import op

revision = "0016"
down_revision = "0015"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "refusals",
        sa.Column("worker", sa.Text, nullable=False),
        sa.Column("scope_id", sa.Integer, nullable=False),
        sa.Column("since", sa.DateTime(timezone=True), nullable=False),
        sa.Column("last_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("code", sa.Text, nullable=False),
        sa.Column("error", sa.Text, nullable=False),
        sa.PrimaryKeyConstraint("worker", "scope_id", name="pk_refusals"),
        sa.ForeignKeyConstraint(["scope_id"], ["scopes.id"], name="fk_refusals_scope_id"),
    )


def downgrade() -> None:
    op.drop_table("refusals")
