"""How far ahead the cloud takes the moment of a guard.

What workers of the version before write has none, and they set guards only where any moment is taken.
"""

from __future__ import annotations

import sqlalchemy as sa

from alembic import op

revision = "0030"
down_revision = "0029"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("guards", sa.Column("ahead", sa.Integer(), nullable=True))


def downgrade() -> None:
    op.drop_column("guards", "ahead")
