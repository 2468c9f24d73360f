"""Each line of the history keeps by which channel it came, and the request that it came of.

Both may be null: workers of the version before write neither, and nobody knows them of what is old.
"""

from __future__ import annotations

import sqlalchemy as sa

from alembic import op

revision = "0020"
down_revision = "0019"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("events", sa.Column("channel", sa.Text))
    op.add_column("events", sa.Column("request_id", sa.Text))


def downgrade() -> None:
    op.drop_column("events", "request_id")
    op.drop_column("events", "channel")
