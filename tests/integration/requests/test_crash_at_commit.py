"""Postgres crashes between the last statement of a request and its COMMIT: nobody is told that it is stored when it is not."""

from __future__ import annotations

import os
import shutil
import signal
from collections.abc import Iterator
from contextlib import suppress

import psycopg2
import pytest
from sqlalchemy import Connection, text

from im import failpoints
from im.db import commit_status
from im.db.engine import Database
from im.db.schema import migrate
from im.domain.errors import Unavailable, Uncertain
from im.failpoints import Point
from tests import reaper
from tests.integration.typed import run
from tests.servers import Server
from tests.waiting import until
from tests.world import World, empty

_BEGINS = "SELECT redo_lsn::text FROM pg_control_checkpoint()"
"""Where a recovery would begin: a recovery moves it."""


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    """One that writes nothing down before a COMMIT: what is not committed leaves no trace in it."""
    made = Server(reaper.new_folder("im-k-"))
    try:
        made.make()
        migrate.upgrade(made.url)
        made.say("ALTER SYSTEM SET wal_writer_delay = '10s'")
        made.restart()
        yield made
    finally:
        made.stop()
        shutil.rmtree(made.folder, ignore_errors=True)


@pytest.fixture
def database(server: Server) -> Iterator[Database]:
    made = Database(server.url)
    yield made
    made.dispose()


def _number(connection: Connection) -> int:
    return int(connection.execute(text("SELECT pg_current_xact_id()::text")).scalar_one())


def crash(server: Server, victim: int) -> None:
    """A backend is killed, as by a kernel without memory: Postgres ends all others, and recovers."""
    before = server.say(_BEGINS)
    os.kill(victim, signal.SIGKILL)

    def recovered() -> bool:
        with suppress(psycopg2.OperationalError):  # it refuses everybody until then
            return bool(server.say(_BEGINS) != before)
        return False

    until("the end of the recovery", recovered)


def crash_in(server: Server, connection: Connection) -> None:
    crash(server, connection.execute(text("SELECT pg_backend_pid()")).scalar_one())


def use_up(server: Server, number: int) -> None:
    """Others come first after the crash: they are given the numbers that were forgotten."""
    while int(server.say("SELECT pg_current_xact_id()::text")) < number:
        pass


def test_a_number_that_was_given_to_another_says_nothing(server: Server, database: Database) -> None:
    numbers: list[int] = []

    def write() -> None:
        with commit_status.certain(database.begin) as connection:
            numbers.append(_number(connection))
            crash_in(server, connection)
            use_up(server, *numbers)

    with pytest.raises(Uncertain, match="may be stored"):
        write()
    assert server.say(f"SELECT pg_xact_status('{numbers[0]}'::xid8)") == "committed", "which is what another became"


def test_a_number_that_was_given_to_nobody_was_not_stored(server: Server, database: Database) -> None:
    def write() -> None:
        with commit_status.certain(database.begin) as connection:
            crash_in(server, connection)

    with pytest.raises(Unavailable, match="nothing was stored"):
        write()


def test_an_extend_that_a_crash_took_is_not_told_as_stored(server: Server) -> None:
    empty(server.url)
    world = World(server.url)

    class Crashing:
        def at(self, point: Point, _of: str) -> None:
            if point is Point.REQUEST_WRITTEN:
                failpoints.armed = None
                here = server.say("SELECT pid FROM pg_stat_activity WHERE state = 'idle in transaction'")
                number = int(server.say("SELECT pg_snapshot_xmax(pg_current_snapshot())::text"))
                crash(server, here)
                use_up(server, number + 5)

    try:
        world.create("web", seconds=600)
        world.advance(15)
        failpoints.armed = Crashing()
        done = run(world, "extend", "web", "-d", "1h", "--no-wait")
        assert failpoints.armed is None
        assert (done.exit_code, done.stdout) == (1, "")
        assert "may be stored" in done.stderr
        assert world.row().generation == 1
        assert run(world, "extend", "web", "-d", "1h", "--no-wait").exit_code == 0
        assert world.row().generation == 2
    finally:
        failpoints.armed = None
        world.close()
