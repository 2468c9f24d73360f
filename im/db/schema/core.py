"""The schema. A constraint has a name, for people to be told; states are text with a check: two versions of workers run beside."""

from __future__ import annotations

from sqlalchemy import (
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    DateTime,
    Float,
    ForeignKey,
    Identity,
    Index,
    Integer,
    MetaData,
    Table,
    Text,
    UniqueConstraint,
    text,
)
from sqlalchemy.dialects.postgresql import ARRAY, JSONB

from im.domain.launch import LaunchState
from im.domain.state import Desired, Observed

metadata = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "ck": "ck_%(table_name)s_%(constraint_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s",
        "pk": "pk_%(table_name)s",
    }
)


def moment(name: str, *, nullable: bool = True) -> Column[object]:
    return Column(name, DateTime(timezone=True), nullable=nullable)


def one_of(column: str, values: type[Desired] | type[Observed] | type[LaunchState]) -> CheckConstraint:
    listed = ", ".join(f"'{v.value}'" for v in values)
    return CheckConstraint(f"{column} IN ({listed})", name=column)


scopes = Table(
    "scopes",
    metadata,
    Column("id", Integer, Identity(always=True), primary_key=True),
    Column("provider", Text, nullable=False),
    Column("account", Text, nullable=False),
    Column("region", Text, nullable=False),
    # the cloud's own id of the account, learned from the cloud; other credentials may not touch this scope
    Column("cloud_account", Text),
    moment("refreshed_at"),
    moment("failing_since"),
    Column("error_code", Text),
    Column("error", Text),
    # seconds by which the cloud's clock is ahead of the database's, as last seen
    Column("clock_skew", Float),
    UniqueConstraint("provider", "account", "region", name="uq_scopes_place"),
)

launches = Table(
    "launches",
    metadata,
    Column("token", Text, primary_key=True),
    Column("scope_id", Integer, ForeignKey("scopes.id"), nullable=False),
    Column("spec", JSONB, nullable=False),
    Column("slots", ARRAY(Text), nullable=False),
    Column("names", ARRAY(Text), nullable=False),
    Column("state", Text, nullable=False),
    Column("attempts", Integer, nullable=False, server_default="0"),
    moment("created_at", nullable=False),
    moment("called_at"),
    moment("next_attempt_at", nullable=False),
    Column("lease_token", Text),
    moment("lease_until"),
    Column("error_code", Text),
    Column("error", Text),
    # which of the spec's places it is tried at, and how often all of them have refused
    Column("candidate", Integer, nullable=False, server_default="0"),
    Column("round", Integer, nullable=False, server_default="0"),
    one_of("state", LaunchState),
    Index(
        "ix_launches_open",
        "scope_id",
        "next_attempt_at",
        postgresql_where=text("state IN ('open', 'called')"),
    ),
)

