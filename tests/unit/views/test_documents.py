"""The documents that programs read: every key is a promise, and none of them is made anywhere but in im.views."""

from __future__ import annotations

import ast
import json
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from pathlib import Path

import pytest

from im.domain.event import Event
from im.domain.explain.why import why
from im.domain.guard import Guard, GuardKind
from im.domain.intent import Deadline, extend
from im.domain.leftover import Leftover
from im.domain.money.bill import Item, Known, Price
from im.domain.money.budget import Budget, Use
from im.domain.money.forecast import Rates
from im.domain.money.quote import Quote
from im.domain.orphan import Orphan
from im.domain.sighting import Sighting
from im.domain.spec.spot import Spot
from im.domain.state import Observed
from im.providers.contract import Check
from im.services.requests.result import Change
from im.views.budget import budget_json
from im.views.change import change_json, rehearsal_json
from im.views.cost import NO_COSTS
from im.views.error import error_json
from im.views.event import event_json
from im.views.health import checks_json
from im.views.instance import detail_json, instance_json
from im.views.leftover import leftover_json
from im.views.machine import machine_json
from im.views.orphan import orphan_json
from im.views.price import price_json
from im.views.times import utc
from im.views.why import why_json
from tests.unit.rows import NOW
from tests.unit.rows import RUNNING as ROW

ROOT = Path(__file__).parents[3]


def test_times_in_json_are_rfc_3339_in_utc() -> None:
    assert utc(NOW.astimezone()) == "2030-01-01T12:00:00.000Z"
    assert utc(None) is None


def test_the_keys_of_json_are_a_promise() -> None:
    told = instance_json(ROW, NOW, sandbox=True)
    assert told == {
        "id": "im-0000000001",
        "name": "web-1",
        "owner": "ada",
        "provider": "aws",
        "account": "default",
        "region": "us-east-1",
        "zone": "us-east-1a",
        "sandbox": True,
        "provider_id": "i-0123",
        "instance_type": "t2.nano",
        "image": "al2023",
        "status": "running",
        "desired": "running",
        "observed": "running",
        "observed_at": "2030-01-01T12:00:00.000Z",
        "settled": True,
        "failed": False,
        "launching": False,
        "candidate": 0,
        "generation": 1,
        "why": "user",
        "by": "ada",
        "public_ip": "54.1.2.3",
        "private_ip": "10.0.0.7",
        "ssh_user": "ec2-user",
        "ssh_host": None,
        "ssh_port": None,
        "lent_until": None,
        "created_at": "2030-01-01T11:00:00.000Z",
        "launched_at": "2030-01-01T11:00:00.000Z",
        "interrupted_at": None,
        "expires_at": "2030-01-01T14:14:05.000Z",
        "seconds_left": 8045,
        "on_expiry": "stop",
        "shelving": False,
        "shelf": None,
        "keep_stopped_seconds": None,
        "ends_at": None,
        "protected": False,
        "error_code": None,
        "error": None,
        "closed_at": None,
        "tags": {},
        "firewall": None,
        "spot": None,
        "iam_role": None,
        "subnet": None,
        "vpc": None,
        "type_because": None,
        "hibernate": False,
        "user_data_bytes": None,
        "disks": [
            {
                "size_gb": None,
                "type": None,
                "encrypted": True,
                "keep": False,
                **dict.fromkeys(("iops", "throughput", "snapshot")),
            }
        ],
        "public_ip_wished": None,
        "candidates": [],
        "usd_per_hour": None,
        "usd_so_far": None,
        "usd_to_deadline": None,
        "price_source": None,
        "cost": None,
    }


def test_the_detail_of_one_is_its_line_and_what_is_told_of_it_alone() -> None:
    guard = Guard(ROW.id, GuardKind.NATIVE, timedelta(minutes=10), told_at=NOW + timedelta(hours=3), asked_at=None)
    event = Event(ROW.id, NOW, "stop requested", "ada", "running → stopped", 2, {"late_seconds": 0.5}, "api", "r-1")
    refreshed = NOW - timedelta(seconds=7.9)
    told = detail_json(ROW, NOW, sandbox=False, costs={}, refreshed_at=refreshed, guard=guard, events=[event])
    line = instance_json(ROW, NOW, sandbox=False)
    assert {key: told[key] for key in line} == line
    assert {key: told[key] for key in told if key not in line} == {
        "facts_age_seconds": 7,
        "guard": {"kind": "native", "grace_seconds": 600, "at": "2030-01-01T15:00:00.000Z", "error": None},
        "events": [event_json(event)],
    }
    assert event_json(event) == {
        "at": "2030-01-01T12:00:00.000Z",
        "kind": "stop requested",
        "actor": "ada",
        "reason": "running → stopped",
        "generation": 2,
        "detail": {"late_seconds": 0.5},
        "channel": "api",
        "request_id": "r-1",
    }


def test_what_nobody_looked_at_has_no_age_and_what_nobody_guards_no_guard() -> None:
    told = detail_json(ROW, NOW, sandbox=False, costs={}, refreshed_at=None, guard=None, events=[])
    assert (told["facts_age_seconds"], told["guard"], told["events"]) == (None, None, [])


def test_a_change_says_what_the_deadline_was_before() -> None:
    after = replace(ROW, expires_at=ROW.expires_at + timedelta(hours=1))
    told = change_json(Change(ROW, after), after, NOW, sandbox=True, costs=NO_COSTS)
    assert told["previous_expires_at"] == "2030-01-01T14:14:05.000Z"
    assert told["expires_at"] == "2030-01-01T15:14:05.000Z"
    assert change_json(Change(None, ROW), ROW, NOW, sandbox=True, costs=NO_COSTS)["previous_expires_at"] is None


