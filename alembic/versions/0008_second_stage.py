"""What its TTL has stopped may be terminated after a while; and machines may be protected against that, and against everybody."""

from __future__ import annotations

import sqlalchemy as sa

from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("instances", sa.Column("keep_stopped", sa.Integer(), nullable=True))
    op.add_column("instances", sa.Column("ends_at", sa.DateTime(timezone=True), nullable=True))
    op.add_column("instances", sa.Column("protected", sa.Boolean(), server_default=sa.text("false"), nullable=False))
    op.add_column(
        "instances", sa.Column("protected_at_cloud", sa.Boolean(), server_default=sa.text("false"), nullable=True)
    )
    op.add_column("instances", sa.Column("protection_try_at", sa.DateTime(timezone=True), nullable=True))
    op.create_check_constraint(op.f("ck_instances_keep_stopped_positive"), "instances", "keep_stopped > 0")
    op.create_index(
        "ix_instances_second_stage",
        "instances",
        ["expires_at"],
        postgresql_where=sa.text("closed_at IS NULL AND desired = 'stopped' AND keep_stopped IS NOT NULL"),
    )
    op.create_index(
        "ix_instances_protection",
        "instances",
        ["scope_id"],
        postgresql_where=sa.text("closed_at IS NULL AND protected IS DISTINCT FROM protected_at_cloud"),
    )


def downgrade() -> None:
    op.drop_index("ix_instances_protection", "instances")
    op.drop_index("ix_instances_second_stage", "instances")
    op.drop_constraint(op.f("ck_instances_keep_stopped_positive"), "instances")
    for column in ("protection_try_at", "protected_at_cloud", "protected", "ends_at", "keep_stopped"):
        op.drop_column("instances", column)
