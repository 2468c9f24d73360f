"""What happened to an instance: one line of its story, never changed afterwards."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import TYPE_CHECKING, Any

from im.domain.state import Observed

if TYPE_CHECKING:
    from im.domain.lifecycle import Step


class Channel(StrEnum):
    """By which way a change came: people's, or a part of im's own, whose name then stands for the actor's."""

    CLI = "cli"
    API = "api"
    WEB = "web"
    """The page, in a browser."""
    MCP = "mcp"
    CLOUD = "cloud"
    """What was seen there, whoever did it."""
    TTL = "ttl"
    """A deadline."""
    POLICY = "policy"
    """What the deployment's settings say is to be done unasked."""
    IM = "im"
    """A worker that carries out what is desired."""


class EventKind(StrEnum):
    """What happened. Kinds are added, never renamed: databases hold them, and programs switch on them."""

    # what somebody asked for
    CREATE_REQUESTED = "create requested"
    ADOPT_REQUESTED = "adopt requested"
    START_REQUESTED = "start requested"
    STOP_REQUESTED = "stop requested"
    TERMINATE_REQUESTED = "terminate requested"
    EXTENDED = "extended"
    PROTECTED = "protected"
    UNPROTECTED = "unprotected"
    GIVEN = "given"
    # how it came to its machine
    LAUNCH_SENT = "launch sent"
    LAUNCHED = "launched"
    LAUNCH_FAILED = "launch failed"
    CANCELLED = "cancelled"
    INHERITED = "inherited"
    FOUND = "found"
    ADOPT_SENT = "adopt sent"
    ADOPTED = "adopted"
    NOT_ADOPTED = "not adopted"
    # what was tried, and what came of it
    START_SENT = "start sent"
    STOP_SENT = "stop sent"
    TERMINATE_SENT = "terminate sent"
    REFUSED = "refused"
    FAILED = "failed"
    FELL_BACK = "fell back"
    PARKED = "parked"
    LATE_ANSWER = "late answer"
    # what was seen at the cloud
    PENDING = "pending"
    RUNNING = "running"
    HALTED = "halted"
    STOPPING = "stopping"
    STOPPED = "stopped"
    TERMINATING = "terminating"
    TERMINATED = "terminated"
    MISSING = "missing"
    NOT_LISTED = "not listed"
    LABEL_CHANGED = "label changed"
    LABEL_BACK = "label back"
    # how it gave way to a snapshot of itself
    SNAPSHOT_SENT = "snapshot sent"
    SNAPSHOT_COMPLETE = "snapshot complete"
    SHELVE_SENT = "shelve sent"
    SHELVED = "shelved"
    ADDRESS_CHANGED = "address changed"
    NOT_SHELVED = "not shelved"
    SNAPSHOT_DELETED = "snapshot deleted"
    # its deadlines, and what ended it without them
    EXPIRED = "expired"
    END_DATED = "end dated"
    KEPT_LONG_ENOUGH = "kept long enough"
    INTERRUPTED = "interrupted"
    CAME_BACK = "came back"
    REPLACED = "replaced"
    NOT_REPLACED = "not replaced"
    # what was told
    PROTECTION = "protection"
    GUARD_SET = "guard set"
    GUARD_MOVED = "guard moved"
    GUARD_REMOVED = "guard removed"
    GUARD_REFUSED = "guard refused"
    NOTICE_SENT = "notice sent"
    NOTICE_REFUSED = "notice refused"
    NOTICE_NOT_TAKEN = "notice not taken"


@dataclass(frozen=True, slots=True)
class Event:
    """`kind` is the word for what happened, `actor` whose doing it was, `reason` the sentence a person reads.

    `kind` is an EventKind; one that a newer version wrote is read as the text that it is. `actor` is a person's name or a Channel.
    """

    instance_id: str
    at: datetime
    kind: str
    actor: str
    reason: str
    generation: int
    detail: Mapping[str, Any] = field(default_factory=dict)
    channel: str | None = None
    """A Channel; None: im's own, whose actor it is, or one that an older version wrote, which did not keep it."""
    request_id: str | None = None
    """Of the request of which it came; None where there was none, or nobody kept it."""

    @property
    def came_by(self) -> str | None:
        """The channel by which it came, of im's own doings as well; None where nobody kept it."""
        return str(self.actor) if self.channel is None and self.actor in set(Channel) else self.channel


def sent_of(step: Step) -> EventKind:
    """The kind that says that this step was asked of the cloud. Raises ValueError for one that only looks."""
    return EventKind(f"{step} sent")


def kind_of(observed: Observed) -> EventKind:
    """The kind that says that it was seen so."""
    return EventKind.NOT_LISTED if observed is Observed.NONE else EventKind(observed.value)
