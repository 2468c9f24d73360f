"""`im create --spot`: what is said before anything happens, and what is refused with the nearest right thing."""

from __future__ import annotations

from decimal import Decimal

import pytest
from click.testing import Result

from im.domain.state import OnExpiry
from tests.integration.typed import answer, run
from tests.world import World

AWS = ("--provider", "aws", "--availability-zone", "us-east-1a")


def create(world: World, key: str, *words: str) -> Result:
    return run(world, "create", "--public-key", key, "--name", "web", "-d", "1h", *words)


def test_a_dry_run_says_what_the_deadline_does_and_what_it_may_cost(world: World, key: str) -> None:
    told = create(world, key, "--spot", "--dry-run").stdout
    assert "persistent, never more than on demand: its deadline and an interruption stop it" in told
    assert "then stop" in told
    assert "costs         unknown here: the cloud tells spot prices" in told
    told = create(world, key, "--spot", "one-time", "--max-price", "0.05", "--dry-run").stdout
    assert "one-time, at most $0.05 an hour: its deadline and an interruption terminate it" in told
    assert "then terminate" in told
    assert (
        "costs         at most $0.19/h (computing $0.05, address $0.036, disk $0.10), at most $0.19 until then; "
        in told
    )
    assert told.count("its --max-price") == 1


def test_programs_are_told_the_same(world: World, key: str) -> None:
    plan = answer(world, "create", "--public-key", key, "--spot", "one-time", "--max-price", "0.05", "--dry-run")
    assert (plan["spot"], plan["on_expiry"]) == ({"type": "one-time", "max_price_usd": "0.05"}, "terminate")
    plan = answer(world, "create", "--public-key", key, "--spot", "--dry-run")
    assert (plan["spot"], plan["on_expiry"]) == ({"type": "persistent", "max_price_usd": None}, "stop")
    assert answer(world, "create", "--public-key", key, "--dry-run")["spot"] is None


def test_the_answer_of_create_says_how_it_ends(world: World, key: str) -> None:
    assert "stops " in create(world, key, "--spot").stdout
    told = run(world, "create", "--public-key", key, "--name", "db", "-d", "1h", "--spot", "one-time").stdout
    assert "terminates " in told
    assert world.row("db").on_expiry is OnExpiry.TERMINATE
    world.advance(10)
    assert "its deadline and an interruption terminate it" in run(world, "status", "db").stdout
    assert answer(world, "list")[0]["spot"] is not None


@pytest.mark.parametrize(
    ("words", "says", "hint"),
    [
        (("--max-price", "0.05"), "only a spot machine has a maximum price", "--spot --max-price 0.05"),
        (("--spot", "--max-price", "0,05"), "is not a price", "--max-price 0.05?"),
        (("--spot", "--max-price", "0"), "nothing is to be had", "leave --max-price out"),
        (("--spot", "--protect"), "cannot be protected", "leave --protect out, or --spot"),
        (("--spot", "one-time", "--protect"), "cannot be protected", "leave --protect out, or --spot"),
        (("--spot", "one-time", "--keep-stopped", "7d"), "nothing is left to keep", "leave --keep-stopped out"),
        (
            (*AWS, "--spot", "--hibernate", "--instance-type", "t3.micro"),
            "without its memory",
            "leave --hibernate out, or --spot",
        ),
        ((*AWS, "--spot", "--instance-type", "t2.nano"), "never lends", "--instance-type t3.nano"),
    ],
)
def test_what_cannot_be_is_refused_at_the_prompt(
    world: World, key: str, words: tuple[str, ...], says: str, hint: str
) -> None:
    refused = create(world, key, *words)
    assert refused.exit_code == 2
    assert says in refused.stderr
    assert hint in refused.stderr
    assert run(world, "list", "--json").stdout.strip() == "[]"


def test_a_word_that_is_no_kind_of_spot(world: World, key: str) -> None:
    refused = create(world, key, "--spot", "once")
    assert refused.exit_code == 2
    assert "one-time" in refused.stderr


