"""Views that people save for themselves.

A table of its own: workers of the version before go on as they did.
"""

from __future__ import annotations

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import ARRAY

from alembic import op

revision = "0026"
down_revision = "0025"
branch_labels = None
depends_on = None

_UNSEEN = (
    r"[\u0001-\u001f\u007f-\u009f\u00ad\u0600-\u0605\u061c\u06dd\u070f\u0890-\u0891\u08e2\u180e\u200b-\u200f\u2028-\u202e"
    r"\u2060-\u206f\ufeff\ufff9-\ufffb\U000110bd\U000110cd\U00013430-\U0001343f\U0001bca0-\U0001bca3\U0001d173-\U0001d17a"
    r"\U000e0001\U000e0020-\U000e007f]"
)


def upgrade() -> None:
    op.create_table(
        "views",
        sa.Column("login", sa.Text, nullable=False),
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("q", sa.Text, nullable=False),
        sa.Column("base", sa.Text),
        sa.Column("everything", sa.Boolean, nullable=False),
        sa.Column("columns", ARRAY(sa.Text), nullable=False),
        sa.Column("saved_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("login", "name", name="pk_views"),
        sa.CheckConstraint("base IN ('mine', 'soon', 'overdue', 'failed')", name="base"),
        sa.CheckConstraint("cardinality(columns) <= 40", name="columns"),
        _said("name", 60),
        _said("q", 500),
    )


def downgrade() -> None:
    op.drop_table("views")


def _said(column: str, most: int) -> sa.CheckConstraint:
    unseen = _UNSEEN.replace(":", r"\:")
    return sa.CheckConstraint(sa.text(f"char_length({column}) <= {most} AND {column} !~ '{unseen}'"), name=column)
