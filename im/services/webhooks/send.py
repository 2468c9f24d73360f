"""Messages are sent: webhook by webhook, each in a lane of its own, so that a receiver that does not answer holds up nobody else.

A sender that dies between claim and apply leaves a lease that runs out, and the message is sent once more, under the same id: at
least once, never lost while there are attempts left.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from functools import partial
from time import monotonic
from typing import TYPE_CHECKING

from im import counted
from im.channels.channel import NotSent
from im.channels.guarded import Reply, post
from im.db import marks
from im.db.people import audit
from im.db.webhooks import deliveries, hooks
from im.db.webhooks.deliveries import Claimed
from im.domain.access import Actor
from im.domain.config.webhook import WebhookSettings
from im.domain.errors import Refused
from im.domain.event import Channel
from im.domain.input.duration import format_duration
from im.domain.webhook.message import GONE, Delivery, headers, next_attempt
from im.domain.webhook.target import read_target
from im.logs import log
from im.providers.errors import ProviderError
from im.scope_threads import Lane
from im.services.batches import Batch, Transaction, drive

if TYPE_CHECKING:
    from datetime import datetime

    from im.context import Context

_LEASE = timedelta(seconds=60)
"""Above what a resolver and the channel's time-outs take together."""
_ENOUGH = 20.0
"""Seconds after which a lane leaves the rest of its webhook to the next doorbell."""


def send(ctx: Context) -> str:
    """Send what is due. A webhook that does not take one is left alone until the next doorbell.

    A copied database sends nothing: the original does.
    """
    with ctx.begin() as connection:
        if marks.is_copy(connection):
            return "nothing sent: this database is a copy until `im db resume`"
        waiting = deliveries.waiting(connection, ctx.clock(connection))
    works: dict[Lane, Callable[[], list[str]]] = {
        Lane("webhook", webhook_id, f"webhook/{webhook_id}"): partial(_send_to, ctx, webhook_id)
        for webhook_id in waiting
    }
    done = ctx.lanes.run(works)
    told = _sentence(Counter(line for lines in done.values() for line in lines))
    late = len(works) - len(done)
    return f"{told}; {late} webhooks take their time" if late else told


def _send_to(ctx: Context, webhook_id: str) -> list[str]:
    began = monotonic()
    return drive(ctx, _Deliveries(ctx, webhook_id), goes_on=lambda: monotonic() - began < _ENOUGH)


@dataclass(slots=True)
class _Deliveries:
    """Those of one webhook, one after the other, until one is not taken; a line is what became of one."""

    ctx: Context
    webhook_id: str

    def claim(self, tx: Transaction, owner: str) -> Batch[Claimed] | None:
        now = self.ctx.clock(tx.connection)
        claimed = deliveries.claim(tx.connection, self.webhook_id, now, _LEASE, owner)
        if claimed is None:
            return None
        return Batch(owner, [claimed], now, more=True, told="moot" if claimed.moot else "")

    def call(self, batch: Batch[Claimed]) -> Reply | str:
        """The receiver's answer, or why there is none."""
        (claimed,) = batch.rows
        body = claimed.body.encode()
        proof = headers(claimed.secrets, claimed.delivery.id, batch.claimed_at, body)
        allowed = self.ctx.settings.own(WebhookSettings).webhook_private
        try:
            return post(read_target(claimed.webhook.url), body, proof, allowed)
        except NotSent as exc:
            return str(exc)
        except Refused as exc:  # stored by a version that took it
            return exc.message

    def failed(self, batch: Batch[Claimed], error: ProviderError) -> Reply | str:
        return error.message

    def apply(self, tx: Transaction, batch: Batch[Claimed], answer: Reply | str) -> list[str]:
        (claimed,), now = batch.rows, self.ctx.clock(tx.connection)
        delivery, status = claimed.delivery, answer.status if isinstance(answer, Reply) else None
        if status is not None and 200 <= status < 300:
            hooks.answered(tx.connection, self.webhook_id, status, None, now)
            deliveries.taken(tx.connection, delivery.id, batch.owner, status, now)
            counted.WEBHOOKS.add("taken")
            return ["taken"]
        batch.more = False
        after = answer.after if isinstance(answer, Reply) else None
        error = answer if isinstance(answer, str) else f"{read_target(claimed.webhook.url).where} answered {status}"
        again_at = None if status == GONE else next_attempt(delivery.attempts, now, after)
        # the webhook's row first, as whoever removes it locks them
        hooks.answered(tx.connection, self.webhook_id, status, error, now)
        deliveries.refused(tx.connection, delivery.id, batch.owner, error, status=status, now=now, again_at=again_at)
        outcome = "dead" if again_at is None else "refused"
        if again_at is None:
            self._judge(tx, delivery, status, now)
        counted.WEBHOOKS.add(outcome)
        log.warning("a message was not taken", webhook=self.webhook_id, message=delivery.id, error=error, then=outcome)
        return [outcome]

    def _judge(self, tx: Transaction, dead: Delivery, status: int | None, now: datetime) -> None:
        """A receiver that wants nothing any more, or that took nothing for as long as a message is tried, is asked no more."""
        if status == GONE:
            because = f"its receiver answered {GONE}: it wants nothing any more"
        elif not deliveries.anything_taken_since(tx.connection, self.webhook_id, dead.made_at):
            because = f"it took nothing for {format_duration(now - dead.made_at)}"
        else:
            return
        hooks.switch_off(tx.connection, self.webhook_id, because, now)
        actor = Actor(Channel.IM.value, frozenset(), Channel.IM)
        audit.record(tx.connection, actor, "webhook disabled", self.webhook_id, because, now)
        log.warning("a webhook was switched off", webhook=self.webhook_id, because=because)


def _sentence(tally: Mapping[str, int]) -> str:
    if not tally:
        return "nothing to send"
    return ", ".join(f"{count} {outcome}" for outcome, count in sorted(tally.items()))
