"""Machines that give way to snapshots of themselves.

A machine that is to be shelved is one to be stopped in the eyes of workers of the version before: they stop it, and leave the rest.
"""

from __future__ import annotations

import sqlalchemy as sa

from alembic import op

revision = "0027"
down_revision = "0026"
branch_labels = None
depends_on = None

_MADE = "made IN ('wanted', 'asked', 'complete', 'kept', 'spent', 'failed', 'gone')"


def upgrade() -> None:
    op.add_column("instances", sa.Column("shelves", sa.Boolean, nullable=False, server_default=sa.text("false")))
    op.add_column("instances", sa.Column("shelve_generation", sa.Integer, nullable=False, server_default="0"))
    op.add_column("instances", sa.Column("shelf", sa.Text, nullable=False, server_default=""))
    op.create_table(
        "snapshots",
        sa.Column("instance_id", sa.Text, nullable=False),
        sa.Column("generation", sa.Integer, nullable=False),
        sa.Column("scope_id", sa.Integer, nullable=False),
        sa.Column("machine", sa.Text, nullable=False),
        sa.Column("made", sa.Text, nullable=False),
        sa.Column("provider_id", sa.Text),
        sa.Column("gb", sa.Numeric),
        sa.Column("asked_at", sa.DateTime(timezone=True)),
        sa.Column("began_at", sa.DateTime(timezone=True)),
        sa.Column("gone_at", sa.DateTime(timezone=True)),
        sa.Column("left_at", sa.DateTime(timezone=True)),
        sa.Column("tries", sa.Integer, nullable=False, server_default="0"),
        sa.Column("attempts", sa.Integer, nullable=False, server_default="0"),
        sa.Column("next_attempt_at", sa.DateTime(timezone=True)),
        sa.Column("lease_token", sa.Text),
        sa.Column("lease_until", sa.DateTime(timezone=True)),
        sa.PrimaryKeyConstraint("instance_id", "generation", name="pk_snapshots"),
        sa.ForeignKeyConstraint(["instance_id"], ["instances.id"], name="fk_snapshots_instance_id"),
        sa.ForeignKeyConstraint(["scope_id"], ["scopes.id"], name="fk_snapshots_scope_id"),
        sa.CheckConstraint(_MADE, name=op.f("ck_snapshots_made")),
    )
    op.create_index("ix_snapshots_open", "snapshots", ["scope_id"], postgresql_where=sa.text("made <> 'gone'"))
    op.create_index("ix_snapshots_machine", "snapshots", ["scope_id", "machine"])
    op.create_index(
        "ix_instances_to_shelve",
        "instances",
        ["scope_id"],
        postgresql_where=sa.text("closed_at IS NULL AND desired = 'stopped' AND shelve_generation = generation"),
    )


def downgrade() -> None:
    op.drop_index("ix_instances_to_shelve", "instances")
    op.drop_table("snapshots")
    for column in ("shelf", "shelve_generation", "shelves"):
        op.drop_column("instances", column)
