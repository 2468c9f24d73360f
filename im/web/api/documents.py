"""The answers' shapes, for OpenAPI: what im.views makes, field by field. A test holds the two together."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field

Usd = str
"""Plain digits."""


class Document(BaseModel):
    model_config = ConfigDict(extra="forbid")


class InstanceDocument(Document):
    id: str
    name: str
    owner: str
    provider: str
    account: str
    region: str
    zone: str | None
    sandbox: bool
    provider_id: str | None
    instance_type: str
    image: str
    status: str = Field(description="One or two words for people.")
    desired: Literal["running", "stopped", "terminated"]
    observed: Literal["none", "pending", "running", "stopping", "stopped", "terminating", "terminated", "missing"]
    observed_at: str
    settled: bool = Field(description="What was last asked for has been reached.")
    failed: bool = Field(description="What was last asked for was given up.")
    generation: int = Field(description="Counts requests; the ETag.")
    why: str
    by: str
    public_ip: str | None
    private_ip: str | None
    ssh_user: str
    created_at: str
    launched_at: str | None
    expires_at: str
    seconds_left: int
    on_expiry: Literal["stop", "terminate"]
    keep_stopped_seconds: int | None
    ends_at: str | None
    protected: bool
    error_code: str | None
    error: str | None
    closed_at: str | None
    tags: dict[str, str]
    firewall: list[str] | None
    spot: dict[str, Any] | None
    iam_role: str | None
    hibernate: bool
    user_data_bytes: int | None
    disks: list[dict[str, Any]]
    usd_per_hour: Usd | None
    usd_so_far: Usd | None
    usd_to_deadline: Usd | None
    price_source: str | None


class InstancesDocument(Document):
    items: list[InstanceDocument]
    next: str | None = Field(description="The next page's cursor; null on the last.")
    now: str


class ChangeDocument(InstanceDocument):
    previous_expires_at: str | None


class ChangesDocument(Document):
    items: list[ChangeDocument]


class RehearsalDocument(Document):
    """What a dry run of a verb comes to."""

    dry_run: Literal[True]
    id: str
    name: str
    desired: Literal["running", "stopped", "terminated"]
    previous_desired: Literal["running", "stopped", "terminated"]
    expires_at: str
    previous_expires_at: str
    disks: list[dict[str, Any]]


class RehearsalsDocument(Document):
    items: list[RehearsalDocument]


class PlanDocument(Document):
    """What a dry run of a create comes to."""

    dry_run: Literal[True]
    sandbox: bool
    names: list[str]
    count: int
    provider: str
    account: str
    region: str
    region_source: str | None
    zone: str | None
    instance_type: str
    candidates: list[list[str]]
    image: str
    ssh_user: str
    tags: dict[str, str]
    public_ip_wished: bool | None
    firewall: list[str] | None
    spot: dict[str, Any] | None
    iam_role: str | None
    hibernate: bool
    user_data_bytes: int | None
    disks: list[dict[str, Any]]
    expires_at: str
    on_expiry: Literal["stop", "terminate"]
    guard: str
    guard_grace_seconds: int | None
    keep_stopped_seconds: int | None
    protected: bool
    usd_per_hour: Usd | None
    usd_to_deadline: Usd | None
    usd_per_hour_afterwards: Usd | None
    price_source: str | None


class EventDocument(Document):
    at: str
    kind: str
    actor: str
    reason: str
    generation: int
    detail: dict[str, Any]
    channel: str | None
    request_id: str | None


class EventsDocument(Document):
    items: list[EventDocument]


class WhyDocument(Document):
    id: str
    name: str
    status: str
    sandbox: bool
    because: str
    next: str
    type: str | None


class WaitDocument(Document):
    settled: bool = Field(description="It has ended, well or not; false: the time was over first.")
    error: str | None = Field(description="Why it did not end well; null where it did, or has not ended.")
    instance: InstanceDocument


class MeDocument(Document):
    login: str
    role: str
    teams: list[str]
    grants: list[str]
    token: str


class HealthDocument(Document):
    ok: bool


class VersionDocument(Document):
    version: str
    api: Literal["v1"]


class ScopeDocument(Document):
    provider: str
    account: str
    region: str
    refreshed_at: str | None
    facts_age_seconds: int | None
    failing_since: str | None
    error_code: str | None
    error: str | None


class ScopesDocument(Document):
    items: list[ScopeDocument]


class OrphanDocument(Document):
    provider_id: str
    provider: str
    account: str
    region: str
    zone: str | None
    sandbox: bool
    observed: str
    instance_type: str | None
    image: str | None
    public_ip: str | None
    private_ip: str | None
    launched_at: str | None
    first_seen_at: str
    last_seen_at: str
    seconds_known: int
    tags: dict[str, str]
    because: str


class OrphansDocument(Document):
    items: list[OrphanDocument]


class HoldDocument(Document):
    kind: str
    reason: str
    next: str
    by: str
    since: str | None
    until: str | None


class HoldsDocument(Document):
    items: list[HoldDocument]
