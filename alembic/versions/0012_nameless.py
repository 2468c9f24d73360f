"""Machines that were launched together and do not carry their names at the cloud yet."""

from __future__ import annotations

import sqlalchemy as sa

from alembic import op

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "nameless",
        sa.Column("instance_id", sa.Text(), nullable=False),
        sa.Column("due_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["instance_id"], ["instances.id"], name=op.f("fk_nameless_instance_id_instances")),
        sa.PrimaryKeyConstraint("instance_id", name=op.f("pk_nameless")),
    )


def downgrade() -> None:
    op.drop_table("nameless")
