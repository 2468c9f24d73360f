"""Budgets: what would spend too much is refused whole, says by how much, and holds under fifty who ask at once.

An hour of a machine of the cloud in memory is 0.36 $ of computing, 0.036 of its address and 0.10 of its disk: 0.496.
"""

from __future__ import annotations

import json
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result
from sqlalchemy import text

from im.cli.main import im
from im.cli.output import wait as waiting
from im.cli.session import Session
from im.db.engine import Database
from im.domain.config.policy import OnInterruption
from im.domain.errors import OverLimit, Unavailable
from im.domain.money.budget import EVERYBODY
from im.domain.spec.spot import Spot
from im.domain.state import Observed
from im.services.money import budgets
from tests.people import person
from tests.world import START, World

HOUR = 3600
ROOT = Path(__file__).parents[3]


def allow(world: World, usd: str, owner: str = "ada") -> None:
    budgets.write(world.ctx, owner, Decimal(usd), actor=person("root"))


def run(world: World, *words: str) -> Result:
    return CliRunner().invoke(im, list(words), obj=Session(lambda: world.ctx), prog_name="im")


def answer(world: World, *words: str) -> Any:
    result = run(world, *words, "--json")
    assert result.exit_code == 0, result.stderr
    return json.loads(result.stdout)


def count(world: World) -> int:
    with world.ctx.begin() as connection:
        return int(connection.execute(text("SELECT count(*) FROM instances")).scalar_one())


def test_what_fits_is_created_and_what_does_not_leaves_no_trace(world: World) -> None:
    allow(world, "1.40")
    world.create("a", seconds=2 * HOUR)  # 0.992 of 1.40
    with pytest.raises(OverLimit) as caught:
        world.create("b", seconds=HOUR)  # 0.496 more
    assert caught.value.message == (
        "the budget of ada would be exceeded by $0.09: of $1.40 a month $0 are spent, "
        "$0.99 are promised until the deadlines, and this is $0.50"
    )
    assert count(world) == 1
    world.create("c", seconds=HOUR * 0.75)


def test_the_exit_code_is_6_and_the_owner_is_the_rows(world: World, tmp_path: Any) -> None:
    allow(world, "0.10")
    key = tmp_path / "id.pub"
    key.write_text("ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIHUvTP2ZzNfVJzGwDgnBpGmGH1GSUSbY0yV9r9eoyv6z me\n")
    refused = run(world, "create", "--public-key", str(key), "-d", "1h")
    assert refused.exit_code == 6
    assert "would be exceeded by $0.40" in refused.stderr
    world.create("bobs", seconds=HOUR, actor="bob")  # bob has no budget


def test_an_extend_over_the_limit_is_refused_and_one_that_shortens_is_not(world: World) -> None:
    world.create("web", seconds=HOUR)
    world.advance(10)
    allow(world, "0.60")
    with pytest.raises(OverLimit, match="would be exceeded by"):
        world.extend("web", seconds=HOUR)
    assert world.row().expires_at == START + timedelta(hours=1)
    allow(world, "0.01")  # deep in the red: what runs already is left alone
    from im.domain.intent import Deadline
    from im.services.requests import change

    change.extend(world.ctx, [world.row().id], Deadline(to=START + timedelta(minutes=30)), actor=person("ada"))
    assert world.row().expires_at == START + timedelta(minutes=30)
    world.stop("web")
    world.advance(20)
    assert world.at_cloud() is Observed.STOPPED
    with pytest.raises(OverLimit):
        world.start("web")


def test_the_deployment_has_a_budget_too(world: World) -> None:
    allow(world, "1.40", EVERYBODY)
    world.create("a", seconds=2 * HOUR, actor="ada")
    with pytest.raises(OverLimit, match=r"the budget of this deployment would be exceeded by \$0.09"):
        world.create("b", seconds=HOUR, actor="bob")


def test_what_was_spent_counts_until_the_month_is_over(world: World) -> None:
    allow(world, "0.60")
    world.create("web", seconds=HOUR)
    world.advance(HOUR + 30, tick=300)
    world.terminate("web")
    world.advance(30)
    with pytest.raises(OverLimit, match=r"\$0.50 are spent, \$0 are promised"):
        world.create("more", seconds=HOUR)
    world.now = START + timedelta(days=31)
    world.create("february", seconds=HOUR)


def test_a_price_that_nobody_knows_cannot_be_budgeted(world: World) -> None:
    from im.domain.intent import Deadline
    from im.providers.request import Ask
    from im.services.requests import create
    from im.services.requests import order as requests_order

    ask = Ask(instance_type="huge", public_key="ssh-ed25519 AAAA t", owner="ada")
    order = requests_order.Order("fake", "default", ask, "odd", 1, Deadline(by=timedelta(hours=1)), person("ada"))
    allow(world, "100")
    with pytest.raises(OverLimit, match="nobody knows the price of huge") as caught:
        create.create(world.ctx, order)
    assert caught.value.hint.startswith("state it: im prices set huge USD_PER_HOUR")
    several = replace(order, ask=replace(ask, instance_type="small,huge"))
    with pytest.raises(OverLimit, match="nobody knows the price of huge") as caught:
        create.create(world.ctx, several)  # the one to be stated, and not the first
    assert caught.value.hint.startswith("state it: im prices set huge USD_PER_HOUR")
    assert run(world, "prices", "set", "huge", "2").exit_code == 0
    create.create(world.ctx, order)


