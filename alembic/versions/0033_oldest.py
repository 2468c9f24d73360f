"""Which is the oldest version that may still work on this schema: a migration that takes anything away raises it.

0015 is the schema of version 0.1.0, which shares this one: what came since was added.
"""

from __future__ import annotations

import sqlalchemy as sa

from alembic import op

revision = "0033"
down_revision = "0032"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("deployment", sa.Column("oldest", sa.Text(), server_default="0015", nullable=False))


def downgrade() -> None:
    op.drop_column("deployment", "oldest")
