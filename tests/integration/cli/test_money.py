"""What people see of money and time: rates and costs in every table, the report, the agenda, the why. Real Postgres."""

from __future__ import annotations

import csv
import io
from datetime import timedelta

import pytest

from im.queue.tasks import Task
from im.services.health import doctor_money
from tests.integration.typed import answer, run
from tests.world import START, World

KEY = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIHUvTP2ZzNfVJzGwDgnBpGmGH1GSUSbY0yV9r9eoyv6z me\n"


def test_create_says_the_rate_and_what_it_comes_to(world: World, key: str) -> None:
    told = run(world, "create", "--public-key", key, "--name", "web", "-d", "2h").stdout
    assert told.rstrip().endswith("· $0.50/h, $0.99 to the deadline")


def test_a_dry_run_says_the_price_and_its_source(world: World, key: str) -> None:
    told = run(world, "create", "--public-key", key, "--count", "3", "-d", "2h", "--dry-run").stdout
    assert (
        "costs         $1.49/h (computing $1.08, address $0.11, disk $0.30), $2.98 until then; "
        "built-in table of 2030-01-01"
    ) in told
    plan = answer(world, "create", "--public-key", key, "-d", "2h", "--dry-run")
    assert (plan["usd_per_hour"], plan["usd_to_deadline"]) == ("0.496000", "0.992000")


def test_an_hour_costs_the_same_in_the_rehearsal_the_answer_and_the_table(world: World, key: str) -> None:
    """One meaning of $/H: computing, address and disk, before there is a machine and while it runs."""
    create = ("create", "--public-key", key, "--name", "web", "-d", "2h")
    planned = answer(world, *create, "--dry-run")["usd_per_hour"]
    created = answer(world, *create)
    (asked,) = created if isinstance(created, list) else [created]
    assert asked["usd_per_hour"] == planned
    assert answer(world, "list")[0]["usd_per_hour"] == planned
    world.advance(20)
    assert world.word() == "running"
    assert answer(world, "list")[0]["usd_per_hour"] == planned
    world.stop("web")
    world.advance(20)
    assert answer(world, "list")[0]["usd_per_hour"] == "0.100000"  # the disk alone
    world.start("web")
    assert answer(world, "list")[0]["usd_per_hour"] == planned


def test_a_rate_that_lacks_a_part_is_shown_as_at_least_that(world: World, key: str) -> None:
    aws = ("--provider", "aws", "--availability-zone", "us-east-1a", "--ssh-from", "none")
    create = ("create", "--public-key", key, "-d", "2h", "--image", "ami-0123456789abcdef0", *aws)
    told = run(world, *create, "--dry-run").stdout
    assert "at least $0.0108/h (computing $0.0058, address $0.005), at least $0.0216 until then" in told
    assert "no price is known for its disk" in told
    beside = run(world, *create, "--disk", "10", "--volume", "size=200,type=io2,iops=8000", "--dry-run").stdout
    assert "no price is known for its disk and volumes" in beside  # of an unknown image the root's type is unknown too
    named = run(world, *create, "--disk", "size=73,type=gp3", "--dry-run").stdout
    assert "costs         $0.0188/h (computing $0.0058, address $0.005, disk $0.008), $0.0376 until then" in named
    listed = run(world, *create, "--name", "odd").stdout
    assert "· at least $0.0108/h, $0.0216 to the deadline" in listed
    assert "$0.0108+" in run(world, "list").stdout


def test_of_several_types_the_dearest_counts_until_one_was_launched(world: World, key: str) -> None:
    create = ("create", "--public-key", key, "--name", "web", "--instance-type", "small,large", "-d", "2h")
    assert answer(world, *create, "--dry-run")["usd_per_hour"] == "3.736000"
    assert "$7.00  $0.00     $0.00  $7.00" in run(world, "budget", "set", "7").stdout
    refused = run(world, *create)
    assert refused.exit_code == 6
    assert "would be exceeded by $0.47" in refused.stderr
    run(world, "budget", "set", "8")
    assert run(world, *create).exit_code == 0
    world.advance(20)
    assert answer(world, "list")[0]["usd_per_hour"] == "0.496000"
    unknown = ("create", "--public-key", key, "--instance-type", "small,huge", "-d", "2h", "--dry-run")
    assert answer(world, *unknown)["usd_per_hour"] is None


def test_windows_is_not_priced_as_linux(world: World) -> None:
    from im.domain.money.bill import Item
    from im.domain.scope import Scope
    from im.domain.spec.spec import WINDOWS, Spec
    from im.services.money import costs
    from im.services.money.quotes import quote

    scope = Scope("aws", "default", "us-east-1")
    spec = Spec("t2.nano", "us-east-1a", "windows-2022", "", "", "ada", windows=True)
    assert Item("aws", "us-east-1", "t2.nano", WINDOWS) in set(costs.priced(scope, spec, None))
    assert quote(world.ctx, scope, spec).compute is None
    place = ("--provider", "aws", "--region", "us-east-1")
    assert run(world, "prices", "set", "windows:t2.nano", "0.0081", *place).exit_code == 0
    assert str(quote(world.ctx, scope, spec).compute) == "0.0081"
    windows, linux = answer(world, "prices", "list", "windows:t2.nano", "t2.nano", *place)
    assert (windows["item"], windows["market"], windows["usd"]) == ("windows:t2.nano", "windows", "0.0081")
    assert (linux["market"], linux["usd"]) == ("on_demand", "0.0058")


