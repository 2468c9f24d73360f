"""Notice before the end: planned with the enforcement tick, sent by a task of its own.

claim → send → apply. What is claimed is committed before anything is sent, and no transaction is open while it is. A sender that
dies in between leaves a lease that runs out, and the notice is sent once more, under the same key: at least once, never lost.
"""

from __future__ import annotations

import uuid
from collections.abc import Mapping
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
from im.domain.notice import ChannelName, Notice, NoticeState, parse_stages
from im.logs import log
from im.queue.tasks import Task

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
    tally: dict[str, int] = {}
    broken = set(ChannelName) - set(channels)  # somebody planned for it who had other settings: it is for them to send
    began = monotonic()
    while monotonic() - began < _ENOUGH:
        owner = str(uuid.uuid4())
        with ctx.begin() as connection:
            now = ctx.clock(connection)
            claimed = notices.claim(connection, now, _LEASE, owner, broken)
            if claimed is not None and claimed.state is NoticeState.LATE:
                log.error("a notice was not taken before its deadline", notice=claimed.id)
                vain = f"{claimed.channel} did not take it before the deadline"
                events.record(
                    connection, [Event(claimed.instance_id, now, EventKind.NOTICE_NOT_TAKEN, event.Channel.IM, vain, 0)]
                )
        if claimed is None:
            return _sentence(tally)
        outcome = claimed.state.value
        if claimed.notice is not None:
            outcome = _send(ctx, channels, claimed, claimed.notice, owner, now)
            if outcome == "refused":
                broken.add(claimed.notice.channel)
        tally[outcome] = tally.get(outcome, 0) + 1
    ctx.queue.ring(Task.NOTIFY)
    return f"{_sentence(tally)}; the rest follows"


def _send(
    ctx: Context,
    channels: Mapping[ChannelName, Channel],
    claimed: Claimed,
    notice: Notice,
    owner: str,
    now: datetime,
) -> str:
    error = ""
    try:
        channels[notice.channel].send(notice, now)
    except NotSent as exc:
        error = str(exc)
    except Exception as exc:  # a fault of ours must not keep the other notices from being sent
        log.exception("unexpected error in a channel", channel=notice.channel.value)
        error = f"unexpected {type(exc).__name__}; the worker's log has it"
    with ctx.begin() as connection:
        then = ctx.clock(connection)
        if error:
            wait = timedelta(seconds=min(60.0, 5.0 * 2 ** min(claimed.attempts, 5)))
            notices.failed(connection, claimed.id, owner, error, then + wait)
            if claimed.attempts == 1:
                events.record(connection, [_told(notice, then, EventKind.NOTICE_REFUSED, f"{notice.channel}: {error}")])
        elif notices.sent(connection, claimed.id, owner, then):
            told = f"by {notice.channel}, {format_duration(notice.expires_at - now)} before the deadline"
            events.record(connection, [_told(notice, then, EventKind.NOTICE_SENT, told)])
    if error:
        log.warning("a notice was not taken, it is sent again", channel=notice.channel.value, error=error)
        return "refused"
    return "sent"


def _told(notice: Notice, at: datetime, kind: EventKind, reason: str) -> Event:
    return Event(
        notice.instance_id, at, kind, event.Channel.IM, reason, 0, {"stage_seconds": int(notice.stage.total_seconds())}
    )


def _sentence(tally: Mapping[str, int]) -> str:
    if not tally:
        return "nothing to send"
    return ", ".join(f"{count} {outcome}" for outcome, count in sorted(tally.items()))
