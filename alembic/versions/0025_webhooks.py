"""Webhooks, what their messages are signed with, and the messages.

Tables of their own, which workers of the version before neither read nor write: they go on as they did, and tell nobody.
"""

from __future__ import annotations

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import ARRAY

from alembic import op

revision = "0025"
down_revision = "0024"
branch_labels = None
depends_on = None

_UNSEEN = (
    r"[\u0001-\u001f\u007f-\u009f\u00ad\u0600-\u0605\u061c\u06dd\u070f\u0890-\u0891\u08e2\u180e\u200b-\u200f\u2028-\u202e"
    r"\u2060-\u206f\ufeff\ufff9-\ufffb\U000110bd\U000110cd\U00013430-\U0001343f\U0001bca0-\U0001bca3\U0001d173-\U0001d17a"
    r"\U000e0001\U000e0020-\U000e007f]"
)


def _moment(name: str, *, nullable: bool = True) -> sa.Column[object]:
    return sa.Column(name, sa.DateTime(timezone=True), nullable=nullable)


def upgrade() -> None:
    op.create_table(
        "webhooks",
        sa.Column("id", sa.Text, nullable=False),
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("url", sa.Text, nullable=False),
        sa.Column("owner", sa.Text, nullable=False),
        sa.Column("everybody", sa.Boolean, nullable=False, server_default=sa.text("false")),
        sa.Column("kinds", ARRAY(sa.Text), nullable=False),
        _moment("made_at", nullable=False),
        sa.Column("made_by", sa.Text, nullable=False),
        _moment("off_at"),
        sa.Column("off_because", sa.Text),
        sa.PrimaryKeyConstraint("id", name="pk_webhooks"),
        sa.UniqueConstraint("owner", "name", name="uq_webhooks_name"),
        sa.CheckConstraint(
            sa.text(f"char_length(name) <= 60 AND name !~ '{_UNSEEN}'".replace(":", r"\:")), name="name"
        ),
    )
    op.create_table(
        "webhook_secrets",
        sa.Column("id", sa.BigInteger, sa.Identity(always=True), nullable=False),
        sa.Column("webhook_id", sa.Text, nullable=False),
        sa.Column("secret", sa.Text, nullable=False),
        _moment("made_at", nullable=False),
        _moment("until"),
        sa.PrimaryKeyConstraint("id", name="pk_webhook_secrets"),
        sa.ForeignKeyConstraint(
            ["webhook_id"], ["webhooks.id"], name="fk_webhook_secrets_webhook_id", ondelete="CASCADE"
        ),
    )
    op.create_index("ix_webhook_secrets_webhook", "webhook_secrets", ["webhook_id"])
    # whoever only looks has been granted every table to come
    op.execute(
        "DO $$ BEGIN IF EXISTS (SELECT FROM pg_roles WHERE rolname = 'im_look')"
        " THEN REVOKE SELECT ON webhook_secrets FROM im_look; END IF; END $$"
    )
    op.create_table(
        "webhook_deliveries",
        sa.Column("number", sa.BigInteger, sa.Identity(always=True), nullable=False),
        sa.Column("id", sa.Text, nullable=False),
        sa.Column("webhook_id", sa.Text, nullable=False),
        sa.Column("kind", sa.Text, nullable=False),
        sa.Column("instance_id", sa.Text),
        sa.Column("mark", sa.Text),
        sa.Column("body", sa.Text, nullable=False),
        sa.Column("state", sa.Text, nullable=False),
        sa.Column("attempts", sa.Integer, server_default="0", nullable=False),
        _moment("made_at", nullable=False),
        _moment("next_attempt_at", nullable=False),
        _moment("until"),
        sa.Column("lease_token", sa.Text),
        _moment("lease_until"),
        _moment("answered_at"),
        sa.Column("status", sa.Integer),
        sa.Column("error", sa.Text),
        sa.PrimaryKeyConstraint("number", name="pk_webhook_deliveries"),
        sa.UniqueConstraint("id", name="uq_webhook_deliveries_id"),
        sa.UniqueConstraint("webhook_id", "mark", name="uq_webhook_deliveries_once"),
        sa.ForeignKeyConstraint(
            ["webhook_id"], ["webhooks.id"], name="fk_webhook_deliveries_webhook_id", ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(["instance_id"], ["instances.id"], name="fk_webhook_deliveries_instance_id"),
        sa.CheckConstraint("state IN ('pending', 'taken', 'dead', 'moot')", name="state"),
    )
    op.create_index(
        "ix_webhook_deliveries_pending",
        "webhook_deliveries",
        ["webhook_id", "next_attempt_at"],
        postgresql_where=sa.text("state = 'pending'"),
    )
    op.create_index("ix_webhook_deliveries_latest", "webhook_deliveries", ["webhook_id", "number"])
    op.create_index("ix_webhook_deliveries_made", "webhook_deliveries", ["made_at"])
    op.create_index("ix_webhook_deliveries_instance", "webhook_deliveries", ["instance_id"])


def downgrade() -> None:
    for table in ("webhook_deliveries", "webhook_secrets", "webhooks"):
        op.drop_table(table)
