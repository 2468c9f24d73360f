"""What a cloud tells of one machine alone: written as notes, read again, and what follows from it."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal

import pytest

from im.cli.commands.ssh import _line
from im.domain import intent
from im.domain.errors import Refused
from im.domain.intent import Deadline
from im.domain.money.bill import Item, Price
from im.domain.spec.terms import Terms, terms_in
from im.services.money.costs import Ledger
from im.views.instance import instance_json, read_instance
from im.views.words.times import ssh_line
from tests.unit.rows import NOW, RUNNING
from tests.unit.rows import a_row as row_with

HOUR = timedelta(hours=1)
TERMS = Terms("203.0.113.9", 41022, {"t2.nano": Decimal("0.31"), "disk:host": Decimal("0.15")}, NOW + 3 * HOUR)


def test_they_are_read_as_they_were_written_and_what_is_none_of_them_tells_nothing() -> None:
    assert terms_in(TERMS.as_notes()) == TERMS
    assert terms_in({"waits_for": "a node"}) == Terms()
    strange = {
        "ssh_host": "-oProxyCommand=x",
        "ssh_port": "22",
        "prices": {"a": "NaN", "b": "-1"},
        "lent_until": "soon",
    }
    assert terms_in(strange) == Terms()


def test_ssh_goes_where_it_answers_and_documents_say_so() -> None:
    row = row_with(**_facts(TERMS))
    assert ssh_line(row) == "ssh -p 41022 ec2-user@203.0.113.9"
    assert _line(None, row, ("uptime",))[0] == ["ssh", "-p", "41022", "ec2-user@203.0.113.9", "uptime"]  # type: ignore[arg-type]
    told = instance_json(row, NOW, sandbox=False)
    assert (told["ssh_host"], told["ssh_port"], told["lent_until"]) == (
        *("203.0.113.9", 41022, "2030-01-01T15:00:00.000Z"),
    )
    again = read_instance(told)
    assert (ssh_line(again), again.terms.lent_until) == (ssh_line(row), TERMS.lent_until)


def test_no_deadline_lies_behind_the_end_of_the_loan() -> None:
    row = row_with(**_facts(TERMS), expires_at=NOW + HOUR)
    assert intent.extend(row, NOW, Deadline(by=2 * HOUR)).expires_at == NOW + 3 * HOUR
    for ask in (intent.extend, intent.start):
        with pytest.raises(Refused, match="takes it back at 2030-01-01 15:00:00 UTC, and nobody can move that"):
            ask(row, NOW, Deadline(by=4 * HOUR))


def test_its_own_price_comes_before_that_of_its_type() -> None:
    row = row_with(**_facts(TERMS))
    item = Item("aws", "us-east-1", "t2.nano")
    books = Ledger((row,), {}, {}, {item: (Price(Decimal("0.0058"), NOW, "a list"),)}, NOW)
    assert (books.rates(row).compute, books.rates(row).source) == (Decimal("0.31"), "its own price, as aws shows it")
    assert books.rates(row_with(**_facts(Terms()))).compute == Decimal("0.0058")


def _facts(terms: Terms) -> dict[str, object]:
    same = ("scope", "spec", "provider_id", "public_ip", "zone", "observed", "observed_at")
    return {name: getattr(RUNNING, name) for name in same} | {"provider_notes": terms.as_notes()}
