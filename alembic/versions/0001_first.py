"""The first schema, and the identity of this deployment."""

from __future__ import annotations

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql

from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "deployment",
        sa.Column("only_row", sa.Boolean(), server_default=sa.text("true"), nullable=False),
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("system_identifier", sa.Text(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("only_row", name=op.f("ck_deployment_only_row")),
        sa.PrimaryKeyConstraint("only_row", name=op.f("pk_deployment")),
    )
    op.create_table(
        "scopes",
        sa.Column("id", sa.Integer(), sa.Identity(always=True), nullable=False),
        sa.Column("provider", sa.Text(), nullable=False),
        sa.Column("account", sa.Text(), nullable=False),
        sa.Column("region", sa.Text(), nullable=False),
        sa.Column("cloud_account", sa.Text(), nullable=True),
        sa.Column("refreshed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("failing_since", sa.DateTime(timezone=True), nullable=True),
        sa.Column("error_code", sa.Text(), nullable=True),
        sa.Column("error", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_scopes")),
        sa.UniqueConstraint("provider", "account", "region", name="uq_scopes_place"),
    )
    op.create_table(
        "ticks",
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("slot", sa.BigInteger(), nullable=False),
        sa.Column("claimed_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("name", "slot", name=op.f("pk_ticks")),
    )
    op.create_table(
        "launches",
        sa.Column("token", sa.Text(), nullable=False),
        sa.Column("scope_id", sa.Integer(), nullable=False),
        sa.Column("spec", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("slots", postgresql.ARRAY(sa.Text()), nullable=False),
        sa.Column("names", postgresql.ARRAY(sa.Text()), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("attempts", sa.Integer(), server_default="0", nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("called_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("next_attempt_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("lease_token", sa.Text(), nullable=True),
        sa.Column("lease_until", sa.DateTime(timezone=True), nullable=True),
        sa.Column("error_code", sa.Text(), nullable=True),
        sa.Column("error", sa.Text(), nullable=True),
        sa.CheckConstraint(
            "state IN ('open', 'called', 'done', 'refused', 'cancelled', 'absent')", name=op.f("ck_launches_state")
        ),
        sa.ForeignKeyConstraint(["scope_id"], ["scopes.id"], name=op.f("fk_launches_scope_id")),
        sa.PrimaryKeyConstraint("token", name=op.f("pk_launches")),
    )
    op.create_index(
        "ix_launches_open",
        "launches",
        ["scope_id", "next_attempt_at"],
        unique=False,
        postgresql_where=sa.text("state IN ('open', 'called')"),
    )
    op.create_table(
        "instances",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("owner", sa.Text(), nullable=False),
        sa.Column("scope_id", sa.Integer(), nullable=False),
        sa.Column("spec", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("desired", sa.Text(), nullable=False),
        sa.Column("why", sa.Text(), nullable=False),
        sa.Column("by", sa.Text(), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("on_expiry", sa.Text(), nullable=False),
        sa.Column("generation", sa.Integer(), nullable=False),
        sa.Column("settled_generation", sa.Integer(), server_default="0", nullable=False),
        sa.Column("failed_generation", sa.Integer(), server_default="0", nullable=False),
        sa.Column("observed", sa.Text(), nullable=False),
        sa.Column("observed_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("provider_id", sa.Text(), nullable=True),
        sa.Column("zone", sa.Text(), server_default="", nullable=False),
        sa.Column("public_ip", sa.Text(), nullable=True),
        sa.Column("private_ip", sa.Text(), nullable=True),
        sa.Column("launched_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("launch_token", sa.Text(), nullable=True),
        sa.Column("error_code", sa.Text(), nullable=True),
        sa.Column("error", sa.Text(), nullable=True),
        sa.Column("attempts", sa.Integer(), server_default="0", nullable=False),
        sa.Column("next_attempt_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("lease_token", sa.Text(), nullable=True),
        sa.Column("lease_until", sa.DateTime(timezone=True), nullable=True),
        sa.Column("unsure", postgresql.JSONB(astext_type=sa.Text()), server_default="{}", nullable=False),
        sa.Column("drift_since", sa.DateTime(timezone=True), nullable=True),
        sa.Column("closed_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint("desired IN ('running', 'stopped', 'terminated')", name=op.f("ck_instances_desired")),
        sa.CheckConstraint(
            "observed IN ('none', 'pending', 'running', 'stopping', 'stopped', 'terminating', 'terminated', 'missing')",
            name=op.f("ck_instances_observed"),
        ),
        sa.CheckConstraint("on_expiry IN ('stop', 'terminate')", name=op.f("ck_instances_on_expiry")),
        sa.CheckConstraint("failed_generation <= generation", name=op.f("ck_instances_failed_not_ahead")),
        sa.CheckConstraint("settled_generation <= generation", name=op.f("ck_instances_settled_not_ahead")),
        sa.ForeignKeyConstraint(["launch_token"], ["launches.token"], name=op.f("fk_instances_launch_token")),
        sa.ForeignKeyConstraint(["scope_id"], ["scopes.id"], name=op.f("fk_instances_scope_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_instances")),
    )
    op.create_index(
        "ix_instances_due",
        "instances",
        ["expires_at"],
        unique=False,
        postgresql_where=sa.text("closed_at IS NULL AND desired <> 'terminated'"),
    )
    op.create_index(
        "ix_instances_live",
        "instances",
        ["scope_id", "id"],
        unique=False,
        postgresql_where=sa.text("closed_at IS NULL"),
    )
    op.create_index(
        "ix_instances_unsettled",
        "instances",
        ["scope_id", "desired", "observed"],
        unique=False,
        postgresql_where=sa.text("closed_at IS NULL AND settled_generation < generation"),
    )
    op.create_index(
        "uq_instances_living_name", "instances", ["name"], unique=True, postgresql_where=sa.text("closed_at IS NULL")
    )
    op.create_index("uq_instances_machine", "instances", ["scope_id", "provider_id"], unique=True)
    op.create_table(
        "events",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("instance_id", sa.Text(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("actor", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("generation", sa.Integer(), nullable=False),
        sa.Column("detail", postgresql.JSONB(astext_type=sa.Text()), server_default="{}", nullable=False),
        sa.ForeignKeyConstraint(["instance_id"], ["instances.id"], name=op.f("fk_events_instance_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_events")),
    )
    op.create_index("ix_events_instance_id", "events", ["instance_id", "id"], unique=False)
    op.execute(
        "INSERT INTO deployment (id, system_identifier, created_at) "
        "SELECT gen_random_uuid()::text, system_identifier::text, clock_timestamp() FROM pg_control_system()"
    )


def downgrade() -> None:
    op.drop_index("ix_events_instance_id", table_name="events")
    op.drop_table("events")
    op.drop_index("uq_instances_machine", table_name="instances")
    op.drop_index("uq_instances_living_name", table_name="instances", postgresql_where=sa.text("closed_at IS NULL"))
    op.drop_index(
        "ix_instances_unsettled",
        table_name="instances",
        postgresql_where=sa.text("closed_at IS NULL AND settled_generation < generation"),
    )
    op.drop_index("ix_instances_live", table_name="instances", postgresql_where=sa.text("closed_at IS NULL"))
    op.drop_index(
        "ix_instances_due",
        table_name="instances",
        postgresql_where=sa.text("closed_at IS NULL AND desired <> 'terminated'"),
    )
    op.drop_table("instances")
    op.drop_index("ix_launches_open", table_name="launches", postgresql_where=sa.text("state IN ('open', 'called')"))
    op.drop_table("launches")
    op.drop_table("ticks")
    op.drop_table("scopes")
    op.drop_table("deployment")
