"""A webhook says how it stands: what came of the last message, and since when it takes none.

Workers of the version before leave the columns empty, and their webhooks look like ones that nothing was sent to.
"""

from __future__ import annotations

import sqlalchemy as sa

from alembic import op

revision = "0029"
down_revision = "0028"
branch_labels = None
depends_on = None

_COLUMNS = ("last_answered_at", "last_status", "last_error", "failing_since")


def upgrade() -> None:
    op.add_column("webhooks", sa.Column("last_answered_at", sa.DateTime(timezone=True), nullable=True))
    op.add_column("webhooks", sa.Column("last_status", sa.Integer, nullable=True))
    op.add_column("webhooks", sa.Column("last_error", sa.Text, nullable=True))
    op.add_column("webhooks", sa.Column("failing_since", sa.DateTime(timezone=True), nullable=True))


def downgrade() -> None:
    for name in _COLUMNS:
        op.drop_column("webhooks", name)
