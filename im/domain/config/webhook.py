"""What workers and the API have to be told of webhooks."""

from __future__ import annotations

from dataclasses import dataclass

from im.domain.webhook.target import Network, read_networks
from im.setting import setting, through


@dataclass(frozen=True, slots=True)
class WebhookSettings:
    webhook_private: tuple[Network, ...] = setting(
        "IM_WEBHOOK_PRIVATE",
        (),
        "private networks that webhooks may go to, as `10.20.0.0/16, 127.0.0.1`; every other is refused (docs/webhooks.md)",
        parse=through(read_networks),
    )
