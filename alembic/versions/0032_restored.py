"""By what a restored backup is told from the database that it was made of.

A worker of the version before knows neither: it holds where a newer one has found it out by the mark, and acts after a dump
that was restored into its own server.
"""

from __future__ import annotations

import sqlalchemy as sa

from alembic import op

revision = "0032"
down_revision = "0031"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("deployment", sa.Column("birth", sa.Text(), nullable=True))
    op.add_column("marks", sa.Column("restored", sa.Boolean(), server_default=sa.false(), nullable=False))
    op.execute(
        "UPDATE deployment SET birth = (SELECT d.oid::text || '/' || 'deployment'::regclass::oid::text FROM pg_database d"
        " WHERE d.datname = current_database())"
    )


def downgrade() -> None:
    op.drop_column("marks", "restored")
    op.drop_column("deployment", "birth")
