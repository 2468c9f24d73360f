"""Webhooks, over the API."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from im.cli.backend.remote.link import Link
from im.domain.webhook.webhook import Made
from im.views.webhook import read_delivery, read_webhook

if TYPE_CHECKING:
    from datetime import timedelta

    from im.domain.webhook.kind import WebhookKind
    from im.domain.webhook.message import Delivery
    from im.domain.webhook.webhook import Webhook


class RemoteWebhooks:
    def __init__(self, link: Link) -> None:
        self._link = link

    def listed(self) -> Sequence[Webhook]:
        told = self._link.get("/webhooks")
        return self._link.read(lambda all_: [read_webhook(one) for one in all_["items"]], told)

    def create(self, name: str, url: str, *, kinds: frozenset[WebhookKind], owner: str | None, everybody: bool) -> Made:
        form: dict[str, Any] = {"name": name, "url": url, "kinds": _words(kinds), "everybody": everybody}
        form |= {"owner": owner} if owner else {}
        return self._made(self._link.post("/webhooks", form, once=False))

    def change(
        self, webhook_id: str, *, url: str | None, kinds: frozenset[WebhookKind] | None, on: bool | None
    ) -> Webhook:
        said = {"url": url, "kinds": None if kinds is None else _words(kinds), "on": on}
        form = {key: value for key, value in said.items() if value is not None}
        return self._link.read(read_webhook, self._link.put("PATCH", _of(webhook_id), form), stored=True)

    def rotate(self, webhook_id: str, overlap: timedelta) -> Made:
        form = {"overlap": f"{int(overlap.total_seconds())}s"}
        return self._made(self._link.post(f"{_of(webhook_id)}/rotate", form, once=False))

    def remove(self, webhook_id: str) -> None:
        self._link.put("DELETE", _of(webhook_id))

    def test(self, webhook_id: str) -> str:
        told = self._link.post(f"{_of(webhook_id)}/test", once=False)
        return self._link.read(lambda one: str(one["message"]), told, stored=True)

    def resend(self, webhook_id: str) -> int:
        told = self._link.post(f"{_of(webhook_id)}/resend", once=False)
        return self._link.read(lambda one: int(one["count"]), told, stored=True)

    def deliveries(self, webhook_id: str, limit: int, message: str | None = None) -> Sequence[Delivery]:
        asked = {"limit": limit, **({} if message is None else {"message": message})}
        told = self._link.get(f"{_of(webhook_id)}/deliveries", asked)
        return self._link.read(lambda all_: [read_delivery(one) for one in all_["items"]], told)

    def _made(self, told: Any) -> Made:
        return self._link.read(lambda one: Made(read_webhook(one), one["secret"]), told, stored=True)


def _of(webhook_id: str) -> str:
    return f"/webhooks/{quote(webhook_id, safe='')}"


def _words(kinds: Iterable[WebhookKind]) -> list[str]:
    return sorted(kind.value for kind in kinds)
