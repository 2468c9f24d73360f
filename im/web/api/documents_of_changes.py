"""What the API answers to a verb: what it has changed, or what it would come to."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import Field

from im.web.api.documents import Document, InstanceDocument, Usd

ADDED = (
    "What the moved deadline costs more, or, below zero, less; null where none was moved, or its price is not known."
)


class ChangeDocument(InstanceDocument):
    previous_expires_at: str | None
    previous_desired: str | None
    previous_observed: str | None
    previous_owner: str | None
    usd_added: Usd | None = Field(description=ADDED)


class ChangesDocument(Document):
    items: list[ChangeDocument]
    now: str
    rang: bool = Field(description="False: the broker did not answer, and the next tick carries it out.")
    usd_added: Usd | None = Field(description="Of all of them together.")


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
    usd_per_hour: Usd | None = Field(description="While it runs. Money is null for stop and terminate.")
    usd_added: Usd | None = Field(description=ADDED)
    usd_to_deadline: Usd | None = Field(description="All from now to the new deadline.")
    usd_per_hour_afterwards: Usd | None = Field(description="Once that deadline has been applied.")
    price_source: str | None


class RehearsalsDocument(Document):
    items: list[RehearsalDocument]
    usd_added: Usd | None = Field(description="Of all of them together.")
