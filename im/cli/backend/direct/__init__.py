"""The services in this process, by the address of the database. Each is imported when a command first asks it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from im.cli.backend.direct.fleet import DirectFleet
from im.cli.backend.direct.looks import DirectLooks
from im.cli.backend.direct.money import DirectMoney
from im.cli.backend.direct.people import DirectPeople
from im.cli.backend.direct.requests import DirectRequests
from im.cli.backend.direct.webhooks import DirectWebhooks

if TYPE_CHECKING:
    from im.context import Context
    from im.domain.access import Actor


class Direct:
    """`actor` asks, in whichever name this machine's user has."""

    def __init__(self, ctx: Context, actor: Actor) -> None:
        self.me, self.sandbox = ctx.settings.owner, ctx.settings.sandbox
        self.looks, self.requests = DirectLooks(ctx), DirectRequests(ctx, actor)
        self.money, self.people, self.fleet = DirectMoney(ctx, actor), DirectPeople(ctx, actor), DirectFleet(ctx, actor)
        self.webhooks = DirectWebhooks(ctx, actor)

    def close(self) -> None:
        """What was opened is the session's."""