def test_a_price_is_stated_for_spot_alone(world: World, key: str) -> None:
    assert "(spot) in fake-1 costs" in run(world, "prices", "set", "small", "0.02", "--spot").stdout
    create(world, key, "--spot")
    run(world, "create", "--public-key", key, "--name", "plain", "-d", "1h")
    world.advance(1800, tick=300)
    by_name = {row["name"]: row for row in answer(world, "list")}
    dearer = Decimal(by_name["plain"]["usd_per_hour"]) - Decimal(by_name["web"]["usd_per_hour"])
    assert dearer == Decimal(listed_price(world, "small", "on_demand")) - Decimal("0.02")
    assert listed_price(world, "small", "spot") == "0.02"
    assert "small (spot)" in run(world, "prices", "list").stdout


def listed_price(world: World, item: str, market: str) -> str:
    listed = {(one["item"], one["market"]): one["usd"] for one in answer(world, "prices", "list")}
    return str(listed[item, market])


def test_waiting_for_room_is_said_and_explained(world: World, key: str) -> None:
    create(world, key, "--spot")
    world.advance(10)
    machine = world.row().provider_id
    assert machine is not None
    world.cloud.spot.take_back(machine)
    world.advance(20)
    assert "taken back by the cloud, waiting for room" in run(world, "status", "web").stdout
    told = run(world, "why", "web").stdout
    assert "the cloud took this spot machine back at" in told
    assert "the cloud starts it again when it has room" in told
    assert "interrupted" in run(world, "history", "web").stdout
    assert "spot taken back: runs on when the cloud restarts it" in run(world, "doctor").stdout


def test_a_maximum_is_never_shown_as_a_price(world: World, key: str) -> None:
    """The answer, the table, the detail, the agenda and the report all say that it is a limit; JSON says where it is from."""
    assert "· at most $0.19/h, $0.19 to the deadline" in create(world, key, "--spot", "--max-price", "0.05").stdout
    world.advance(20)
    assert "≤$0.19" in run(world, "list").stdout
    assert answer(world, "list")[0]["price_source"] == "at most: its --max-price"
    assert "rate      at most $0.19/h while it runs" in run(world, "status", "web").stdout
    told = run(world, "agenda")
    assert told.stdout.splitlines()[1].split()[-2:] == ["≤$0.18", "≤$0.086/h"]
    assert "together at most $0.086/h are saved" in told.stderr
    assert run(world, "cost").stdout.splitlines()[1].split()[-2] == "≤$0.18"
    world.cloud.spot.take_back(world.row().provider_id or "")
    world.advance(20)
    assert "≤" not in run(world, "list").stdout  # its disk has a price
    run(world, "prices", "set", "small", "0.02", "--spot")
    assert "≤" not in run(world, "cost").stdout + run(world, "agenda").stdout


def test_a_price_that_nobody_knows_is_named_as_prices_set_takes_it(world: World, key: str) -> None:
    """`im prices set small` would state the price on demand, and help nothing."""
    create(world, key, "--spot")
    world.advance(20)
    assert "no price is known for small (spot)" in run(world, "status", "web").stdout
    assert "no price is known for small (spot)" in run(world, "cost").stderr
    state = "im prices set small USD_PER_HOUR --spot --region fake-1 --provider fake"
    assert f"no price is known for small (spot) → {state}" in " ".join(run(world, "doctor").stdout.split())
    run(world, "budget", "set", "9")
    assert "no price is known for small (spot)" in run(world, "budget").stderr
    refused = run(world, "create", "--public-key", key, "--name", "db", "--spot")
    assert refused.exit_code == 6
    assert f"state it: {state}; or name a --max-price" in refused.stderr
    assert run(world, *state.replace("USD_PER_HOUR", "0.02").split()[1:]).exit_code == 0
    assert run(world, "create", "--public-key", key, "--name", "db", "--spot").exit_code == 0
