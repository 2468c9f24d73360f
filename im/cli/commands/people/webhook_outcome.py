"""What becomes of a test of a webhook: waited for, by looking at its message. Who stops waiting stops nothing."""

from __future__ import annotations

import time
from datetime import timedelta
from typing import TYPE_CHECKING

from im.cli.output.wait import DATABASE_GRACE, LOOK_EVERY
from im.domain.errors import ImError, NotFound, Unavailable, WaitTimedOut
from im.domain.input.duration import format_duration
from im.domain.webhook.message import DeliveryState
from im.views.exits import Ended, Interrupted

if TYPE_CHECKING:
    from im.cli.backend.port import Webhooks
    from im.domain.webhook.message import Delivery


def first_answer(webhooks: Webhooks, webhook_id: str, message: str, timeout: timedelta) -> Delivery:
    """The message as its first attempt has left it. Raises Ended when there was none within `timeout`."""
    began = heard = time.monotonic()
    try:
        while True:
            try:
                found = webhooks.deliveries(webhook_id, 1, message)
                heard = time.monotonic()
                if not found:
                    raise NotFound("the message is there no more", f"im webhook deliveries {webhook_id}")
                if found[0].answered_at is not None or found[0].state is not DeliveryState.PENDING:
                    return found[0]
            except Unavailable as exc:
                if time.monotonic() - heard > DATABASE_GRACE:
                    raise Ended(exc) from None
            except NotFound as exc:  # somebody has removed the webhook meanwhile
                raise Ended(exc) from None
            if time.monotonic() - began >= timeout.total_seconds():
                raise Ended(_timed_out(webhook_id, message, timeout))
            time.sleep(LOOK_EVERY)
    except KeyboardInterrupt:
        told = f"stopped waiting for {message}, which is on its way all the same"
        raise Ended(Interrupted(told, f"im webhook deliveries {webhook_id} -n 1")) from None


def _timed_out(webhook_id: str, message: str, timeout: timedelta) -> ImError:
    told = f"no worker has sent {message} within {format_duration(timeout)}; it is sent as soon as one does"
    return WaitTimedOut(told, f"im doctor, and later im webhook deliveries {webhook_id} -n 1")
