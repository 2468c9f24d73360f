"""What waits for a step lies in the order of its deadlines: of ten thousand that wait, a claim reads the two hundred it takes.

Another index of the same rows, which are few: those that are on their way to something.
"""

from __future__ import annotations

import sqlalchemy as sa

from alembic import op

revision = "0015"
down_revision = "0014"
branch_labels = None
depends_on = None

_NAME = "ix_instances_unsettled"
_WHERE = sa.text("closed_at IS NULL AND settled_generation < generation")


def upgrade() -> None:
    op.drop_index(op.f(_NAME), table_name="instances")
    columns = ["scope_id", "desired", "observed", "expires_at"]
    op.create_index(op.f(_NAME), "instances", columns, postgresql_where=_WHERE)


def downgrade() -> None:
    op.drop_index(op.f(_NAME), table_name="instances")
    op.create_index(op.f(_NAME), "instances", ["scope_id", "desired", "observed"], postgresql_where=_WHERE)
