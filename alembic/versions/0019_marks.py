"""A copy of the whole server, its identity with it, is told from the original by a mark at the cloud that whoever acts moves.

A table of its own, which workers of the version before neither read nor write: they go on as they did.
"""

from __future__ import annotations

import sqlalchemy as sa

from alembic import op

revision = "0019"
down_revision = "0018"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "marks",
        sa.Column("scope_id", sa.Integer, nullable=False),
        sa.Column("place", sa.Text),
        sa.Column("started", sa.DateTime(timezone=True)),
        sa.Column("mark", sa.Text),
        sa.Column("before", sa.Text),
        sa.Column("machine", sa.Text),
        sa.Column("error", sa.Text),
        sa.Column("watcher", sa.DateTime(timezone=True)),
        sa.Column("watch_since", sa.DateTime(timezone=True)),
        sa.Column("watch_looked_at", sa.DateTime(timezone=True)),
        sa.Column("watch_seen", sa.Text),
        sa.Column("watch_moves", sa.Integer),
        sa.Column("held_since", sa.DateTime(timezone=True)),
        sa.Column("rival_at", sa.DateTime(timezone=True)),
        sa.PrimaryKeyConstraint("scope_id", name="pk_marks"),
        sa.ForeignKeyConstraint(["scope_id"], ["scopes.id"], name="fk_marks_scope_id"),
    )


def downgrade() -> None:
    op.drop_table("marks")
