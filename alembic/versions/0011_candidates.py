"""Which of its places a launch is tried at, and in which round."""

from __future__ import annotations

import sqlalchemy as sa

from alembic import op

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("launches", sa.Column("candidate", sa.Integer(), server_default="0", nullable=False))
    op.add_column("launches", sa.Column("round", sa.Integer(), server_default="0", nullable=False))
    op.add_column("instances", sa.Column("candidate", sa.Integer(), server_default="0", nullable=False))


def downgrade() -> None:
    op.drop_column("instances", "candidate")
    op.drop_column("launches", "round")
    op.drop_column("launches", "candidate")
