"""What may be spent in a month, by one owner or by everybody."""

from __future__ import annotations

import sqlalchemy as sa

from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "budgets",
        sa.Column("owner", sa.Text(), nullable=False),
        sa.Column("usd_per_month", sa.Numeric(), nullable=False),
        sa.Column("set_by", sa.Text(), nullable=False),
        sa.Column("set_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("usd_per_month >= 0", name=op.f("ck_budgets_not_negative")),
        sa.PrimaryKeyConstraint("owner", name=op.f("pk_budgets")),
    )


def downgrade() -> None:
    op.drop_table("budgets")