def test_what_has_no_price_is_said_to_have_none(world: World, key: str) -> None:
    odd = ("create", "--public-key", key, "--name", "odd", "--instance-type", "huge")
    assert "costs         unknown so far: no kept price and no built-in table" in run(world, *odd, "--dry-run").stdout
    told = run(world, *odd).stdout
    assert told.rstrip().endswith("· price unknown")
    world.advance(20)
    (row,) = answer(world, "list")
    assert (row["usd_per_hour"], row["usd_so_far"], row["usd_to_deadline"]) == (None, None, None)
    assert "?" in run(world, "list").stdout
    assert run(world, "prices", "set", "huge", "3.60").exit_code == 0
    assert answer(world, "list")[0]["usd_per_hour"] == "3.736000"


def test_the_list_shows_rate_and_cost_and_json_has_them_too(world: World) -> None:
    world.create("web", seconds=7200)
    world.advance(3600, tick=300)
    table = run(world, "list").stdout
    assert table.splitlines()[0].split()[-3:] == ["$/H", "COST", "OWNER"]
    # computing 0.36, address 0.036, disk 0.10 an hour
    assert table.splitlines()[1].split()[-3:] == ["$0.50", "$0.50", "ada"]
    (row,) = answer(world, "list")
    assert (row["usd_per_hour"], row["usd_so_far"], row["usd_to_deadline"]) == ("0.496000", "0.496000", "0.496000")
    world.stop("web")
    world.advance(20)
    (row,) = answer(world, "list")
    assert (row["usd_per_hour"], row["usd_to_deadline"]) == ("0.100000", "0.000000")


def test_status_says_of_what_the_cost_is(world: World) -> None:
    world.create("web", seconds=7200)
    world.advance(3600, tick=300)
    told = run(world, "status", "web").stdout
    assert "cost      $0.50 (computing $0.36, address $0.036, disk while it ran $0.10)" in told
    assert "rate      $0.50/h while it runs, $0.50 to the deadline (built-in table of 2030-01-01)" in told


def test_cost_groups_by_owner_type_tag_and_day(world: World, key: str) -> None:
    world.create("a", seconds=86_400, actor="ada")
    world.create("b", seconds=86_400, actor="bob", count=2)
    run(world, "create", "--public-key", key, "--name", "c", "-d", "1d", "--tag", "team=web")
    world.advance(3600, tick=300)
    by_owner = {line["group"]: line for line in answer(world, "cost")["lines"]}
    assert {name: line["instances"] for name, line in by_owner.items()} == {"ada": 2, "bob": 2}
    assert by_owner["bob"]["usd_compute"] == "0.720000"
    by_tag = answer(world, "cost", "--by", "tag:team")["lines"]
    assert {line["group"]: line["instances"] for line in by_tag} == {"(no team)": 3, "web": 1}
    assert [line["group"] for line in answer(world, "cost", "--by", "day")["lines"]] == ["2030-01-01"]
    assert [line["group"] for line in answer(world, "cost", "--by", "type")["lines"]] == ["small"]
    assert [line["group"] for line in answer(world, "cost", "--by", "provider")["lines"]] == ["fake"]
    told = run(world, "cost")
    assert told.stdout.splitlines()[-1].split()[0] == "total"
    assert "list prices without taxes and discounts: built-in table of 2030-01-01" in told.stderr


def test_tags_reach_the_machine(world: World, key: str) -> None:
    run(world, "create", "--public-key", key, "--name", "c", "--tag", "team=web", "--tag", "env=")
    world.advance(10)
    (machine,) = world.cloud.listing("fake-1", {}).sightings
    assert {"team": "web", "env": "", "Name": "c"}.items() <= machine.tags.items()
    assert answer(world, "list")[0]["tags"] == {"team": "web", "env": ""}


@pytest.mark.parametrize("tag", ["im:launch=x", "Name=x", "team", "=x", "a=" + "x" * 257, "a=\u202e"])
def test_a_tag_that_cannot_be_is_refused(world: World, key: str, tag: str) -> None:
    assert run(world, "create", "--public-key", key, "--tag", tag).exit_code == 2
    assert world.queue.rung == []


def test_csv_is_for_spreadsheets(world: World) -> None:
    world.create("web", seconds=7200)
    world.advance(3600, tick=300)
    (line,) = list(csv.DictReader(io.StringIO(run(world, "cost", "--csv").stdout)))
    assert (line["group"], line["usd_compute"], line["seconds_running"]) == ("ada", "0.360000", "3600")


def test_nothing_in_a_csv_is_a_formula(world: World, key: str) -> None:
    made = run(world, "create", "--public-key", key, "--name", "c", "-d", "2h", "--tag", "team==1+1")
    assert made.exit_code == 0, made.stderr
    world.advance(600, tick=300)
    (line,) = list(csv.DictReader(io.StringIO(run(world, "cost", "--by", "tag:team", "--csv").stdout)))
    assert line["group"] == "'=1+1"


