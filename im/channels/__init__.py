"""The ways a notice leaves the house: a webhook, Slack, mail. Each sends one and says whether it was taken; none keeps anything."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from im.channels.channel import Channel, NotSent
from im.domain.notice import ChannelName

if TYPE_CHECKING:
    from im.settings import Settings

__all__ = ["Channel", "NotSent", "configured", "names"]


def configured(settings: Settings) -> Mapping[ChannelName, Channel]:
    """The channels that the settings name; heavy imports happen for these alone. Raises Refused for what cannot be."""
    found: dict[ChannelName, Channel] = {}
    if settings.notice_webhook:
        from im.channels.http import Webhook

        found[ChannelName.WEBHOOK] = Webhook(settings.notice_webhook)
    if settings.notice_slack:
        from im.channels.http import Slack

        found[ChannelName.SLACK] = Slack(settings.notice_slack)
    if settings.notice_smtp:
        from im.channels.mail import Mail

        found[ChannelName.MAIL] = Mail(settings.notice_smtp, settings.notice_mail_from, settings.notice_mail_to)
    return found


def names(settings: Settings) -> tuple[ChannelName, ...]:
    """The same, without making them."""
    given = {
        ChannelName.WEBHOOK: settings.notice_webhook,
        ChannelName.SLACK: settings.notice_slack,
        ChannelName.MAIL: settings.notice_smtp,
    }
    return tuple(name for name, url in given.items() if url)
