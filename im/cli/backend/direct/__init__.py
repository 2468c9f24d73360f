"""The services in this process, by the address of the database. Each is imported when a command first asks it."""

from __future__ import annotations

from collections.abc import Callable
from functools import cached_property
from typing import TYPE_CHECKING

from im.cli.backend.direct.looks import DirectLooks

if TYPE_CHECKING:
    from im.cli.backend.port import Fleet, Money, People, Requests, Webhooks
    from im.context import Context
    from im.domain.access import Actor


class Direct:
    """Whoever `actor` gives asks, in whichever name this machine's user has; who only looks need not be known."""

    def __init__(self, ctx: Context, actor: Callable[[], Actor]) -> None:
        self._ctx, self._actor = ctx, actor
        self.me, self.sandbox = ctx.settings.owner, ctx.settings.sandbox
        self.looks = DirectLooks(ctx)

    @cached_property
    def requests(self) -> Requests:
        from im.cli.backend.direct.requests import DirectRequests

        return DirectRequests(self._ctx, self._actor())

    @cached_property
    def money(self) -> Money:
        from im.cli.backend.direct.money import DirectMoney

        return DirectMoney(self._ctx, self._actor())

    @cached_property
    def people(self) -> People:
        from im.cli.backend.direct.people import DirectPeople

        return DirectPeople(self._ctx, self._actor())

    @cached_property
    def webhooks(self) -> Webhooks:
        from im.cli.backend.direct.webhooks import DirectWebhooks

        return DirectWebhooks(self._ctx, self._actor())

    @cached_property
    def fleet(self) -> Fleet:
        from im.cli.backend.direct.fleet import DirectFleet

        return DirectFleet(self._ctx, self._actor())

    def close(self) -> None:
        """What was opened is the session's."""