def test_a_rehearsed_change_says_what_would_become_of_it() -> None:
    money = ("usd_per_hour", "usd_added", "usd_to_deadline", "usd_per_hour_afterwards", "price_source")
    assert rehearsal_json(ROW, extend(ROW, NOW, Deadline(by=timedelta(hours=1)))) == {
        "dry_run": True,
        "id": "im-0000000001",
        "name": "web-1",
        "desired": "running",
        "previous_desired": "running",
        "expires_at": "2030-01-01T15:14:05.000Z",
        "previous_expires_at": "2030-01-01T14:14:05.000Z",
        "disks": machine_json(ROW.spec)["disks"],
        **dict.fromkeys(money),
    }


@pytest.mark.parametrize(
    ("spot", "told"),
    [
        (None, None),
        (Spot(), {"type": "persistent", "max_price_usd": None}),
        (Spot(once=True, max_price=Decimal("0.050")), {"type": "one-time", "max_price_usd": "0.050"}),
    ],
)
def test_a_spot_machine_says_its_kind_and_its_limit(spot: Spot | None, told: object) -> None:
    assert machine_json(replace(ROW.spec, spot=spot))["spot"] == told


def test_user_data_is_never_shown_only_how_long_it_is() -> None:
    told = json.dumps(instance_json(replace(ROW, spec=replace(ROW.spec, user_data=b"#!secret")), NOW, sandbox=False))
    assert '"user_data_bytes": 8' in told
    assert "secret" not in told


def test_why_says_the_reason_and_the_next_step() -> None:
    told = why_json(ROW, why(ROW, NOW), NOW, sandbox=False)
    assert list(told) == ["id", "name", "status", "sandbox", "because", "next", "type", "turn", "if_gone"]


def test_an_orphan_has_the_keys_of_an_instance_where_the_fact_is_the_same() -> None:
    seen = Sighting("i-9", Observed.RUNNING, instance_type="t3.nano", tags={"im:name": "lost"})
    one = Orphan(ROW.scope, seen, NOW - timedelta(hours=2), NOW, "no launch of ours made it")
    told = orphan_json(one, NOW, sandbox=False)
    assert told["seconds_known"] == 7200
    assert (told["provider_id"], told["observed"], told["zone"], told["tags"]) == (
        *("i-9", "running", None),
        {"im:name": "lost"},
    )
    assert set(told) - set(instance_json(ROW, NOW, sandbox=False)) == {
        "first_seen_at",
        "last_seen_at",
        "seconds_known",
        "because",
    }


def test_prices_and_budgets_are_plain_digits_and_null_where_nothing_is_known() -> None:
    item = Item("aws", "us-east-1", "disk:gp3")
    assert price_json(Known(item, Price(Decimal("0.08"), NOW, "a list"))) == {
        "provider": "aws",
        "region": "us-east-1",
        "item": "disk:gp3",
        "market": item.market,
        "usd": "0.08",
        "per": "gb_month",
        "since": "2030-01-01T12:00:00.000Z",
        "source": "a list",
    }
    assert price_json(Known(replace(item, name="t3.nano"), None))["usd"] is None
    assert budget_json(Use(Budget("", Decimal(50)), Decimal("1.5"), Decimal(0), ("x9.big",))) == {
        "owner": None,
        "usd_per_month": "50.000000",
        "usd_spent": "1.500000",
        "usd_promised": "0.000000",
        "usd_left": "48.500000",
        "unknown": ["x9.big"],
    }


def test_a_quote_is_for_all_machines_together_and_unknown_without_a_price_for_computing() -> None:
    hour = timedelta(hours=1)
    rates = Rates(Decimal("0.01"), Decimal("0.005"), Decimal("0.001"))
    assert Quote(rates, 3, 2 * hour).per_hour == Decimal("0.048")
    assert Quote(rates, 3, 2 * hour).to_deadline == Decimal("0.096")
    assert Quote(replace(rates, compute=None), 3, hour).to_deadline is None


def test_findings_and_failures_have_their_keys() -> None:
    bad = Check("broker", ok=False, detail="no answer", fix="start it")
    assert checks_json([bad], sandbox=True) == {
        "ok": False,
        "sandbox": True,
        "checks": [{"name": "broker", "ok": False, "detail": "no answer", "mend": "start it"}],
    }
    assert error_json("refused", "what", "next", 2) == {
        "error": {"code": "refused", "message": "what", "hint": "next", "exit": 2}
    }


def test_a_leftover_says_whether_it_is_gone() -> None:
    one = Leftover(ROW.scope, 1, "sg-1", "security group", "im-1", "22/tcp", None, None, None)
    assert leftover_json(one)["gone"] is False
    assert leftover_json(replace(one, gone_at=NOW))["gone"] is True


def test_no_command_builds_a_document_of_its_own() -> None:
    """`say_json` is handed what im.views made: in its arguments stand calls, names and lists of them, and no literal dict."""
    built = []
    for path in sorted((ROOT / "im" / "cli").rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text())):
            called = node.func.id if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) else ""
            if called == "say_json" and any(isinstance(part, ast.Dict) for part in ast.walk(node)):
                built.append(f"{path.name}:{node.lineno}")
    assert built == []
