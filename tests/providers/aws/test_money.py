"""Guard and prices as AWS has them, over the real protocols on the stand-in: what is sent, what comes back, what is refused."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import boto3
import pytest

from im.domain.money.bill import Item
from im.domain.state import Observed, OnExpiry
from im.providers.aws.api.clients import Clients
from im.providers.aws.deadline_guard import schedule_name
from im.providers.aws.provider import AwsProvider
from im.providers.aws.settings import AwsSettings
from im.providers.errors import Forbidden, ProviderError, Throttled, Unavailable
from im.providers.features import Guarded
from im.settings import Settings
from tests.machines import by_machine, machines
from tests.providers.clouds import DEPLOYMENT, REGION
from tests.providers.standin_room import StandInRoom

ROLE = "arn:aws:iam::123456789012:role/im-guard"


@pytest.fixture
def guarding(standin: StandInRoom, stepped_clients: Clients) -> AwsProvider:
    return AwsProvider(
        Settings(sandbox_url=standin.url, parts=(AwsSettings(guard_role=ROLE),)), DEPLOYMENT, stepped_clients
    )


@pytest.fixture
def schedules(standin: StandInRoom) -> Any:
    return boto3.client("scheduler", REGION, endpoint_url=standin.url, aws_access_key_id="t", aws_secret_access_key="t")


def now(room: StandInRoom) -> datetime:
    return datetime.fromtimestamp(room.control.now(), UTC)


def stop_at(at: datetime | None) -> Guarded:
    return Guarded(at, OnExpiry.STOP)


def test_a_guard_is_a_schedule_that_stops_the_machine_once(
    standin: StandInRoom, guarding: AwsProvider, schedules: Any
) -> None:
    (one,) = standin.running()
    at = now(standin).replace(microsecond=0) + timedelta(seconds=60)
    assert guarding.deadline_guard.set(standin.scope, by_machine({one: stop_at(at)})) == {}
    found = schedules.get_schedule(Name=schedule_name(DEPLOYMENT, one))
    assert found["ScheduleExpression"] == f"at({at:%Y-%m-%dT%H:%M:%S})"
    assert (found["Target"]["RoleArn"], found["ActionAfterCompletion"]) == (ROLE, "DELETE")
    standin.control.step(55)
    assert standin.states([one]) == {one: Observed.RUNNING}
    standin.control.step(30)
    assert standin.states([one]) == {one: Observed.STOPPED}
    assert schedules.list_schedules()["Schedules"] == []
    seen = guarding.describe(standin.scope, machines([one]))[one]
    assert seen.changed_at is not None
    assert abs(seen.changed_at - at) < timedelta(seconds=2)


def test_it_moves_is_set_again_after_it_fired_and_is_taken_away_twice(
    standin: StandInRoom, guarding: AwsProvider, schedules: Any
) -> None:
    (one,) = standin.running()
    for seconds in (60, 600, 600):
        at = now(standin) + timedelta(seconds=seconds)
        assert guarding.deadline_guard.set(standin.scope, by_machine({one: stop_at(at)})) == {}
    assert len(schedules.list_schedules()["Schedules"]) == 1
    standin.control.step(120)
    assert standin.states([one]) == {one: Observed.RUNNING}
    for _ in range(2):
        assert guarding.deadline_guard.set(standin.scope, by_machine({one: stop_at(None)})) == {}
    assert schedules.list_schedules()["Schedules"] == []
    standin.control.step(1200)
    assert standin.states([one]) == {one: Observed.RUNNING}


def test_a_schedule_that_outlived_its_machine_is_found_and_taken_away_and_no_other(
    standin: StandInRoom, guarding: AwsProvider, schedules: Any
) -> None:
    one, two = standin.running(2)
    later = stop_at(now(standin) + timedelta(hours=5))
    assert guarding.deadline_guard.set(standin.scope, by_machine({one: later, two: later})) == {}
    somebody = schedules.get_schedule(Name=schedule_name(DEPLOYMENT, one))["Target"]
    foreign = {
        "ScheduleExpression": "at(2040-01-01T00:00:00)",
        "FlexibleTimeWindow": {"Mode": "OFF"},
        "Target": somebody,
    }
    schedules.create_schedule(Name=f"im-00000000-{one}", **foreign)
    assert [o.used for o in guarding.leftovers.found(standin.scope) if o.kind == "schedule"] == [True, True]
    assert standin.provider.terminate(standin.scope, machines([one])).failed == {}
    standin.control.step(120)
    found = {o.name: o for o in guarding.leftovers.found(standin.scope) if o.kind == "schedule"}
    stray, living = found[schedule_name(DEPLOYMENT, one)], found[schedule_name(DEPLOYMENT, two)]
    assert (stray.used, living.used) == (False, True)
    assert list(guarding.leftovers.discard(standin.scope, [stray, living])) == [living.id]
    left = {o["Name"] for o in schedules.list_schedules()["Schedules"]}
    assert left == {living.name, f"im-00000000-{one}"}
    assert guarding.leftovers.discard(standin.scope, [stray]) == {}
    # who has no guards asks nothing of Scheduler
    assert [o for o in standin.provider.leftovers.found(standin.scope) if o.kind == "schedule"] == []


def test_a_cloud_that_cannot_stop_would_terminate(standin: StandInRoom, guarding: AwsProvider) -> None:
    (one,) = standin.running()
    assert (
        guarding.deadline_guard.set(
            standin.scope, by_machine({one: Guarded(now(standin) + timedelta(seconds=30), OnExpiry.TERMINATE)})
        )
        == {}
    )
    standin.control.step(60)
    assert standin.states([one]) == {one: Observed.TERMINATED}


def test_one_that_is_refused_does_not_keep_the_others_waiting(standin: StandInRoom, guarding: AwsProvider) -> None:
    ids = standin.running(3)
    standin.control.refuse("CreateSchedule", "AccessDeniedException", times=1)
    failed = guarding.deadline_guard.set(
        standin.scope, by_machine(dict.fromkeys(ids, stop_at(now(standin) + timedelta(hours=1))))
    )
    assert [type(exc) for exc in failed.values()] == [Forbidden]


def test_when_scheduler_is_ill_the_rest_is_left_for_later(standin: StandInRoom, guarding: AwsProvider) -> None:
    ids = standin.running(3)
    standin.control.refuse("CreateSchedule", "ThrottlingException", times=1)
    failed = guarding.deadline_guard.set(
        standin.scope, by_machine(dict.fromkeys(ids, stop_at(now(standin) + timedelta(hours=1))))
    )
    assert [type(failed[one]) for one in ids] == [Throttled, Unavailable, Unavailable]
    assert len(standin.control.calls("CreateSchedule")) <= 1


def test_without_a_role_it_is_said_where_to_put_it(standin: StandInRoom) -> None:
    (one,) = standin.running()
    failed = standin.provider.deadline_guard.set(
        standin.scope, by_machine({one: stop_at(now(standin) + timedelta(hours=1))})
    )
    assert "IM_GUARD_ROLE" in failed[one].message


def item(name: str, region: str = REGION, market: str = "on_demand") -> Item:
    return Item("aws", region, name, market)


def test_prices_come_from_the_price_list_with_their_date(standin: StandInRoom) -> None:
    wanted = [
        item("t2.nano"),
        item("disk:gp3"),
        item("ipv4"),
        item("t2.nano", market="spot"),
        item("t2.nano", "mars-1"),
    ]
    found = standin.provider.prices.fetch(standin.scope, wanted)
    assert {one.name: [price.usd for price in prices] for one, prices in found.items()} == {
        "t2.nano": [Decimal("0.0058")],
        "disk:gp3": [Decimal("0.08")],
    }
    sources = {price.source for prices in found.values() for price in prices}
    assert sources == {"AWS price list, in force since 2026-02-01"}


def test_windows_has_its_licence_in_the_price(standin: StandInRoom) -> None:
    linux, windows = item("t3.large"), item("t3.large", market="windows")
    found = standin.provider.prices.fetch(standin.scope, [linux, windows])
    assert found[windows][0].usd > found[linux][0].usd


def test_a_price_that_changed_is_the_new_one(standin: StandInRoom) -> None:
    standin.control.price("t3.micro", "0.0204")
    (price,) = standin.provider.prices.fetch(standin.scope, [item("t3.micro")])[item("t3.micro")]
    assert price.usd == Decimal("0.0204")


def test_a_price_list_that_is_ill_is_an_error_and_no_price(standin: StandInRoom) -> None:
    standin.control.refuse("GetProducts", "AccessDeniedException", times=1)
    with pytest.raises(ProviderError):
        standin.provider.prices.fetch(standin.scope, [item("t2.nano")])
