"""metrics: what a monitoring system should watch, read from Postgres at the moment it asks; no process has to be scraped."""

from __future__ import annotations

import platform
from collections import Counter
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Protocol

from im import __version__
from im.db import rate_limits, ticks
from im.db.health import counters as counted
from im.db.read import health, instances
from im.db.webhooks import deliveries, hooks
from im.services.health import alarms, counters, metrics_money
from im.services.health.metrics_broker import Broker

if TYPE_CHECKING:
    from datetime import datetime

    from prometheus_client.core import GaugeMetricFamily, Metric
    from sqlalchemy import Connection

    from im.context import Context

PATIENCE = 2.0
"""Seconds that a scrape waits for the broker, once: what it answers later is told by the next."""


class Families(Protocol):
    """What a registry asks."""

    def collect(self) -> Iterable[Metric]: ...


class Collector:
    """For a registry of prometheus_client: each scrape is one transaction. `patience`: for the broker, in seconds."""

    def __init__(self, ctx: Context, patience: float = PATIENCE) -> None:
        self._ctx = ctx
        self._broker = Broker(ctx, patience)

    def collect(self) -> Iterator[Metric]:
        with self._ctx.begin() as connection:
            now = self._ctx.clock(connection)
            found: list[Metric] = [
                *_instances(connection),
                *_deadlines(connection, now),
                *_scopes(connection, now),
                *_ticks(connection, now),
                *_trouble(connection, now),
                *metrics_money.families(connection, now, gauge),
                *_webhooks(connection, now),
                *counters.families(counted.listed(connection)),
            ]
        yield from found
        yield from self._broker.families(gauge)
        built = gauge("build_info", "Which version tells this.", "version", "python")
        built.add_metric([__version__, platform.python_version()], 1)
        yield built


def gauge(name: str, says: str, *labels: str) -> GaugeMetricFamily:
    from prometheus_client.core import GaugeMetricFamily

    return GaugeMetricFamily(f"im_{name}", says, labels=labels)


def _instances(connection: Connection) -> Iterator[GaugeMetricFamily]:
    rows = instances.listed(connection, everything=False, owner=None)
    count = gauge("instances", "Living instances by what is desired and observed.", "desired", "observed")
    for (desired, observed), number in Counter((r.desired.value, r.observed.value) for r in rows).items():
        count.add_metric([desired, observed], number)
    unsettled = gauge("unsettled", "Instances on their way to what is desired, and given up.", "state")
    unsettled.add_metric(["moving"], sum(not r.settled and not r.failed for r in rows))
    unsettled.add_metric(["failed"], sum(r.failed for r in rows))
    yield from (count, unsettled)


def _deadlines(connection: Connection, now: datetime) -> Iterator[GaugeMetricFamily]:
    late = gauge("past_deadline_machines", "Machines past their deadline, running or not verifiable.", "scope", "blind")
    over = gauge("past_deadline_seconds", "The longest time past a deadline.", "scope")
    money = gauge("past_deadline_usd", "What the time past deadlines costs if all of them run.", "scope")
    for one in alarms.standing(connection, now):
        place = str(one.scope)
        late.add_metric([place, str(one.blind is not None).lower()], len(one.machines))
        over.add_metric([place], one.longest.total_seconds())
        if one.usd is not None:
            money.add_metric([place], float(one.usd))
    yield from (late, over, money)


def _scopes(connection: Connection, now: datetime) -> Iterator[GaugeMetricFamily]:
    fresh = gauge("scope_age_seconds", "Since the last complete listing of a scope began.", "scope")
    seen_at = gauge("scope_last_refresh_timestamp_seconds", "When the last complete listing of a scope began.", "scope")
    failing = gauge("scope_failing_seconds", "Since a scope can no longer be listed; 0 while it can.", "scope")
    for scope, state in health.sight(connection).scopes.items():
        if state.refreshed_at is not None:
            fresh.add_metric([str(scope)], (now - state.refreshed_at).total_seconds())
            seen_at.add_metric([str(scope)], state.refreshed_at.timestamp())
        failing.add_metric([str(scope)], (now - state.failing_since).total_seconds() if state.failing_since else 0)
    bucket = gauge(
        "bucket_tokens", "Calls, or machines in them, that a scope had left when one was last taken.", "scope", "verb"
    )
    for scope, verb, tokens in rate_limits.left(connection):
        bucket.add_metric([str(scope), verb], tokens)
    yield from (fresh, seen_at, failing, bucket)


def _ticks(connection: Connection, now: datetime) -> Iterator[GaugeMetricFamily]:
    ages = ticks.ages(connection, now)
    age = gauge("tick_age_seconds", "Since a slot of this tick was last claimed.", "tick")
    claimed_at = gauge("tick_last_claimed_timestamp_seconds", "When a slot of this tick was last claimed.", "tick")
    for name in ("refresh", "enforce_ttl"):
        age.add_metric([name], ages[name].total_seconds() if name in ages else float("inf"))
        if name in ages:
            claimed_at.add_metric([name], (now - ages[name]).timestamp())
    yield from (age, claimed_at)


def _webhooks(connection: Connection, now: datetime) -> Iterator[GaugeMetricFamily]:
    webhooks = gauge("webhooks", "Webhooks: on, failing (they take nothing), or off.", "state")
    for state, number in hooks.count_by_state(connection).items():
        webhooks.add_metric([state], number)
    standing = deliveries.standing(connection, now)
    pending = gauge("webhook_messages_pending", "Messages of webhooks that are on which were not taken so far.")
    pending.add_metric([], standing.pending)
    oldest = gauge("webhook_oldest_pending_seconds", "Since the oldest of these was put down; 0 without any.")
    oldest.add_metric([], (now - standing.oldest).total_seconds() if standing.oldest else 0)
    waiting = gauge("webhook_messages_waiting", "Messages of webhooks that were not taken for five minutes.")
    waiting.add_metric([], standing.waiting)
    dead = gauge("webhook_messages_dead", "Messages of webhooks of the last day that were given up.")
    dead.add_metric([], standing.dead)
    yield from (webhooks, pending, oldest, waiting, dead)


def _trouble(connection: Connection, now: datetime) -> Iterator[GaugeMetricFamily]:
    reasons = gauge("holds", "Reasons for which deadlines are held.", "kind")
    for kind, number in Counter(h.kind.value for h in health.holds(connection, now)).items():
        reasons.add_metric([kind], number)
    lost = gauge("orphans", "Machines of ours without a row.")
    lost.add_metric([], health.sight(connection).orphans.count)
    yield from (reasons, lost)


def exposition(ctx: Context) -> str:
    """The Prometheus text format, of the broker too if it answers."""
    return text_of(Collector(ctx, patience=10.0))


def text_of(collector: Families) -> str:
    from prometheus_client import CollectorRegistry, generate_latest

    registry = CollectorRegistry(auto_describe=False)
    registry.register(collector)
    return generate_latest(registry).decode()