def test_fifty_creates_at_once_spend_what_there_is_and_not_a_cent_more(world: World) -> None:
    """Fifty processes, as fifty command lines: 20 machines fit, 30 are refused, whoever comes first."""
    allow(world, "9.92")
    words = (world.ctx.settings.database_url, world.now.isoformat(), "50")
    done = subprocess.run(
        [sys.executable, "-m", "tests.integration.money.create_at_once", *words],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    assert sorted(done.stdout.split()) == ["created"] * 20 + ["refused"] * 30
    assert count(world) == 20
    (use,) = budgets.uses(world.ctx)
    assert use.left == 0
    world.advance(30)  # they run, with the addresses and the disks that were counted before there were any
    assert len(world.machines()) == 20
    (use,) = budgets.uses(world.ctx)
    assert 0 <= use.left < Decimal("0.10")


def test_extends_and_creates_at_once_do_not_wait_for_each_other_in_a_circle(world: World) -> None:
    for number in range(10):
        world.create(f"old-{number}", seconds=HOUR)
    allow(world, "9.92")  # 4.96 are promised
    others = [World(world.ctx.settings.database_url) for _ in range(20)]

    def spend(number: int) -> bool:
        try:
            if number % 2:
                others[number].create(f"new-{number}", seconds=HOUR)
            else:
                others[number].extend(f"old-{number // 2}", seconds=HOUR)
        except OverLimit:
            return False
        return True

    try:
        with ThreadPoolExecutor(20) as pool:
            done = list(pool.map(spend, range(20)))
    finally:
        for other in others:
            other.close()
    assert sum(done) == 10
    (use,) = budgets.uses(world.ctx)
    assert use.left == 0


def test_without_a_budget_no_lock_is_taken(world: World) -> None:
    database = Database(world.ctx.settings.database_url)
    with database.begin() as connection:
        connection.execute(text("LOCK TABLE budgets IN EXCLUSIVE MODE"))
        world.create("web", seconds=HOUR)
    database.dispose()


def test_who_waits_in_vain_for_a_budget_is_told_and_nothing_is_written(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    from im.db.money import budgets as rows

    allow(world, "9")
    monkeypatch.setattr(rows, "_PATIENCE", 0.2)
    other = Database(world.ctx.settings.database_url)
    with other.begin() as connection:
        assert len(rows.lock(connection, ["ada"])) == 1
        with pytest.raises(Unavailable, match=r"the database is busy: .* nothing was written"):
            world.create("web", seconds=HOUR)
        world.create("bobs", seconds=HOUR, actor="bob")  # who has no budget waits for nobody
    other.dispose()
    assert count(world) == 1


class TestCommands:
    def test_a_budget_is_set_shown_and_removed(self, world: World) -> None:
        assert "No budget" in run(world, "budget").stdout
        world.create("web", seconds=2 * HOUR)
        told = run(world, "budget", "set", "50").stdout
        assert told.splitlines()[1].split() == ["ada", "$50.00", "$0.00", "$0.99", "$49.01"]
        run(world, "budget", "set", "1000", "--everybody")
        everybody, ada = answer(world, "budget")
        assert (everybody["owner"], everybody["usd_per_month"]) == (None, "1000.000000")
        assert (ada["usd_promised"], ada["usd_left"]) == ("0.992000", "49.008000")
        assert run(world, "budget", "remove").exit_code == 0
        assert run(world, "budget", "remove").exit_code == 2
        assert len(answer(world, "budget")) == 1

    @pytest.mark.parametrize(
        "words", [["much"], ["-5"], ["nan"], ["5", "--owner", "bob", "--everybody"], ["5", "--owner", ""]]
    )
    def test_what_cannot_be_a_budget_is_refused(self, world: World, words: list[str]) -> None:
        assert run(world, "budget", "set", *words).exit_code == 2
        assert answer(world, "budget") == []


@pytest.mark.parametrize(("left", "replaced"), [("0.60", True), ("0.10", False)])
def test_a_replacement_is_held_to_the_budget_as_a_create_is(world: World, left: str, replaced: bool) -> None:
    """What the lost machine had promised is free again, unless somebody has spent it or the limit was lowered since."""
    world.ctx = replace(world.ctx, settings=replace(world.ctx.settings, on_interruption=OnInterruption.REPLACE))
    run(world, "prices", "set", "small", "0.36", "--spot")
    allow(world, "0.60")
    world.create(seconds=HOUR, spot=Spot(once=True))
    world.advance(20)
    lost = world.row()
    allow(world, left)
    world.cloud.spot.take_back(lost.provider_id or "")
    world.advance(60)
    assert len(world.machines()) == count(world) - 1 == int(replaced)
    if not replaced:
        told = [event.reason for event in world.story() if event.kind == "not replaced"]
        assert [reason.partition(":")[0] for reason in told] == ["the budget of ada would be exceeded by $0.40"]


def test_an_adopted_machine_is_taken_in_and_the_budget_that_it_exceeds_is_named(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    def look(*given: Any) -> waiting.Outcome:
        return waiting.wait(*given, pause=lambda _: world.advance(0.5))

    monkeypatch.setattr("im.cli.output.result.wait", look)
    allow(world, "3")
    first = run(world, "adopt", world.cloud.foreign("fake-1a"), "-d", "4h", "--name", "a", "--wait")
    assert (first.exit_code, "budget" in first.stderr) == (0, False)
    second = run(world, "adopt", world.cloud.foreign("fake-1a"), "-d", "4h", "--name", "b", "--wait")
    assert second.exit_code == 0
    assert "the budget of ada is exceeded by $0.97. It is taken in all the same" in second.stderr
    assert world.row("b").observed is Observed.RUNNING
    unseen = run(world, "adopt", world.cloud.foreign("fake-1a"), "-d", "4h", "--name", "c", "--no-wait")
    assert "the budget of ada" in unseen.stderr
    run(world, "budget", "set", "100")
    assert "what is just being adopted" in run(world, "budget").stderr
    assert run(world, "extend", "a", "-d", "1h").exit_code == 0
