"""Holds, orphans, leftovers and figures of the whole deployment, by their services."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from im.context import Context
    from im.domain.access import Actor
    from im.domain.explain.listing import Orphans
    from im.domain.leftover import Leftover, Survey


class DirectFleet:
    def __init__(self, ctx: Context, actor: Actor) -> None:
        self._ctx, self._actor = ctx, actor

    def orphans(self) -> Orphans:
        from im.services import queries

        return queries.orphans_listed(self._ctx)

    def pause(self, length: timedelta, reason: str) -> datetime:
        from im.services.deadlines import holds

        return holds.pause(self._ctx, length, actor=self._actor, reason=reason)

    def resume(self) -> bool:
        from im.services.deadlines import holds

        return holds.resume(self._ctx, actor=self._actor)

    def metrics(self) -> str:
        from im.services.health.metrics import exposition

        return exposition(self._ctx)

    def look_for_leftovers(self) -> None:
        from im.services import leftovers

        leftovers.ask(self._ctx)

    def leftovers(self) -> Survey:
        from im.services import leftovers

        return leftovers.survey(self._ctx)

    def approve_deletion(self, things: Iterable[Leftover]) -> None:
        from im.services import leftovers

        leftovers.approve_deletion(self._ctx, list(things), actor=self._actor)
