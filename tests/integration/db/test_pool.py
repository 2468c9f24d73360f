"""A connection that is kept is used without a question, and replaced when the server has ended it or the network may have."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from sqlalchemy import text

from im.db import engine
from im.db.engine import Database


@pytest.fixture
def database(database_url: str) -> Iterator[Database]:
    made = Database(database_url)
    yield made
    made.dispose()


@pytest.fixture
def asked(database: Database, monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """The server's processes that were asked whether they are there."""
    ping, pids = database.engine.dialect.do_ping, []

    def counted(session: object) -> bool:
        pids.append(session.get_backend_pid())  # type: ignore[attr-defined]
        return ping(session)  # type: ignore[arg-type]

    monkeypatch.setattr(database.engine.dialect, "do_ping", counted)
    return pids


def pid(database: Database) -> int:
    with database.begin() as connection:
        return int(connection.scalar(text("SELECT pg_backend_pid()")) or 0)


def test_one_transaction_after_another_asks_nothing_between(database: Database, asked: list[int]) -> None:
    assert len({pid(database) for _ in range(5)}) == 1
    assert asked == []


def test_a_connection_that_the_server_ended_is_replaced(database: Database, database_url: str) -> None:
    first, other = pid(database), Database(database_url)
    with other.begin() as connection:
        assert connection.scalar(text("SELECT pg_terminate_backend(:pid, 10000)"), {"pid": first})
    other.dispose()
    assert pid(database) != first


def test_after_a_while_it_is_asked(database: Database, asked: list[int], monkeypatch: pytest.MonkeyPatch) -> None:
    first = pid(database)
    monkeypatch.setattr(engine, "QUIET", 0.0)
    assert pid(database) == first
    assert asked == [first]
