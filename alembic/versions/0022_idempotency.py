"""Keys of requests over HTTP, and an index for lists that are read page by page.

A table and an index of their own: workers of the version before go on as they did.
"""

from __future__ import annotations

import sqlalchemy as sa

from alembic import op

revision = "0022"
down_revision = "0021"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "idempotency",
        sa.Column("login", sa.Text, nullable=False),
        sa.Column("key", sa.Text, nullable=False),
        sa.Column("digest", sa.Text, nullable=False),
        sa.Column("request_id", sa.Text, nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("status", sa.Integer),
        sa.Column("answer", sa.Text),
        sa.PrimaryKeyConstraint("login", "key", name="pk_idempotency"),
    )
    op.create_index("ix_idempotency_at", "idempotency", ["at"])
    op.create_index(
        "ix_instances_pages", "instances", ["expires_at", "id"], postgresql_where=sa.text("closed_at IS NULL")
    )
    op.create_index("ix_events_request", "events", ["request_id"], postgresql_where=sa.text("request_id IS NOT NULL"))


def downgrade() -> None:
    op.drop_index("ix_events_request", table_name="events")
    op.drop_index("ix_instances_pages", table_name="instances")
    op.drop_table("idempotency")
