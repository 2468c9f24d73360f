"""What people see of the cost of another deadline: before they ask for it, and after. Real Postgres."""

from __future__ import annotations

from decimal import Decimal

from im.domain.state import OnExpiry
from im.services.money import budgets
from tests.integration.cli.test_commands import traces
from tests.integration.typed import answer, run
from tests.people import person
from tests.world import World
from tests.worlds.hetzner import hetzner_world


def test_a_moved_deadline_says_what_it_costs_before_and_after_it_is_moved(world: World) -> None:
    world.create("web", seconds=3600)
    world.create("db", seconds=3600)
    world.advance(20)
    later = ("extend", "web", "-d", "2h")
    before = traces(world)
    assert run(world, *later, "--dry-run").stdout.endswith(
        "· $0.99 more, $1.49 until then; built-in table of 2030-01-01\n"
    )
    (would,) = answer(world, *later, "--dry-run")
    assert traces(world) == before
    assert run(world, *later, "--no-wait").stdout.endswith("(in 2h 59m) · $0.99 more, $1.49 until then\n")
    both = run(world, "extend", "web", "db", "-d", "1h").stdout.splitlines()
    assert both[2] == "together $0.99 more"
    assert [line.rpartition(" · ")[2] for line in both[:2]] == [
        "$0.50 more, $1.98 until then",
        "$0.50 more, $0.99 until then",
    ]
    (moved,) = answer(world, *later)
    assert (moved["usd_added"], would["usd_added"], would["usd_per_hour"]) == ("0.992000", "0.992000", "0.496000")
    assert (would["usd_per_hour_afterwards"], would["price_source"]) == ("0.100000", "built-in table of 2030-01-01")
    world.stop("web")
    world.advance(20)
    assert run(world, "extend", "web", "-d", "1h", "--no-start").stdout.endswith("· nothing more\n")
    told = run(world, "start", "web", "-d", "1h", "--dry-run").stdout
    assert "stopped → running" in told
    assert "· $0.50 more; " in told
    assert run(world, "start", "web", "-d", "1h").stdout.endswith("· $0.50 more\n")
    assert answer(world, "stop", "web")[0]["usd_added"] is None


def test_a_moved_deadline_whose_price_nobody_knows_says_so(world: World, key: str) -> None:
    assert run(world, "create", "--public-key", key, "--name", "odd", "--instance-type", "huge").exit_code == 0
    assert run(world, "extend", "odd", "-d", "1h", "--dry-run").stdout.endswith("· price unknown\n")
    assert answer(world, "extend", "odd", "-d", "1h")[0]["usd_added"] is None


def test_a_budget_counts_what_is_told_and_refuses_it_by_the_same_sum(world: World) -> None:
    world.create("web", seconds=3600)
    world.advance(10)
    budgets.write(world.ctx, "ada", Decimal("0.60"), actor=person("ada"))
    before = traces(world)
    refused, rehearsed = (run(world, "extend", "web", "-d", "1h", *more) for more in ((), ("--dry-run",)))
    assert (refused.exit_code, "and this is $0.50" in refused.stderr) == (6, True)
    assert (rehearsed.exit_code, rehearsed.stderr, rehearsed.stdout) == (6, refused.stderr, "")
    assert "· $0.0992 more" in run(world, "extend", "web", "-d", "12m", "--dry-run").stdout
    assert run(world, "quota", "set", "--user", "ada", "--ttl", "65m").exit_code == 0
    long, told = (run(world, "extend", "web", "-d", "12m", *more) for more in ((), ("--dry-run",)))
    assert (long.exit_code, told.exit_code, told.stderr) == (6, 6, long.stderr)
    assert traces(world) == before


def test_the_dry_run_of_a_create_is_refused_as_the_create_is(world: World, key: str) -> None:
    words = ("create", "--public-key", key, "--name", "dear", "-d", "2h")
    assert run(world, *words, "--dry-run").exit_code == 0
    budgets.write(world.ctx, "ada", Decimal("0.60"), actor=person("ada"))
    before = traces(world)
    refused, rehearsed = (run(world, *words, *more) for more in ((), ("--dry-run",)))
    assert (refused.exit_code, rehearsed.exit_code, rehearsed.stdout) == (6, 6, "")
    assert rehearsed.stderr == refused.stderr
    assert run(world, *words[:-1], "30m", "--dry-run").exit_code == 0
    assert run(world, "quota", "set", "--user", "ada", "--ttl", "10m").exit_code == 0
    assert run(world, *words[:-1], "30m", "--dry-run").exit_code == 6
    assert traces(world) == before


def test_where_a_stop_saves_nothing_it_says_so_and_what_goes_on(database_url: str) -> None:
    """By the euro's price of the day that the source names; what has an end costs each hour that has begun."""
    with hetzner_world(database_url) as world:
        world.create("web", seconds=3600)
        world.create("job", seconds=3600, on_expiry=OnExpiry.TERMINATE)
        world.advance(30)
        told = run(world, "extend", "web", "-d", "2h", "--dry-run")
        assert "· nothing more, for a stop saves nothing\n" in told.stdout
        assert "web goes on costing $0.0074/h past the deadline" in told.stderr
        assert "goes on costing" in run(world, "extend", "web", "-d", "2h", "--no-wait").stderr
        job = run(world, "extend", "job", "-d", "2h", "--dry-run")
        assert "· $0.0148 more; " in job.stdout
        assert (" EUR" in job.stdout, job.stderr) == (True, "")
