"""Notice before the end: planned with the enforcement tick, sent by a task of its own.

A sender that dies between claim and apply leaves a lease that runs out, and the notice is sent once more, under the same key: at
least once, never lost.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import timedelta
from time import monotonic
from typing import TYPE_CHECKING

from im.channels import Channel, NotSent, configured, names
from im.db import events, marks, notices
from im.db.notices import Claimed
from im.domain import event
from im.domain.errors import ImError
from im.domain.event import Event, EventKind
from im.domain.input.duration import format_duration
from im.domain.money.forecast import goes_on_costing
from im.domain.notice import ChannelName, Notice, NoticeState, parse_stages
from im.logs import log
from im.providers.errors import ProviderError
from im.queue.tasks import Task
from im.services.batches import Batch, Transaction, drive
from im.services.money.rules import rules_of
from im.services.requests.shelving import keeps_address

if TYPE_CHECKING:
    from datetime import datetime

    from im.context import Context

_LEASE = timedelta(seconds=60)
"""Above the slowest channel's time-outs."""
_ENOUGH = 60.0
"""Seconds after which one task hands the rest over to the next, far below its time limit."""


def plan_notices(ctx: Context) -> None:
    """Put down what has become due since the last tick, and ring for whatever can be sent."""
    channels = names(ctx.settings)
    with ctx.begin() as connection:
        now = ctx.clock(connection)
        if channels:
            notices.plan(connection, parse_stages(ctx.settings.notice_stages), channels, now)
        waiting = notices.waiting(connection, now)
    if waiting:
        ctx.queue.ring(Task.NOTIFY)


def notify(ctx: Context) -> str:
    """Send what is due, the most urgent first. A channel that does not take one is left alone until the next doorbell.

    A copied database sends nothing: the original does.
    """
    with ctx.begin() as connection:
        if marks.is_copy(connection):
            return "nothing sent: this database is a copy until `im db resume`"
    try:
        channels = configured(ctx.settings)
    except ImError as exc:
        log.error("notices cannot be sent", error=exc.message)
        return f"nothing sent: {exc.message}"
    # somebody planned for the others who had other settings: it is for them to send
    job = _Notices(ctx, channels, broken=set(ChannelName) - set(channels))
    began = monotonic()
    told = _sentence(Counter(drive(ctx, job, goes_on=lambda: monotonic() - began < _ENOUGH)))
    if job.all_sent:
        return told
    ctx.queue.ring(Task.NOTIFY)
    return f"{told}; the rest follows"


@dataclass(slots=True)
class _Notices:
    """One after the other; a line is what became of one."""

    ctx: Context
    channels: Mapping[ChannelName, Channel]
    broken: set[ChannelName]
    """Left alone: they did not take one just now."""
    all_sent: bool = False

    def claim(self, tx: Transaction, owner: str) -> Batch[Claimed] | None:
        now = self.ctx.clock(tx.connection)
        claimed = notices.claim(tx.connection, now, _LEASE, owner, self.broken)
        if claimed is None:
            self.all_sent = True
            return None
        if claimed.state is NoticeState.LATE:
            log.error("a notice was not taken before its deadline", notice=claimed.id)
            vain = f"{claimed.channel} did not take it before the deadline"
            events.record(
                tx.connection, [Event(claimed.instance_id, now, EventKind.NOTICE_NOT_TAKEN, event.Channel.IM, vain, 0)]
            )
        told = claimed.state.value if claimed.notice is None else ""
        return Batch(owner, [claimed], now, more=True, told=told)

    def call(self, batch: Batch[Claimed]) -> str:
        """Empty, or why the channel did not take it."""
        notice = _notice_of(batch)
        try:
            self.channels[notice.channel].send(notice, batch.claimed_at)
        except NotSent as exc:
            return str(exc)
        return ""

    def failed(self, batch: Batch[Claimed], error: ProviderError) -> str:
        return error.message

    def apply(self, tx: Transaction, batch: Batch[Claimed], error: str) -> list[str]:
        (claimed,), notice, now = batch.rows, _notice_of(batch), self.ctx.clock(tx.connection)
        if not error:
            if notices.sent(tx.connection, claimed.id, batch.owner, now):
                before = format_duration(notice.expires_at - batch.claimed_at)
                told = f"by {notice.channel}, {before} before the deadline"
                events.record(tx.connection, [_event(notice, now, EventKind.NOTICE_SENT, told)])
            return ["sent"]
        wait = timedelta(seconds=min(60.0, 5.0 * 2 ** min(claimed.attempts, 5)))
        notices.failed(tx.connection, claimed.id, batch.owner, error, now + wait)
        if claimed.attempts == 1:
            events.record(tx.connection, [_event(notice, now, EventKind.NOTICE_REFUSED, f"{notice.channel}: {error}")])
        log.warning("a notice was not taken, it is sent again", channel=notice.channel.value, error=error)
        self.broken.add(notice.channel)
        return ["refused"]


def _notice_of(batch: Batch[Claimed]) -> Notice:
    (claimed,) = batch.rows
    assert claimed.notice is not None  # else its claim has settled it
    billing = rules_of(claimed.instance.scope)
    notice = replace(claimed.notice, keeps_address=keeps_address(claimed.instance.scope.provider))
    if not goes_on_costing(claimed.instance, billing):
        return notice
    return replace(notice, goes_on=billing.of_a_stop)


def _event(notice: Notice, at: datetime, kind: EventKind, reason: str) -> Event:
    return Event(
        notice.instance_id, at, kind, event.Channel.IM, reason, 0, {"stage_seconds": int(notice.stage.total_seconds())}
    )


def _sentence(tally: Mapping[str, int]) -> str:
    if not tally:
        return "nothing to send"
    return ", ".join(f"{count} {outcome}" for outcome, count in sorted(tally.items()))
