"""metrics: what a monitoring system should watch, read from Postgres at the moment it asks; no process has to be scraped."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from typing import TYPE_CHECKING

from im.db import ticks
from im.db.read import health, instances
from im.services.health import alarms, metrics_money

if TYPE_CHECKING:
    from prometheus_client.core import GaugeMetricFamily

    from im.context import Context


class Collector:
    """For a registry of prometheus_client: each scrape is one transaction."""

    def __init__(self, ctx: Context) -> None:
        self._ctx = ctx

    def collect(self) -> Iterator[GaugeMetricFamily]:
        from prometheus_client.core import GaugeMetricFamily

        def gauge(name: str, says: str, *labels: str) -> GaugeMetricFamily:
            return GaugeMetricFamily(f"im_{name}", says, labels=labels)

        with self._ctx.begin() as connection:
            now = self._ctx.clock(connection)
            rows = instances.listed(connection, everything=False, owner=None)
            seen = health.scopes(connection)
            ages = ticks.ages(connection, now)
            held = health.holds(connection, now)
            found = alarms.standing(connection, now)
            strays = health.orphans(connection).count
            money_families = list(metrics_money.families(connection, now, gauge))

        count = gauge("instances", "Living instances by what is desired and observed.", "desired", "observed")
        for (desired, observed), number in Counter((r.desired.value, r.observed.value) for r in rows).items():
            count.add_metric([desired, observed], number)
        yield count
        unsettled = gauge("unsettled", "Instances on their way to what is desired, and given up.", "state")
        unsettled.add_metric(["moving"], sum(not r.settled and not r.failed for r in rows))
        unsettled.add_metric(["failed"], sum(r.failed for r in rows))
        yield unsettled
        late = gauge(
            "past_deadline_machines", "Machines past their deadline, running or not verifiable.", "scope", "blind"
        )
        over = gauge("past_deadline_seconds", "The longest time past a deadline.", "scope")
        money = gauge("past_deadline_usd", "What the time past deadlines costs if all of them run.", "scope")
        for one in found:
            place = str(one.scope)
            late.add_metric([place, str(one.blind is not None).lower()], len(one.machines))
            over.add_metric([place], one.longest.total_seconds())
            if one.usd is not None:
                money.add_metric([place], float(one.usd))
        yield from (late, over, money)
        fresh = gauge("scope_age_seconds", "Since the last complete listing of a scope began.", "scope")
        failing = gauge("scope_failing_seconds", "Since a scope can no longer be listed; 0 while it can.", "scope")
        for scope, state in seen.items():
            if state.refreshed_at is not None:
                fresh.add_metric([str(scope)], (now - state.refreshed_at).total_seconds())
            failing.add_metric([str(scope)], (now - state.failing_since).total_seconds() if state.failing_since else 0)
        yield from (fresh, failing)
        age = gauge("tick_age_seconds", "Since a slot of this tick was last claimed.", "tick")
        for name in ("refresh", "enforce_ttl"):
            age.add_metric([name], ages[name].total_seconds() if name in ages else float("inf"))
        yield age
        reasons = gauge("holds", "Reasons for which deadlines are held.", "kind")
        for kind, number in Counter(h.kind.value for h in held).items():
            reasons.add_metric([kind], number)
        yield reasons
        lost = gauge("orphans", "Machines of ours without a row.")
        lost.add_metric([], strays)
        yield lost
        yield from money_families


def exposition(ctx: Context) -> str:
    """The Prometheus text format."""
    from prometheus_client import CollectorRegistry, generate_latest

    registry = CollectorRegistry(auto_describe=False)
    registry.register(Collector(ctx))
    return generate_latest(registry).decode()
