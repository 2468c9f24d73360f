"""Metrics: what workers count is added up in Postgres, once, and told as Prometheus reads it."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

import pytest
from prometheus_client.parser import text_string_to_metric_families
from sqlalchemy import Connection, event

from im.counted import OUTCOMES, TALLY
from im.db.engine import Database
from im.domain.access import Actor, Role
from im.domain.errors import Denied, OverLimit, Unavailable
from im.domain.event import Channel
from im.domain.people.quota import Quota, QuotaFor
from im.domain.state import Observed
from im.providers.errors import Throttled
from im.providers.measured import measured
from im.services.health.counters import fold
from im.services.health.metrics import Collector, exposition
from im.services.health.workers import Workers
from im.services.people import quotas
from im.services.requests import change
from tests.people import person
from tests.world import World, database_of


def told(world: World) -> dict[str, float]:
    """Sample and its labels → value, as a scraper reads them."""
    fold(world.ctx)
    return read(exposition(world.ctx))


def read(text: str) -> dict[str, float]:
    return {
        one.name + "".join(f",{name}={value}" for name, value in sorted(one.labels.items())): one.value
        for family in text_string_to_metric_families(text)
        for one in family.samples
    }


def test_a_life_is_counted_step_by_step(world: World) -> None:
    world.cloud.takes = world.cloud.takes * 2  # 6 s to run, and 6 to stop
    world.create(seconds=60)
    world.advance(90)
    assert world.at_cloud() is Observed.STOPPED
    found = told(world)
    assert found["im_launch_duration_seconds_count,provider=fake"] == 1
    assert 6 <= found["im_launch_duration_seconds_sum,provider=fake"] <= 10
    assert found["im_settle_duration_seconds_count,desired=running"] == 1
    assert found["im_settle_duration_seconds_count,desired=stopped"] == 1
    assert 6 <= found["im_settle_duration_seconds_sum,desired=stopped"] <= 10
    assert found["im_overrun_seconds_count"] == 1
    assert found["im_overrun_seconds_sum"] < 1  # the stop was asked for at the deadline, and charged no longer
    assert found["im_reconcile_outcomes_total,code=ok,step=launch"] == 1
    assert found["im_reconcile_outcomes_total,code=ok,step=stop"] == 1
    assert found["im_tick_lag_seconds_count,tick=refresh"] >= 7


def test_what_the_refresh_is_the_first_to_see_counts_the_same(world: World) -> None:
    world.create(seconds=600)
    world.advance(1)
    world.lose_messages()  # nobody is rung to look again
    world.tamper(next_attempt_at=world.now.replace(year=2031))
    world.advance(15)
    assert world.row().observed is Observed.RUNNING
    assert told(world)["im_launch_duration_seconds_count,provider=fake"] == 1


def test_an_overrun_is_the_time_for_which_it_ran_on(world: World) -> None:
    world.create(seconds=60)
    world.advance(30)
    world.beat = world.worker = False
    world.lose_messages()
    world.advance(75)
    world.beat = world.worker = True
    world.advance(40)
    found = told(world)
    assert found["im_overrun_seconds_count"] == 1
    assert 45 <= found["im_overrun_seconds_sum"] <= 70
    assert found["im_overrun_seconds_bucket,le=30.0"] == 0
    assert found["im_overrun_seconds_bucket,le=+Inf"] == 1


def test_a_stop_that_somebody_asked_for_is_no_overrun(world: World) -> None:
    world.create(seconds=600)
    world.advance(20)
    world.stop("web")
    world.advance(20)
    assert "im_overrun_seconds_count" not in told(world)


def test_a_refusal_is_counted_with_its_code_and_each_time(world: World) -> None:
    world.create(seconds=30)
    world.advance(20)
    world.cloud.fail_next("stop", Throttled("slow down"), times=2)
    world.advance(60)
    found = told(world)
    assert found["im_reconcile_outcomes_total,code=throttled,step=stop"] == 2
    assert found["im_reconcile_outcomes_total,code=ok,step=stop"] == 1


def test_two_processes_add_to_one_number_and_a_second_fold_adds_nothing(world: World) -> None:
    OUTCOMES.add("stop", "ok", by=2)
    assert fold(world.ctx) == 1
    assert fold(world.ctx) == 0
    TALLY.forget()  # another process
    OUTCOMES.add("stop", "ok", by=3)
    assert told(world)["im_reconcile_outcomes_total,code=ok,step=stop"] == 5


def test_a_fold_is_one_statement_however_much_was_counted(world: World) -> None:
    for step in ("start", "stop", "look", "launch"):
        for number in range(15):
            OUTCOMES.add(step, f"code-{number}")
    with statements(world.ctx.settings.database_url) as seen:
        assert fold(world.ctx) == 60
    assert [one.split()[0] for one in seen] == ["INSERT"]


def test_a_tick_asks_for_no_statement_more_to_be_measured(world: World) -> None:
    world.advance(30)
    with statements(world.ctx.settings.database_url) as seen:
        world.advance(10)
    assert not [one for one in seen if "counters" in one]


@contextmanager
def statements(url: str) -> Iterator[list[str]]:
    seen: list[str] = []

    def note(_connection: Connection, _cursor: object, statement: str, *_: object) -> None:
        seen.append(statement)

    database: Database = database_of(url)
    event.listen(database.engine, "before_cursor_execute", note)
    try:
        yield seen
    finally:
        event.remove(database.engine, "before_cursor_execute", note)


def test_what_cannot_be_written_is_written_later(world: World) -> None:
    def away() -> Any:
        raise Unavailable("no database", "")

    OUTCOMES.add("stop", "ok")
    with pytest.raises(Unavailable):
        fold(replace(world.ctx, transaction=away))
    assert told(world)["im_reconcile_outcomes_total,code=ok,step=stop"] == 1


def test_every_call_to_a_cloud_is_counted_pages_and_abilities_too(world: World) -> None:
    world.provider = measured(world.provider, "fake")
    world.create(seconds=60)
    world.advance(20)
    world.protect("web", on=True)
    world.advance(10)
    world.cloud.fail_next("listing", Throttled("slow down"))
    world.advance(60)
    found = told(world)
    assert found["im_cloud_calls_total,code=ok,operation=launch,provider=fake"] == 1
    assert found["im_cloud_calls_total,code=ok,operation=stop,provider=fake"] == 1
    assert found["im_cloud_calls_total,code=throttled,operation=list,provider=fake"] == 1
    assert found["im_cloud_calls_total,code=ok,operation=list,provider=fake"] >= 5
    assert found["im_cloud_calls_total,code=ok,operation=protection.set,provider=fake"] == 1
    assert found["im_cloud_call_duration_seconds_count,operation=stop,provider=fake"] == 1


def test_who_was_refused_is_counted_by_the_verb_and_by_the_limit(world: World) -> None:
    world.create(seconds=600)
    viewer = Actor("vera", frozenset({Role.VIEWER}), Channel.API)
    with pytest.raises(Denied):
        change.stop(world.ctx, [world.row().id], actor=viewer)
    quotas.write(world.ctx, Quota(QuotaFor.USER, "ada", live=1), actor=person("root"))
    with pytest.raises(OverLimit):
        world.create("second")
    found = told(world)
    assert found["im_denied_total,verb=stop"] == 1
    assert found["im_quota_refused_total,limit=quota"] == 1


def test_times_are_told_as_moments_too(world: World) -> None:
    world.create(seconds=600)
    world.advance(40)
    found = told(world)
    now = world.now.timestamp()
    assert found["im_tick_last_claimed_timestamp_seconds,tick=refresh"] == now
    assert found["im_scope_last_refresh_timestamp_seconds,scope=fake/default/fake-1"] == now
    assert [one for one in found if one.startswith("im_build_info,python=")]


def test_without_a_broker_its_numbers_are_absent_and_not_nothing(world: World) -> None:
    found = told(world)
    assert not [one for one in found if one.startswith(("im_queue_messages", "im_workers"))]


def test_a_broker_that_goes_away_takes_its_numbers_with_it(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    from im.queue.inspect import Worker

    answers: list[Workers | Exception] = [
        Workers({"a": Worker(frozenset()), "b": Worker(frozenset(), busy=2)}, {"im.deadlines": 7}),
        Unavailable("the broker is away", ""),
    ]

    def ask(_: object) -> Workers:
        answer = answers.pop(0)
        if isinstance(answer, Exception):
            raise answer
        return answer

    monkeypatch.setattr("im.services.health.metrics_broker.workers", ask)
    monkeypatch.setattr("im.services.health.metrics_broker._FRESH", 0)
    collector = Collector(world.ctx, patience=10)
    first = samples(collector)
    assert (first["im_queue_messages", "im.deadlines"], first["im_workers", "busy"]) == (7, 1)
    samples(collector)
    assert collector._broker._asking is not None
    collector._broker._asking.result(10)
    answers.append(Unavailable("still", ""))
    assert ("im_workers", "busy") not in samples(collector)


def samples(collector: Collector) -> Mapping[tuple[str, ...], float]:
    return {(one.name, *one.labels.values()): one.value for f in collector.collect() for one in f.samples}


def test_a_budget_tells_how_full_it_is(world: World) -> None:
    from decimal import Decimal

    from im.services.money import budgets

    assert "im_budget_used_ratio" not in told(world)
    budgets.write(world.ctx, "", Decimal(100), actor=person("root"))
    budgets.write(world.ctx, "ada", Decimal(0), actor=person("root"))
    assert told(world)["im_budget_used_ratio"] == 0
    budgets.write(world.ctx, "ada", Decimal(1), actor=person("root"))
    world.create(seconds=3600)
    assert 0 < told(world)["im_budget_used_ratio"] < math.inf
