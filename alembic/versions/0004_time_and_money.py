"""When machines ran, which deadline held when, and what things cost."""

from __future__ import annotations

import sqlalchemy as sa

from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def _moment(name: str, *, nullable: bool = False) -> sa.Column[object]:
    return sa.Column(name, sa.DateTime(timezone=True), nullable=nullable)


def upgrade() -> None:
    op.create_table(
        "usage",
        sa.Column("instance_id", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        _moment("began_at"),
        sa.Column("began_exactly", sa.Boolean(), nullable=False),
        _moment("not_before"),
        _moment("ended_at", nullable=True),
        _moment("sure_until", nullable=True),
        sa.Column("address", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.Column("disk_gb", sa.Integer(), nullable=True),
        sa.Column("disk_type", sa.Text(), nullable=True),
        sa.CheckConstraint("kind IN ('run', 'disk')", name=op.f("ck_usage_kind")),
        sa.CheckConstraint("ended_at >= began_at", name=op.f("ck_usage_ends_after_it_began")),
        sa.ForeignKeyConstraint(["instance_id"], ["instances.id"], name=op.f("fk_usage_instance_id")),
        sa.PrimaryKeyConstraint("instance_id", "kind", "number", name=op.f("pk_usage")),
    )
    op.create_index(
        "ix_usage_open", "usage", ["instance_id", "kind"], unique=False, postgresql_where=sa.text("ended_at IS NULL")
    )
    op.create_table(
        "deadlines",
        sa.Column("instance_id", sa.Text(), nullable=False),
        _moment("since"),
        sa.Column("number", sa.Integer(), nullable=False),
        _moment("expires_at"),
        sa.ForeignKeyConstraint(["instance_id"], ["instances.id"], name=op.f("fk_deadlines_instance_id")),
        sa.PrimaryKeyConstraint("instance_id", "number", name=op.f("pk_deadlines")),
    )
    # what was before is not known any more; the deadline of now is
    op.execute(
        "INSERT INTO deadlines (instance_id, since, number, expires_at) "
        "SELECT id, created_at, 1, expires_at FROM instances"
    )
    op.create_table(
        "prices",
        sa.Column("provider", sa.Text(), nullable=False),
        sa.Column("region", sa.Text(), nullable=False),
        sa.Column("item", sa.Text(), nullable=False),
        sa.Column("market", sa.Text(), nullable=False),
        _moment("since"),
        sa.Column("usd", sa.Numeric(), nullable=False),
        sa.Column("source", sa.Text(), nullable=False),
        _moment("fetched_at"),
        sa.PrimaryKeyConstraint("provider", "region", "item", "market", "since", name=op.f("pk_prices")),
    )


def downgrade() -> None:
    op.drop_table("prices")
    op.drop_table("deadlines")
    op.drop_index("ix_usage_open", table_name="usage", postgresql_where=sa.text("ended_at IS NULL"))
    op.drop_table("usage")
