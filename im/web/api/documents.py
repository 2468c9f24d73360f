"""The answers' shapes, for OpenAPI: what im.views makes, field by field. A test holds the two together."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field

Usd = str
"""Plain digits."""


class Document(BaseModel):
    model_config = ConfigDict(extra="forbid")


class BillingRulesDocument(Document):
    computing: Literal["running", "there"]
    address: Literal["running", "there"]
    least_seconds: float
    least_usd: Usd
    step_seconds: float
    monthly_cap: bool
    hours_in_month: str
    disk_stopped: str = Field(description="How many times as much a disk costs while its machine is stopped.")


class RatesDocument(Document):
    compute: Usd | None
    address: Usd | None
    disk: Usd | None
    compute_cap: Usd | None
    address_cap: Usd | None
    snapshot: Usd | None = Field(description="Of the snapshots that there are of it, and of the address kept with one.")
    more_disks: bool
    source: str
    rules: BillingRulesDocument


class BillDocument(Document):
    usd_compute: Usd
    usd_address: Usd
    usd_disk_running: Usd
    usd_disk_stopped: Usd
    usd_snapshot: Usd
    usd_overrun: Usd
    seconds_running: float
    seconds_stopped: float
    seconds_overrun: float
    seconds_doubtful: float
    unknown: list[str]


class QuoteDocument(Document):
    began_at: str | None
    seconds: float
    endless: bool = Field(description="Its deadline stops it, which saves nothing, and nothing ends it thereafter.")
    rates: RatesDocument


class CostParts(Document):
    usd_per_hour: Usd | None
    usd_to_deadline: Usd | None
    whole: bool
    at_most: bool
    charged_since: str | None = Field(description="Since when it pays for computing; null where it does not.")
    bill: BillDocument
    rates: RatesDocument


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
    observed: Literal[
        "none", "pending", "running", "halted", "stopping", "stopped", "terminating", "terminated", "missing"
    ]
    observed_at: str
    settled: bool = Field(description="What was last asked for has been reached.")
    failed: bool = Field(description="What was last asked for was given up.")
    launching: bool = Field(description="A launch may still bring a machine.")
    candidate: int = Field(description="Which of `candidates` is tried, or was taken.")
    generation: int = Field(description="Counts requests; the ETag.")
    why: str
    by: str
    public_ip: str | None
    private_ip: str | None
    ssh_user: str
    ssh_host: str | None = Field(description="Where its ssh answers, if not at its own address.")
    ssh_port: int | None
    lent_until: str | None = Field(description="When its host takes it back.")
    created_at: str
    launched_at: str | None
    interrupted_at: str | None = Field(description="When the cloud took a spot machine back.")
    expires_at: str
    seconds_left: int
    on_expiry: Literal["stop", "terminate", "shelve"]
    shelving: bool = Field(description="Stopped, it gives way to a snapshot of itself.")
    shelf: Literal["leaving", "shelved"] | None = Field(description="How far it has given way to its snapshot.")
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
    subnet: str | None
    vpc: str | None
    type_because: str | None = Field(description="Why it is of that type, where nobody named one.")
    hibernate: bool
    user_data_bytes: int | None
    disks: list[dict[str, Any]]
    public_ip_wished: bool | None
    candidates: list[tuple[str, str]] = Field(description="All places that are tried: type and zone; empty for one.")
    usd_per_hour: Usd | None
    usd_so_far: Usd | None
    usd_to_deadline: Usd | None
    price_source: str | None
    cost: CostParts | None = Field(description="The same unrounded, and of what it is made.")


class InstancesDocument(Document):
    items: list[InstanceDocument]
    next: str | None = Field(description="The next page's cursor; null on the last.")
    now: str


class OfferDocument(Document):
    """`room` is null where the cloud sells it there, and tells of no room before it is asked for a machine."""

    provider: str
    account: str
    region: str
    zones: list[str]
    room: bool | None
    instance_type: str
    gpus: str
    usd_per_hour: Usd | None
    usd_per_gpu_hour: Usd | None
    usd_to_deadline: Usd | None
    price_source: str | None
    answered_at: str | None
    apart: str | None = Field(description="What its cloud charges for beside, and which is in no figure here.")


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
    defaults: dict[str, str] = Field(
        description="`instance_type`, `zone`, `image`: the setting of the deployment that says it, where the request does not."
    )
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
    subnet: str | None
    vpc: str | None
    type_because: str | None
    hibernate: bool
    user_data_bytes: int | None
    disks: list[dict[str, Any]]
    expires_at: str
    on_expiry: Literal["stop", "terminate", "shelve"]
    guard: str
    guard_grace_seconds: int | None
    if_gone: str = Field(description="What becomes of it should all of im be gone.")
    keep_stopped_seconds: int | None
    protected: bool
    usd_per_hour: Usd | None
    usd_to_deadline: Usd | None
    usd_per_hour_afterwards: Usd | None
    price_source: str | None
    quote: QuoteDocument = Field(description="What it would cost, unrounded, and of what that is made.")
    offers: list[OfferDocument] = Field(description="The three best, of any cloud or of a market.")


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


class GuardDocument(Document):
    kind: str
    grace_seconds: int
    at: str | None
    error: str | None


class OfInstanceDocument(Document):
    id: str
    name: str


class FleetEventDocument(EventDocument):
    instance: OfInstanceDocument


class FleetEventsDocument(Document):
    items: list[FleetEventDocument]
    next: str | None = Field(description="The cursor of the next page; null: this was the last.")


class WhyDocument(Document):
    id: str
    name: str
    status: str
    sandbox: bool
    because: str
    next: str
    type: str | None
    turn: str | None = Field(description="What its launch waits for, where it waits for its turn at the cloud.")
    if_gone: str | None = Field(
        description="What becomes of it should all of im be gone; null where nothing runs that would have to be stopped."
    )


class WaitDocument(Document):
    settled: bool = Field(description="It has ended, well or not; false: the time was over first.")
    error: str | None = Field(description="Why it did not end well; null where it did, or has not ended.")
    now: str
    instance: InstanceDocument


class MeDocument(Document):
    login: str
    role: str
    teams: list[str]
    grants: list[str]
    token: str
