"""What a rehearsal says of the end of a machine, and of what it costs thereafter."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal

import pytest

from im.domain.money.bill import Item, Price
from im.services.money import quotes
from tests.unit.cli.rehearsal import Rehearsal, rehearsal

__all__ = ["rehearsal"]
HETZNER = ("--provider", "hetzner")


@pytest.fixture
def hetzner(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whose prices nobody tells here."""
    monkeypatch.setattr("im.services.money.prices.ask", lambda *_: {})


def test_a_deadline_terminates_where_that_is_asked(rehearsal: Rehearsal) -> None:
    assert rehearsal.plan()["on_expiry"] == "stop"
    assert rehearsal.plan("--on-expiry", "terminate")["on_expiry"] == "terminate"
    assert "then terminate" in rehearsal.told("--on-expiry", "terminate")


def test_what_can_not_be_stopped_is_not_promised_to_be(rehearsal: Rehearsal) -> None:
    said = rehearsal.refused("--spot", "one-time", "--on-expiry", "stop")
    assert "a one-time spot machine cannot be stopped, so its deadline terminates it" in said


@pytest.mark.parametrize("more", [("--keep-stopped", "1d"), ("--protect",)])
def test_what_is_to_be_terminated_is_neither_kept_nor_protected(rehearsal: Rehearsal, more: tuple[str, ...]) -> None:
    assert "its deadline is to terminate it, and" in rehearsal.refused("--on-expiry", "terminate", *more)


def test_a_machine_is_shelved_where_a_stop_saves_nothing_and_the_cloud_can_do_it(rehearsal: Rehearsal) -> None:
    said = rehearsal.refused("--on-expiry", "shelve")
    assert "a stop already ends the bill for computing at aws" in said
    assert "say --on-expiry stop" in said
    assert "a stop already ends the bill for computing at gcp" in rehearsal.refused(
        "--provider", "gcp", "--on-expiry", "shelve"
    )


@pytest.mark.usefixtures("hetzner")
def test_what_is_shelved_costs_what_nobody_knows_yet(rehearsal: Rehearsal) -> None:
    told = rehearsal.told(*HETZNER, "--on-expiry", "shelve")
    assert "then shelve" in told
    assert "afterwards    a snapshot of it, by the GB and month" in told
    assert "and its address, with which it comes back if that can be had" in told
    assert rehearsal.plan(*HETZNER, "--on-expiry", "shelve")["usd_per_hour_afterwards"] is None


@pytest.mark.usefixtures("hetzner")
def test_the_address_that_is_kept_has_its_price_and_elsewhere_it_changes(
    rehearsal: Rehearsal, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(
        quotes, "built_in", lambda _: Price(Decimal("0.001"), datetime(2030, 1, 1, tzinfo=UTC), "a test")
    )
    told = rehearsal.told(*HETZNER, "--on-expiry", "shelve", "--count", "2")
    assert "its address, $0.002/h, with which it comes back if that can be had" in told
    told = rehearsal.told("--provider", "digitalocean", "--on-expiry", "shelve")
    assert "it comes back with another address" in told


@pytest.mark.parametrize("more", [("--keep-stopped", "1d"), ("--protect",)])
def test_what_is_to_be_shelved_is_neither_kept_stopped_nor_protected(
    rehearsal: Rehearsal, more: tuple[str, ...]
) -> None:
    assert "its deadline is to shelve it" in rehearsal.refused(*HETZNER, "--on-expiry", "shelve", *more)


def test_at_ec2_nothing_is_said_of_what_goes_on(rehearsal: Rehearsal) -> None:
    assert "afterwards" not in rehearsal.told()
    stopped, running = (float(rehearsal.plan()[f"usd_per_hour{which}"]) for which in ("_afterwards", ""))
    assert 0 < stopped < running


@pytest.mark.usefixtures("hetzner")
def test_where_a_stop_saves_nothing_that_is_said_with_what_to_type(rehearsal: Rehearsal) -> None:
    told = rehearsal.told(*HETZNER)
    assert (
        "afterwards    a stopped machine costs as much as a running one, until it is terminated: it goes on costing"
        in told
    )
    assert "--on-expiry terminate  ends that" in told
    for ends in (("--on-expiry", "terminate"), ("--keep-stopped", "1d")):
        assert "afterwards" not in rehearsal.told(*HETZNER, *ends)


@pytest.mark.usefixtures("hetzner")
def test_the_rate_that_goes_on_is_that_of_a_running_one(rehearsal: Rehearsal, monkeypatch: pytest.MonkeyPatch) -> None:
    usd = {"cx23": "0.006", "ipv4": "0.001", "month:cx23": "4", "month:ipv4": "0.6", "disk:included": "0"}

    def told(item: Item) -> Price:
        return Price(Decimal(usd[item.name]), datetime(2030, 1, 1, tzinfo=UTC), "a test")

    monkeypatch.setattr(quotes, "built_in", told)
    plan = rehearsal.plan(*HETZNER, "-d", "90m", "--count", "2")
    assert (plan["usd_per_hour"], plan["usd_per_hour_afterwards"]) == ("0.014000", "0.014000")
    assert plan["usd_to_deadline"] == "0.028000", "each hour that has begun"
    assert Decimal(rehearsal.plan(*HETZNER, "-d", "60d")["usd_to_deadline"]) < Decimal(14), "three months at most"
    assert "it goes on costing $0.007/h. --on-expiry terminate  ends that" in rehearsal.told(*HETZNER)
    assert rehearsal.plan(*HETZNER, "--on-expiry", "terminate")["usd_per_hour_afterwards"] == "0.000000"
