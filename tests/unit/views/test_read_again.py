"""A document read again is the thing that it was made of, in all that people are shown."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from typing import Any

from hypothesis import given

from im.domain.access import Grant, Role
from im.domain.event import Event
from im.domain.explain.alarm import Alarm, Blind
from im.domain.explain.listing import Listing, ScopeHealth, Summary
from im.domain.explain.phase import phase
from im.domain.explain.why import why
from im.domain.guard import Guard, GuardKind
from im.domain.hold import Hold, HoldKind
from im.domain.instance import Instance
from im.domain.leftover import Leftover, Survey
from im.domain.lifecycle import ending
from im.domain.money.bill import Bill, Item, Known, Price, Window
from im.domain.money.budget import Budget
from im.domain.money.budget import Use as BudgetUse
from im.domain.money.cost import Cost
from im.domain.money.forecast import Rates
from im.domain.money.quote import Quote
from im.domain.money.report import Line, Report
from im.domain.money.rules import BillingRules, While
from im.domain.orphan import Orphan
from im.domain.people.entry import Entry
from im.domain.people.quota import Quota, QuotaFor, Taken
from im.domain.people.quota import Use as QuotaUse
from im.domain.people.token import Token
from im.domain.people.user import User, UserKind
from im.domain.sighting import Sighting
from im.domain.spec.disk import Disk
from im.domain.spec.firewall import Rule
from im.domain.spec.plan import Plan
from im.domain.spec.spec import Aside, Candidate
from im.domain.spec.spot import Spot
from im.domain.state import Observed, OnExpiry
from im.domain.webhook.kind import WISHED
from im.domain.webhook.message import Delivery, DeliveryState
from im.domain.webhook.webhook import Webhook
from im.services.requests.result import Answer, Change
from im.views.budget import budget_json, read_budget
from im.views.change import answer_json, read_answer
from im.views.cost import read_cost, read_report, report_json
from im.views.event import event_json, read_event
from im.views.guard import guard_json, read_guard
from im.views.health import fleet_json, read_fleet
from im.views.instance import instance_json, read_instance
from im.views.leftover import read_survey, survey_json
from im.views.orphan import orphan_json, read_orphan
from im.views.plan import Rehearsed, plan_json, read_plan
from im.views.price import price_json, read_price
from im.views.quota import quota_json, read_quota
from im.views.times import read_utc, utc
from im.views.user import audit_json, read_entry, read_token, read_user, token_json, user_json
from im.views.webhook import delivery_json, read_delivery, read_webhook, webhook_json
from im.views.words.times import sentence, time_left
from tests.unit.rows import NOW, rows
from tests.unit.rows import RUNNING as ROW

THIRD = Decimal(1) / Decimal(3)
RULES = BillingRules(While.THERE, While.THERE, timedelta(hours=1), Decimal("0.01"), timedelta(hours=1), True)
RATES = Rates(THIRD, Decimal("0.005"), None, "a list", True, RULES, Decimal(7), None)
BILL = Bill(THIRD, Decimal("0.1"), THIRD / 7, Decimal(0), THIRD, *[timedelta(seconds=1.5)] * 4, frozenset({"x9"}))
COST = Cost(BILL, RATES, THIRD, THIRD * 9, False, True)


def sent(document: Any) -> Any:
    """Over the wire and back."""
    return json.loads(json.dumps(document))


def to_the_millisecond(row: Instance) -> Instance:
    """Documents say no more of a moment."""
    names = ("expires_at", "observed_at", "interrupted_at", "closed_at")
    return replace(row, **{name: read_utc(utc(getattr(row, name))) for name in names})


@given(rows())
def test_an_instance_is_shown_the_same(any_row: Instance) -> None:
    row = to_the_millisecond(any_row)
    told = sent(instance_json(row, NOW, sandbox=True))
    again = read_instance(told)
    assert sent(instance_json(again, NOW, sandbox=True)) == told
    assert phase(again, NOW) == phase(row, NOW)
    assert why(again, NOW) == why(row, NOW)
    assert (sentence(again, NOW), time_left(again, NOW)) == (sentence(row, NOW), time_left(row, NOW))
    assert [ending(one, row.generation) for one in (row, again)] == [ending(row, row.generation)] * 2


def test_all_that_was_wished_of_it_and_what_it_costs() -> None:
    spec = replace(
        ROW.spec,
        firewall=(Rule("tcp", 22, 22, "10.0.0.0/8"), Rule("udp", 1, 9, "::/0")),
        disks=(Disk(50, "gp3", 4000, 250, False, True, "snap-1"), Disk()),
        spot=Spot(True, Decimal("0.050")),
        hibernate=True,
        public_ip=False,
        candidates=(Candidate("a", "z"), Candidate("b", "z")),
        user_data_aside=Aside("", 7),
        provider_options={"iam_role": "r", "subnet": "s", "vpc": "v", "type_because": "cheap"},
        tags={"team": "web"},
    )
    row = replace(ROW, spec=spec, candidate=1)
    told = sent(instance_json(row, NOW, sandbox=False, costs={row.id: COST}))
    again = read_instance(told)
    assert replace(again.spec, public_key=spec.public_key) == replace(spec, owner=row.owner)
    assert read_cost(told) == COST
    assert read_cost(sent(instance_json(row, NOW, sandbox=False))) is None


def test_what_an_older_server_did_not_say_is_not_needed() -> None:
    told = sent(instance_json(ROW, NOW, sandbox=True))
    for name in ("launching", "candidate", "interrupted_at", "subnet", "vpc", "type_because", "public_ip_wished"):
        del told[name]
    del told["candidates"], told["cost"]
    assert read_instance({**told, "more": "of a newer one"}) == read_instance(
        sent(instance_json(ROW, NOW, sandbox=True))
    )


def test_a_request_and_what_it_was_before() -> None:
    after = replace(ROW, expires_at=ROW.expires_at + timedelta(hours=1), owner="bob")
    answer = Answer((Change(ROW, after), Change(None, ROW)), NOW, False)
    read = read_answer(sent(answer_json(answer, sandbox=True, costs={})))
    assert sent(answer_json(read, sandbox=True, costs={})) == sent(answer_json(answer, sandbox=True, costs={}))
    assert (read.rang, read.now) == (False, NOW)
    assert read.changes[0].before is not None
    assert (read.changes[0].before.owner, read.changes[0].before.expires_at) == ("ada", ROW.expires_at)


def test_how_well_is_seen() -> None:
    scope = ROW.scope
    alarm = Alarm(scope, 2, timedelta(seconds=61.5), Blind(NOW, "throttled"), ("throttled",), THIRD)
    seen = Listing(
        (ROW,),
        NOW,
        {scope: ScopeHealth(scope, NOW, NOW, "throttled", "too fast")},
        (Hold(HoldKind.PAUSE, "incident", "im resume", "ada", NOW, NOW),),
        (alarm,),
        Summary(3, NOW),
    )
    told = sent(fleet_json(seen, sandbox=True))
    assert read_fleet(told, (ROW,)) == seen
    assert read_fleet(told, (ROW,), named=True) == replace(seen, alarms=(), orphans=Summary())


def test_money() -> None:
    line = Line("ada", 2, BILL, THIRD, True)
    report = Report((line,), replace(line, group="total"), Window(NOW - timedelta(days=1), NOW), ("a list",))
    assert read_report(sent(report_json(report, "owner", sandbox=True))) == report
    use = BudgetUse(Budget("ada", Decimal(50)), THIRD, THIRD, ("x9",))
    told = budget_json(use)
    assert budget_json(read_budget(told)) == told
    for known in (
        Known(Item("aws", "r", "t", "spot", "z"), Price(THIRD, NOW, "s")),
        Known(Item("aws", "r", "t"), None),
    ):
        assert read_price(sent(price_json(known))) == known


def test_a_rehearsal() -> None:
    plan = Plan(ROW.scope, ROW.spec, ("a", "b"), 2, OnExpiry.STOP, GuardKind.NATIVE, timedelta(minutes=5), None, True)
    quote = Quote(RATES, 2, timedelta(hours=9), False, NOW, True)
    one = Rehearsed(plan, quote, NOW + timedelta(hours=9), "IM_REGION", True)
    read = read_plan(sent(plan_json(one)))
    assert plan_json(read) == plan_json(one)
    assert (read.quote, read.plan.grace, read.region_source) == (quote, plan.grace, "IM_REGION")


def test_people_and_the_rest() -> None:
    user = User("bob", UserKind.PERSON, Role.MEMBER, "ml", "Bob", NOW, "ada", NOW)
    assert read_user(sent(user_json(user))) == user
    token = Token("tok-1", "bob", "ci", "im_pat_abcd", frozenset(Grant), NOW, "ada", NOW, NOW, NOW, True)
    assert read_token(sent(token_json(token))) == token
    entry = Entry(NOW, "ada", "api", "", "tok-1", "user added", "bob", "member")
    assert read_entry(sent(audit_json(entry))) == entry
    hook = Webhook(
        "whk-1", "ci", "https://x/", "bob", True, frozenset(WISHED), NOW, "ada", NOW, "by ada", NOW, 500, "no", NOW
    )
    assert read_webhook(sent(webhook_json(hook))) == hook
    assert webhook_json(hook, "whsec_x")["secret"] == "whsec_x"
    delivery = Delivery("msg_1", "whk-1", WISHED[0], ROW.id, DeliveryState.PENDING, 1, NOW, NOW, NOW, 500, "no")
    assert read_delivery(sent(delivery_json(delivery))) == delivery
    quota = Quota(QuotaFor.TEAM, "ml", 3, Decimal(5), timedelta(hours=1), timedelta(days=1), ("t3.*",))
    for use in (QuotaUse(quota, Taken(1, Decimal("0.5"))), QuotaUse(replace(quota, live=None), None)):
        assert read_quota(sent(quota_json(use))) == use
    event = Event(ROW.id, NOW, "stop requested", "ada", "r", 2, {"a": 1}, "api", "r-1")
    assert read_event(sent(event_json(event)), ROW.id) == event
    guard = Guard(ROW.id, GuardKind.NATIVE, timedelta(minutes=5), NOW, None, "no")
    assert read_guard(sent(guard_json(guard)), ROW.id) == guard
    seen = Sighting("i-9", Observed.RUNNING, "z", "1.2.3.4", None, NOW, tags={"a": "b"}, instance_type="t", image="i")
    orphan = Orphan(ROW.scope, seen, NOW, NOW, "because")
    assert read_orphan(sent(orphan_json(orphan, NOW, sandbox=True))) == orphan
    leftover = Leftover(ROW.scope, 0, "sg-1", "firewall", "n", "d", NOW, None, "in use")
    survey = Survey((leftover,), {ROW.scope: "denied"}, 2)
    assert read_survey(sent(survey_json(survey))) == survey