def test_a_group_that_cannot_be_is_refused(world: World) -> None:
    told = run(world, "cost", "--by", "colour")
    assert told.exit_code == 2
    assert "one of owner, type, provider, tag:KEY, day" in told.stderr


def test_the_agenda_says_what_stops_when_and_what_that_saves(world: World) -> None:
    assert "nothing runs" in run(world, "agenda").stdout
    world.create("late", seconds=7200)
    world.create("soon", seconds=600)
    world.advance(30)
    first, second = answer(world, "agenda")
    assert (first["name"], first["what"], first["usd_per_hour_saved"]) == ("soon", "stop", "0.396000")
    assert second["name"] == "late"
    told = run(world, "agenda")
    heads, soon, late = told.stdout.splitlines()
    assert heads.split()[:4] == ["WHEN", "IN", "NAME", "WHAT"]
    assert " 9m 30s  soon  stops  small  ada " in soon
    assert " late  stops " in late
    assert "together $0.79/h are saved from then on" in told.stderr
    assert [row["name"] for row in answer(world, "agenda", "--within", "1h")] == ["soon"]


def test_why_says_the_reason_and_what_comes_next(world: World) -> None:
    world.create("web", seconds=60)
    world.advance(90)
    told = run(world, "why", "web").stdout
    assert told.splitlines()[0] == "web is stopped (ttl)"
    assert "because  its deadline passed at 2030-01-01 12:01:00 UTC, so it has to stop" in told
    assert answer(world, "why", "web")["type"] == "im extend web -d 1h"
    assert run(world, "why", "wbe").exit_code == 3


def test_an_overrun_is_in_cost_in_status_and_in_doctor(world: World) -> None:
    world.create("web", seconds=3600)
    world.advance(10)
    world.now = START + timedelta(seconds=3600 + 600)
    with world.ctx.begin() as connection:
        found = {check.name: check for check in doctor_money.checks(connection, world.now)}
    overrun = found["overrun"]
    assert not overrun.ok
    assert overrun.detail == ("1 machine ran past the deadline in the last 30 days, 10m in all, $0.066; right now web")
    assert overrun.fix == "im why web"
    assert {name for name, check in found.items() if check.ok} == {"prices", "guards", "notices"}
    world.queue.ring(Task.ENFORCE_TTL)
    world.advance(10)
    assert "overrun   10m past its deadline, $0.066" in run(world, "status", "web").stdout
    (line,) = answer(world, "cost")["lines"]
    assert (line["seconds_overrun"], line["usd_overrun"]) == (600, "0.066000")
    assert "10m, $0.066" in run(world, "cost").stdout
    with world.ctx.begin() as connection:
        assert all(check.ok for check in doctor_money.checks(connection, world.now))


def test_prices_say_where_they_come_from(world: World) -> None:
    small, huge = answer(world, "prices", "list", "small", "huge", "--provider", "fake", "--region", "fake-1")
    assert (small["usd"], small["source"]) == ("0.36", "built-in table of 2030-01-01")
    assert (huge["usd"], huge["source"]) == (None, None)
    assert run(world, "prices", "set", "huge", "dear").exit_code == 2
    assert run(world, "prices", "set", "huge", "-1").exit_code == 2
    nano = answer(world, "prices", "list", "t2.nano", "--provider", "aws", "--region", "us-east-1")
    assert nano[0]["usd"] == "0.0058"


def test_the_metrics_have_the_overrun_in_seconds_and_in_money(world: World) -> None:
    from im.services.health.metrics import exposition

    world.create("web", seconds=3600)
    world.advance(10)
    world.now = START + timedelta(seconds=3600 + 600)
    told = dict(line.rsplit(" ", 1) for line in exposition(world.ctx).splitlines() if not line.startswith("#"))
    assert float(told["im_overrun_last_30_days_seconds"]) == 600
    assert float(told["im_overrun_usd"]) == pytest.approx(0.066)
    assert float(told["im_usd_per_hour"]) == pytest.approx(0.496)
    assert float(told["im_unpriced_instances"]) == 0


def test_volumes_of_another_type_and_chosen_iops_are_said_to_be_missing(world: World, key: str) -> None:
    aws = ("--provider", "aws", "--availability-zone", "us-east-1a", "--ssh-from", "none")
    create = ("create", "--public-key", key, "-d", "2h", *aws)
    for words in (("--volume", "size=200,type=io2,iops=8000"), ("--disk", "size=20,type=gp3,iops=8000")):
        told = run(world, *create, *words, "--dry-run").stdout
        assert "costs         at least $0.0" in told
        assert "no price is known for its volumes" in told
    told = run(world, *create, "--volume", "20", "--dry-run").stdout
    assert "costs         $0.0139/h (computing $0.0058, address $0.005, disk $0.0031), $0.0277 until then" in told
    run(world, *create, "--name", "big", "--volume", "size=200,type=io2,iops=8000")
    assert "$0.0117+" in run(world, "list").stdout
