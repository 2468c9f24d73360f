"""The shapes of answers about the fleet as a whole: see `im.web.api.documents`."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from im.web.api.documents import Document, Usd


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
    now: str


class HoldDocument(Document):
    kind: str
    reason: str
    next: str
    by: str
    since: str | None
    until: str | None


class HoldsDocument(Document):
    items: list[HoldDocument]


class AlarmDocument(Document):
    provider: str
    account: str
    region: str
    count: int = Field(description="Machines past their deadline that run, or may.")
    longest_seconds: float
    error_codes: list[str]
    blind_since: str | None
    blind_because: str | None
    usd: Usd | None
    sentence: str


class OrphanSummary(Document):
    count: int
    since: str | None


class FleetDocument(Document):
    now: str
    sandbox: bool
    scopes: list[ScopeDocument]
    holds: list[HoldDocument]
    alarms: list[AlarmDocument]
    orphans: OrphanSummary


class HealthDocument(Document):
    ok: bool


class VersionDocument(Document):
    version: str
    api: Literal["v1"]
