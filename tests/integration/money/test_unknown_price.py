"""A budget meets a price that nobody has told yet: a worker asks the cloud for it, and the budget is kept."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal

import pytest

from im.cli.output import storing
from im.cli.session import Session
from im.domain.errors import OverLimit
from im.domain.money.bill import Item
from im.domain.money.unknown_price import PriceUnknown
from im.domain.state import OnExpiry
from im.queue.tasks import Task
from im.services.money import budgets
from im.services.money.prices import questions
from tests.people import person
from tests.worlds.hetzner import HetznerWorld, hetzner_world

HOUR = 3600


@pytest.fixture
def world(database_url: str) -> Iterator[HetznerWorld]:
    with hetzner_world(database_url) as made:
        budgets.write(made.ctx, "ada", Decimal("1"), actor=person("ada"))
        yield made


def test_a_refused_create_has_a_worker_ask_and_the_next_one_is_checked_with_the_price(world: HetznerWorld) -> None:
    with pytest.raises(PriceUnknown, match="nobody knows the price of cx23") as caught:
        world.create(seconds=HOUR)
    assert caught.value.hint.startswith("state it: im prices set cx23 USD_PER_HOUR --region all --provider hetzner")
    assert [bell.task for bell in world.queue.rung] == [Task.PRICES]
    world.deliver()
    world.create(seconds=HOUR, on_expiry=OnExpiry.TERMINATE)
    (use,) = budgets.uses(world.ctx)
    assert Decimal("0.007") < use.promised < Decimal("0.008")


def test_a_price_that_was_told_meanwhile_can_be_too_much(world: HetznerWorld) -> None:
    with pytest.raises(PriceUnknown):
        world.create(count=200, seconds=HOUR)
    world.deliver()
    with pytest.raises(OverLimit, match="would be exceeded") as caught:
        world.create(count=200, seconds=HOUR, on_expiry=OnExpiry.TERMINATE)
    assert not isinstance(caught.value, PriceUnknown)


def test_the_command_waits_for_the_worker_and_then_goes_on(
    world: HetznerWorld, capsys: pytest.CaptureFixture[str]
) -> None:
    session = Session(lambda: world.ctx)

    def request() -> object:
        return world.create(seconds=HOUR, on_expiry=OnExpiry.TERMINATE)

    storing.store(session, "it", request, pause=lambda _: world.deliver())  # type: ignore[arg-type]
    assert world.row().name == "web"
    assert (session.stored, session.in_doubt) == ("it", False)
    assert "a worker is asked for the price" in capsys.readouterr().err


def test_what_is_extended_under_a_budget_is_asked_for_as_well(world: HetznerWorld) -> None:
    budgets.remove(world.ctx, "ada", actor=person("ada"))
    world.worker = False
    world.create(seconds=HOUR)
    world.lose_messages()
    budgets.write(world.ctx, "ada", Decimal("1"), actor=person("ada"))
    with pytest.raises(PriceUnknown):
        world.extend("web", seconds=2 * HOUR)
    assert world.queue.rung[-1].ids[0] == "hetzner/default/all/on_demand/cx23"


def test_without_a_worker_it_is_refused_after_a_while_and_nothing_is_stored(world: HetznerWorld) -> None:
    session, clock = Session(lambda: world.ctx), iter(range(100))
    with pytest.raises(PriceUnknown):
        storing.store(
            *(session, "it", lambda: world.create(seconds=HOUR)),  # type: ignore[arg-type,return-value]
            pause=lambda _: None,
            monotonic=lambda: float(next(clock)),
        )
    assert (session.stored, session.in_doubt, session.writing) == ("", False, True)


def test_a_question_of_a_cloud_or_an_account_that_a_worker_does_not_know_is_passed_over(world: HetznerWorld) -> None:
    odd = [
        *questions("nobodys", [Item("hetzner", "all", "cx23")]),
        *questions("default", [Item("mars", "all", "rock"), Item("hetzner", "all", "x" * 64)]),
        "hetzner/default",
        "im-1",
    ]
    assert world.answer(Task.PRICES, odd).startswith("nothing to ask")
