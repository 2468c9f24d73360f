"""Looks by many threads: each has a connection while it lasts, those that are kept are used again, a dead one is replaced."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier
from typing import Any

import psycopg2.errors
import pytest

from im.db.read import pool
from im.db.read.connection import ReadTransaction, ask
from im.db.read.pool import ReadPool
from im.domain.errors import Refused, Unavailable

WHO = "SELECT pg_backend_pid()"


@pytest.fixture
def reads(database_url: str) -> Iterator[ReadPool]:
    made = ReadPool(database_url)
    yield made
    made.close()


def one(reads: ReadPool, statement: str = WHO, **given: Any) -> Any:
    with reads.look() as looking:
        return ask(looking, statement, **given)[0][0]


def test_one_after_the_other_they_have_the_same(reads: ReadPool) -> None:
    assert len({one(reads) for _ in range(5)}) == 1


def test_within_a_look_it_stays_and_no_transaction_is_left_open(reads: ReadPool) -> None:
    with reads.look() as looking:
        first, second = (ask(looking, WHO)[0][0] for _ in range(2))
        states = "SELECT state FROM pg_stat_activity WHERE pid = %(pid)s"
        assert (first, one(reads, states, pid=first)) == (second, "idle")


def test_at_once_each_has_its_own_and_what_is_too_many_is_closed(
    reads: ReadPool, database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pool, "KEPT", 2)
    together = Barrier(5)

    def look(_: int) -> int:
        with reads.look() as looking:
            together.wait(20)
            pid: int = ask(looking, WHO)[0][0]
            together.wait(20)
            return pid

    with ThreadPoolExecutor(5) as threads:
        pids = set(threads.map(look, range(5)))
    assert len(pids) == 5
    again = {one(reads) for _ in range(5)}
    assert again < pids
    reads.close()


def test_one_that_was_closed_at_the_other_end_is_replaced_and_the_look_goes_on(reads: ReadPool) -> None:
    with reads.look() as a, reads.look() as b:
        before = [ask(looking, WHO)[0][0] for looking in (a, b)]
    other = ReadPool(reads._url)
    for pid in before:
        assert one(other, "SELECT pg_terminate_backend(%(pid)s, 5000)", pid=pid)
    after = {one(reads) for _ in range(3)}
    assert after.isdisjoint(before)
    other.close()


def test_one_that_dies_while_it_is_asked_is_told_as_a_database_that_went_away(reads: ReadPool) -> None:
    with pytest.raises(Unavailable), reads.look() as looking:
        _ask_and_die(looking)
    assert one(reads, "SELECT 1") == 1


def _ask_and_die(looking: ReadTransaction) -> None:
    ask(looking, "SELECT 1")
    ask(looking, "SELECT pg_terminate_backend(pg_backend_pid())")


def test_what_is_wrong_with_a_statement_is_not_asked_twice_and_spoils_nothing(reads: ReadPool) -> None:
    pid = one(reads)
    with pytest.raises(psycopg2.errors.DivisionByZero), reads.look() as looking:
        ask(looking, "SELECT 1 / 0")
    assert one(reads) == pid


def test_a_server_that_is_not_there_and_one_that_is_not_migrated_are_told_in_words(
    reads: ReadPool, database_url: str
) -> None:
    with pytest.raises(Unavailable, match="does not answer"):
        one(ReadPool("postgresql://im@127.0.0.1:1/im?connect_timeout=2"))
    with pytest.raises(Refused):
        one(ReadPool("mysql://somewhere/else"))
    with pytest.raises(Unavailable, match="has not been migrated"):
        one(reads, "SELECT x FROM no_such_table")


def test_after_the_end_nothing_is_kept(reads: ReadPool) -> None:
    with reads.look() as looking:
        ask(looking, WHO)
        reads.close()
    assert isinstance(looking, ReadTransaction)
    assert reads._idle == []
