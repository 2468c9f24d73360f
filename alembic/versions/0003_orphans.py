"""Machines of ours that no row has, and closed rows that may share their machine with a living one."""

from __future__ import annotations

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql

from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

_STATES = "'none', 'pending', 'running', 'stopping', 'stopped', 'terminating', 'terminated', 'missing'"


def upgrade() -> None:
    op.create_table(
        "orphans",
        sa.Column("scope_id", sa.Integer(), nullable=False),
        sa.Column("provider_id", sa.Text(), nullable=False),
        sa.Column("first_seen_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("last_seen_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("zone", sa.Text(), server_default="", nullable=False),
        sa.Column("instance_type", sa.Text(), server_default="", nullable=False),
        sa.Column("image", sa.Text(), server_default="", nullable=False),
        sa.Column("public_ip", sa.Text(), nullable=True),
        sa.Column("private_ip", sa.Text(), nullable=True),
        sa.Column("launched_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("tags", postgresql.JSONB(astext_type=sa.Text()), server_default="{}", nullable=False),
        sa.Column("launch_token", sa.Text(), nullable=True),
        sa.Column("because", sa.Text(), nullable=False),
        sa.Column("closed_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint(f"state IN ({_STATES})", name=op.f("ck_orphans_state")),
        sa.ForeignKeyConstraint(["scope_id"], ["scopes.id"], name=op.f("fk_orphans_scope_id")),
        sa.PrimaryKeyConstraint("scope_id", "provider_id", name=op.f("pk_orphans")),
    )
    op.create_index(
        "ix_orphans_open", "orphans", ["scope_id"], unique=False, postgresql_where=sa.text("closed_at IS NULL")
    )
    # the rule is loosened, not dropped: nothing that an older worker writes is refused by the new one
    op.create_index("ix_instances_machine", "instances", ["scope_id", "provider_id"], unique=False)
    op.create_index(
        "uq_instances_living_machine",
        "instances",
        ["scope_id", "provider_id"],
        unique=True,
        postgresql_where=sa.text("closed_at IS NULL"),
    )
    op.drop_index("uq_instances_machine", table_name="instances")


def downgrade() -> None:
    # the older rule knows one row for each machine, closed ones counted: the newest keeps it
    op.execute(
        "UPDATE instances SET provider_id = NULL FROM instances newer WHERE instances.closed_at IS NOT NULL"
        " AND newer.scope_id = instances.scope_id AND newer.provider_id = instances.provider_id"
        " AND (newer.created_at, newer.id) > (instances.created_at, instances.id)"
    )
    op.create_index("uq_instances_machine", "instances", ["scope_id", "provider_id"], unique=True)
    op.drop_index("uq_instances_living_machine", table_name="instances", postgresql_where=sa.text("closed_at IS NULL"))
    op.drop_index("ix_instances_machine", table_name="instances")
    op.drop_index("ix_orphans_open", table_name="orphans", postgresql_where=sa.text("closed_at IS NULL"))
    op.drop_table("orphans")
