"""Users, tokens and quotas, and an audit of what concerns no instance.

Tables of their own, which workers of the version before neither read nor write: they go on as they did.
"""

from __future__ import annotations

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import ARRAY

from alembic import op

revision = "0021"
down_revision = "0020"
branch_labels = None
depends_on = None

_UNSEEN = (
    r"[\u0001-\u001f\u007f-\u009f\u00ad\u0600-\u0605\u061c\u06dd\u070f\u0890-\u0891\u08e2\u180e\u200b-\u200f\u2028-\u202e"
    r"\u2060-\u206f\ufeff\ufff9-\ufffb\U000110bd\U000110cd\U00013430-\U0001343f\U0001bca0-\U0001bca3\U0001d173-\U0001d17a"
    r"\U000e0001\U000e0020-\U000e007f]"
)


def _moment(name: str, *, nullable: bool = True) -> sa.Column[object]:
    return sa.Column(name, sa.DateTime(timezone=True), nullable=nullable)


def _said(column: str, most: int) -> sa.CheckConstraint:
    return sa.CheckConstraint(sa.text(f"char_length({column}) <= {most} AND {column} !~ '{_esc()}'"), name=column)


def _esc() -> str:
    return _UNSEEN.replace(":", r"\:")


def upgrade() -> None:
    op.create_table(
        "users",
        sa.Column("login", sa.Text, nullable=False),
        sa.Column("kind", sa.Text, nullable=False),
        sa.Column("role", sa.Text, nullable=False),
        sa.Column("team", sa.Text),
        sa.Column("display", sa.Text, nullable=False),
        _moment("made_at", nullable=False),
        sa.Column("made_by", sa.Text, nullable=False),
        _moment("disabled_at"),
        sa.Column("issuer", sa.Text),
        sa.Column("subject", sa.Text),
        sa.PrimaryKeyConstraint("login", name="pk_users"),
        sa.ForeignKeyConstraint(["team"], ["users.login"], name="fk_users_team"),
        sa.UniqueConstraint("issuer", "subject", name="uq_users_identity"),
        sa.CheckConstraint("kind IN ('person', 'service', 'team')", name="kind"),
        sa.CheckConstraint("role IN ('viewer', 'member', 'admin')", name="role"),
        sa.CheckConstraint("kind <> 'team' OR (team IS NULL AND issuer IS NULL)", name="a_team_is_in_none"),
        sa.CheckConstraint("(issuer IS NULL) = (subject IS NULL)", name="identity_is_whole"),
        sa.CheckConstraint(
            sa.text("login ~ '^[a-z0-9]([a-z0-9._@+-]*[a-z0-9])?$' AND char_length(login) <= 64"), name="login"
        ),
        _said("display", 128),
    )
    op.create_index("ix_users_team", "users", ["team"])
    op.create_table(
        "tokens",
        sa.Column("id", sa.Text, nullable=False),
        sa.Column("login", sa.Text, nullable=False),
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("shown", sa.Text, nullable=False),
        sa.Column("digest", sa.Text, nullable=False),
        sa.Column("grants", ARRAY(sa.Text), nullable=False),
        _moment("made_at", nullable=False),
        sa.Column("made_by", sa.Text, nullable=False),
        _moment("expires_at", nullable=False),
        _moment("last_used_at"),
        _moment("revoked_at"),
        sa.Column("break_glass", sa.Boolean, nullable=False, server_default=sa.text("false")),
        sa.PrimaryKeyConstraint("id", name="pk_tokens"),
        sa.UniqueConstraint("digest", name="uq_tokens_digest"),
        _said("name", 60),
    )
    op.create_index("ix_tokens_login", "tokens", ["login"])
    op.create_table(
        "quotas",
        sa.Column("of", sa.Text, nullable=False),
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("live", sa.Integer),
        sa.Column("usd_per_hour", sa.Numeric),
        sa.Column("longest_ttl", sa.Integer),
        sa.Column("longest_life", sa.Integer),
        sa.Column("types", ARRAY(sa.Text), nullable=False, server_default="{}"),
        sa.Column("set_by", sa.Text, nullable=False),
        _moment("set_at", nullable=False),
        sa.PrimaryKeyConstraint("of", "name", name="pk_quotas"),
        sa.CheckConstraint("of IN ('user', 'team', 'role')", name="of"),
        sa.CheckConstraint("live >= 0", name="live_not_negative"),
        sa.CheckConstraint("usd_per_hour >= 0", name="usd_not_negative"),
        sa.CheckConstraint("longest_ttl > 0", name="longest_ttl_positive"),
        sa.CheckConstraint("longest_life > 0", name="longest_life_positive"),
    )
    op.create_table(
        "audit",
        sa.Column("id", sa.BigInteger, sa.Identity(always=True), nullable=False),
        _moment("at", nullable=False),
        sa.Column("actor", sa.Text, nullable=False),
        sa.Column("channel", sa.Text, nullable=False),
        sa.Column("request_id", sa.Text, nullable=False),
        sa.Column("token", sa.Text, nullable=False),
        sa.Column("verb", sa.Text, nullable=False),
        sa.Column("subject", sa.Text, nullable=False),
        sa.Column("detail", sa.Text, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_audit"),
        _said("actor", 128),
        _said("detail", 2000),
    )
    op.create_index("ix_audit_subject", "audit", ["subject"])


def downgrade() -> None:
    for table in ("audit", "quotas", "tokens", "users"):
        op.drop_table(table)
