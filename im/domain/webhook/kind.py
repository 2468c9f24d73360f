"""What messages to webhooks are about, and which event of an instance's history is told under which kind."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from types import MappingProxyType

from im.domain.event import EventKind


class WebhookKind(StrEnum):
    """What a message is about. Kinds are added, never renamed: receivers switch on them."""

    RUNNING = "running"
    STOPPED = "stopped"
    TERMINATED = "terminated"
    MISSING = "missing"
    """Its cloud does not list it any more, and nobody can say why."""
    EXPIRING = "expiring"
    FAILED = "failed"
    """A request was given up: what was asked for has not come, and will not by itself."""
    OVERRUN = "overrun"
    """It runs a minute past its deadline, or longer."""
    BUDGET = "budget"
    TEST = "test"
    """Sent when somebody asks for it, to one webhook, whatever it wants."""

    @property
    def type(self) -> str:
        """The message's `type`, words with full stops between them as Standard Webhooks asks for."""
        match self:
            case WebhookKind.BUDGET:
                return "budget.reached"
            case WebhookKind.TEST:
                return "webhook.test"
            case _:
                return f"instance.{self.value}"


WISHED = tuple(kind for kind in WebhookKind if kind is not WebhookKind.TEST)
KIND_OF: Mapping[str, WebhookKind] = MappingProxyType(
    {
        EventKind.RUNNING: WebhookKind.RUNNING,
        EventKind.STOPPED: WebhookKind.STOPPED,
        EventKind.TERMINATED: WebhookKind.TERMINATED,
        EventKind.MISSING: WebhookKind.MISSING,
        EventKind.LAUNCH_FAILED: WebhookKind.FAILED,
        EventKind.FAILED: WebhookKind.FAILED,
        EventKind.NOT_ADOPTED: WebhookKind.FAILED,
        EventKind.NOT_REPLACED: WebhookKind.FAILED,
        EventKind.PARKED: WebhookKind.FAILED,
    }
)
"""Which event of an instance's history is told under which kind; what is not here is told to nobody."""
