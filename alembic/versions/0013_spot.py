"""Spot: the cloud's request behind a machine, whether it is over, and when the cloud took the machine back."""

from __future__ import annotations

import sqlalchemy as sa

from alembic import op

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None

_OPEN = "closed_at IS NOT NULL AND spot_request IS NOT NULL AND NOT spot_over"
_TAKEN = "closed_at IS NOT NULL AND interrupted_at IS NOT NULL AND replaced_by IS NULL"


def upgrade() -> None:
    op.add_column("instances", sa.Column("spot_request", sa.Text(), nullable=True))
    op.add_column("instances", sa.Column("spot_over", sa.Boolean(), server_default=sa.text("false"), nullable=False))
    op.add_column("instances", sa.Column("spot_try_at", sa.DateTime(timezone=True), nullable=True))
    op.add_column("instances", sa.Column("interrupted_at", sa.DateTime(timezone=True), nullable=True))
    op.add_column("instances", sa.Column("replaced_by", sa.Text(), nullable=True))
    op.create_index("ix_instances_spot_open", "instances", ["scope_id"], postgresql_where=sa.text(_OPEN))
    op.create_index("ix_instances_taken_back", "instances", ["closed_at"], postgresql_where=sa.text(_TAKEN))


def downgrade() -> None:
    op.drop_index("ix_instances_taken_back", "instances")
    op.drop_index("ix_instances_spot_open", "instances")
    for column in ("replaced_by", "interrupted_at", "spot_try_at", "spot_over", "spot_request"):
        op.drop_column("instances", column)
