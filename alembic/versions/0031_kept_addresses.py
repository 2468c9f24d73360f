"""Addresses that are kept beside a snapshot for the machine that comes back.

A worker of the version before knows none: a machine that it shelves goes with its address.
"""

from __future__ import annotations

import sqlalchemy as sa

from alembic import op

revision = "0031"
down_revision = "0030"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("snapshots", sa.Column("address_id", sa.Text))
    op.add_column("snapshots", sa.Column("address", sa.Text))
    op.add_column("snapshots", sa.Column("address_gone_at", sa.DateTime(timezone=True)))


def downgrade() -> None:
    for column in ("address_gone_at", "address", "address_id"):
        op.drop_column("snapshots", column)