instances = Table(
    "instances",
    metadata,
    Column("id", Text, primary_key=True),
    Column("name", Text, nullable=False),
    Column("owner", Text, nullable=False),
    Column("scope_id", Integer, ForeignKey("scopes.id"), nullable=False),
    Column("spec", JSONB, nullable=False),
    moment("created_at", nullable=False),
    # what is wanted
    Column("desired", Text, nullable=False),
    Column("why", Text, nullable=False),
    Column("by", Text, nullable=False),
    moment("expires_at", nullable=False),
    Column("on_expiry", Text, nullable=False),
    Column("generation", Integer, nullable=False),
    Column("settled_generation", Integer, nullable=False, server_default="0"),
    Column("failed_generation", Integer, nullable=False, server_default="0"),
    # what was seen
    Column("observed", Text, nullable=False),
    moment("observed_at", nullable=False),
    Column("provider_id", Text),
    Column("zone", Text, nullable=False, server_default=""),
    Column("public_ip", Text),
    Column("private_ip", Text),
    moment("launched_at"),
    Column("launch_token", Text, ForeignKey("launches.token")),
    Column("candidate", Integer, nullable=False, server_default="0"),
    # the work of getting from one to the other
    *(Column(name, Text) for name in ("error_code", "error")),
    Column("attempts", Integer, nullable=False, server_default="0"),
    moment("next_attempt_at"),
    Column("lease_token", Text),
    moment("lease_until"),
    Column("unsure", JSONB, nullable=False, server_default="{}"),
    moment("drift_since"),
    moment("closed_at"),
    # the second stage: seconds for which it is kept once its TTL has stopped it (none: for good), and the moment that makes
    Column("keep_stopped", Integer),
    moment("ends_at"),
    # nobody may terminate it; whether the cloud guards it too is unknown (null) while that is being changed
    Column("protected", Boolean, nullable=False, server_default=text("false")),
    Column("protected_at_cloud", Boolean, server_default=text("false")),
    moment("protection_try_at"),
    # what the cloud's provider wants to be told again of the machine; opaque to everybody else
    Column("provider_notes", JSONB, nullable=False, server_default="{}"),
    # the cloud's request behind a spot machine; over once it was cancelled after the machine's end, and brought no other
    Column("spot_request", Text),
    Column("spot_over", Boolean, nullable=False, server_default=text("false")),
    moment("spot_try_at"),
    # when the cloud was seen to have taken it back; the id of the instance that was made in its place, or a reason for none
    *(moment("interrupted_at"), Column("replaced_by", Text)),
    # its deadline shelves it: beside on_expiry = stop; the generation to be shelved in, and how far that has come
    Column("shelves", Boolean, nullable=False, server_default=text("false")),
    Column("shelve_generation", Integer, nullable=False, server_default="0"),
    Column("shelf", Text, nullable=False, server_default=""),
    one_of("desired", Desired),
    one_of("observed", Observed),
    CheckConstraint("on_expiry IN ('stop', 'terminate')", name="on_expiry"),
    CheckConstraint("settled_generation <= generation", name="settled_not_ahead"),
    CheckConstraint("failed_generation <= generation", name="failed_not_ahead"),
    CheckConstraint("keep_stopped > 0", name="keep_stopped_positive"),
    Index("uq_instances_living_name", "name", unique=True, postgresql_where=text("closed_at IS NULL")),
    # closed rows too may name it: a machine that reappears after its row was closed can be adopted by a new one
    Index("ix_instances_machine", "scope_id", "provider_id"),
    Index(
        "uq_instances_living_machine",
        "scope_id",
        "provider_id",
        unique=True,
        postgresql_where=text("closed_at IS NULL"),
    ),
    Index("ix_instances_live", "scope_id", "id", postgresql_where=text("closed_at IS NULL")),
    Index(
        "ix_instances_due",
        "expires_at",
        postgresql_where=text("closed_at IS NULL AND desired <> 'terminated'"),
    ),
    Index(
        "ix_instances_second_stage",
        "expires_at",
        postgresql_where=text("closed_at IS NULL AND desired = 'stopped' AND keep_stopped IS NOT NULL"),
    ),
    Index(
        "ix_instances_protection",
        "scope_id",
        postgresql_where=text("closed_at IS NULL AND protected IS DISTINCT FROM protected_at_cloud"),
    ),
    Index(
        "ix_instances_spot_open",
        "scope_id",
        postgresql_where=text("closed_at IS NOT NULL AND spot_request IS NOT NULL AND NOT spot_over"),
    ),
    Index(
        "ix_instances_taken_back",
        "closed_at",
        postgresql_where=text("closed_at IS NOT NULL AND interrupted_at IS NOT NULL AND replaced_by IS NULL"),
    ),
    Index(
        "ix_instances_unsettled",
        "scope_id",
        "desired",
        "observed",
        "expires_at",
        postgresql_where=text("closed_at IS NULL AND settled_generation < generation"),
    ),
)

events = Table(
    "events",
    metadata,
    Column("id", BigInteger, Identity(always=True), primary_key=True),
    Column("instance_id", Text, ForeignKey("instances.id"), nullable=False),
    moment("at", nullable=False),
    Column("kind", Text, nullable=False),
    Column("actor", Text, nullable=False),
    Column("reason", Text, nullable=False),
    Column("generation", Integer, nullable=False),
    Column("detail", JSONB, nullable=False, server_default="{}"),
    Column("channel", Text),
    Column("request_id", Text),
    Index("ix_events_instance_id", "instance_id", "id"),
)

holds = Table(
    "holds",
    metadata,
    Column("kind", Text, primary_key=True),
    moment("since", nullable=False),
    moment("until", nullable=False),
    Column("by", Text, nullable=False),
    Column("reason", Text, nullable=False),
)
