"""Big scopes are looked at zone by zone: how the last look at each of them went.

Only a new table: a worker of the version before looks at whole scopes, and knows nothing of it.
"""

from __future__ import annotations

import sqlalchemy as sa

from alembic import op

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "shards",
        sa.Column("scope_id", sa.Integer(), nullable=False),
        sa.Column("zone", sa.Text(), nullable=False),
        sa.Column("refreshed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("error_code", sa.Text(), nullable=True),
        sa.Column("error", sa.Text(), nullable=True),
        sa.ForeignKeyConstraint(["scope_id"], ["scopes.id"], name=op.f("fk_shards_scope_id")),
        sa.PrimaryKeyConstraint("scope_id", "zone", name=op.f("pk_shards")),
    )


def downgrade() -> None:
    op.drop_table("shards")
