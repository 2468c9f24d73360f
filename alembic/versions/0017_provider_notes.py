"""What a cloud's provider wants to be told again of a machine, in one column that nobody else reads."""

from __future__ import annotations

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import JSONB

from alembic import op

revision = "0017"
down_revision = "0016"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("instances", sa.Column("provider_notes", JSONB, nullable=False, server_default="{}"))


def downgrade() -> None:
    op.drop_column("instances", "provider_notes")
