"""Webhooks, by their service."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from im.context import Context
    from im.domain.access import Actor
    from im.domain.webhook.kind import WebhookKind
    from im.domain.webhook.message import Delivery
    from im.domain.webhook.webhook import Made, Webhook


class DirectWebhooks:
    def __init__(self, ctx: Context, actor: Actor) -> None:
        self._ctx, self._actor = ctx, actor

    def listed(self) -> Sequence[Webhook]:
        from im.services.webhooks import hooks

        return hooks.listed(self._ctx, actor=self._actor)

    def create(self, name: str, url: str, *, kinds: frozenset[WebhookKind], owner: str | None, everybody: bool) -> Made:
        from im.services.webhooks import hooks

        return hooks.create(self._ctx, name, url, kinds=kinds, owner=owner, everybody=everybody, actor=self._actor)

    def change(
        self, webhook_id: str, *, url: str | None, kinds: frozenset[WebhookKind] | None, on: bool | None
    ) -> Webhook:
        from im.services.webhooks import hooks

        return hooks.change(self._ctx, webhook_id, url=url, kinds=kinds, on=on, actor=self._actor)

    def rotate(self, webhook_id: str, overlap: timedelta) -> Made:
        from im.services.webhooks import hooks

        return hooks.rotate(self._ctx, webhook_id, overlap=overlap, actor=self._actor)

    def remove(self, webhook_id: str) -> None:
        from im.services.webhooks import hooks

        hooks.remove(self._ctx, webhook_id, actor=self._actor)

    def test(self, webhook_id: str) -> str:
        from im.services.webhooks import hooks

        return hooks.test(self._ctx, webhook_id, actor=self._actor)

    def resend(self, webhook_id: str) -> int:
        from im.services.webhooks import hooks

        return hooks.resend(self._ctx, webhook_id, actor=self._actor)

    def deliveries(self, webhook_id: str, limit: int, message: str | None = None) -> Sequence[Delivery]:
        from im.services.webhooks import hooks

        return hooks.delivered(self._ctx, webhook_id, limit, message, actor=self._actor)
