"""Behind a real PgBouncer in transaction mode: everything works, and every transaction has its time limits."""

from __future__ import annotations

from collections.abc import Iterator

import psycopg2
import pytest
from sqlalchemy import text

from im.db.engine import Database
from im.db.instances.pending_work import PendingWork
from im.db.read.connection import ReadConnection, arguments, ask, connect
from im.db.read.pool import ReadPool
from im.db.schema import migrate
from im.db.session import SETTINGS, open_session
from im.services.health.doctor import diagnose
from im.settings import Settings
from tests.pooler import pooler
from tests.world import World

AS_IT_COMES: tuple[str, ...] = ()
SILENT = ("ignore_startup_parameters=options,extra_float_digits",)
"""Widely copied, so that drivers stop complaining: what they asked for is then dropped without a word."""
LIMITS = [("30s", "5s", "1min", "UTC")]
ASKED = (
    "SELECT current_setting('statement_timeout'), current_setting('lock_timeout'),"
    " current_setting('idle_in_transaction_session_timeout'), current_setting('timezone')"
)


@pytest.fixture(params=[AS_IT_COMES, SILENT], ids=["as it comes", "options ignored"])
def pooled_url(request: pytest.FixtureRequest, database_url: str) -> Iterator[str]:
    with pooler(database_url, *request.param) as url:
        yield url


def test_the_limits_hold_in_every_transaction_and_in_every_look(pooled_url: str) -> None:
    database, eyes, pool = Database(pooled_url), ReadConnection(pooled_url), ReadPool(pooled_url)
    for _ in range(3):
        with pool.look() as looking:
            assert [[tuple(row) for row in ask(looking, ASKED)] for _ in range(2)] == [LIMITS, LIMITS]
        with database.begin() as connection:
            assert [tuple(row) for row in connection.execute(text(ASKED))] == LIMITS
        with eyes.look() as looking:
            assert [tuple(row) for row in ask(looking, ASKED)] == LIMITS
    database.dispose()
    eyes.close()
    pool.close()


def test_they_are_not_left_behind_for_others_in_the_pool(pooled_url: str) -> None:
    database, pool = Database(pooled_url), ReadPool(pooled_url)
    with database.begin() as connection:
        connection.execute(text("SELECT 1"))
    with pool.look() as looking:
        ask(looking, "SELECT 1")
    stranger = psycopg2.connect(pooled_url)
    with stranger.cursor() as cursor:
        cursor.execute("SELECT current_setting('statement_timeout'), current_setting('lock_timeout')")
        assert cursor.fetchone() == ("0", "0")
    stranger.close()
    database.dispose()
    pool.close()


def test_a_statement_that_hangs_is_ended(pooled_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("im.db.session._LOCAL", "SET LOCAL statement_timeout = '50ms'")
    database = Database(pooled_url)
    with pytest.raises(Exception, match="statement timeout"), database.begin() as connection:
        connection.execute(text("SELECT pg_sleep(60)"))
    database.dispose()


def test_a_machine_lives_its_whole_life(pooled_url: str) -> None:
    """More who ask than sessions to lend: what one keeps in a session, another would find in its place."""
    world = World(pooled_url)
    world.create(seconds=60)
    world.advance(30)
    assert (world.word(), world.at_cloud().value) == ("running", "running")
    world.extend("web", seconds=30)
    world.advance(120)
    assert (world.word(), world.at_cloud().value) == ("stopped (ttl)", "stopped")
    world.close()


def test_a_glance_stands_aside(pooled_url: str) -> None:
    glance = PendingWork(pooled_url)
    assert glance(["im-1"]) is None
    assert glance(["im-1"]) is None
    glance.close()


def test_a_fresh_database_is_migrated_through_it(pooled_url: str) -> None:
    migrate.upgrade(pooled_url)
    told = {check.name: check.ok for check in diagnose(Settings(database_url=pooled_url), only="migrations")}
    assert told == {"migrations": True}


def test_a_session_of_its_own_costs_nothing_more(database_url: str) -> None:
    session = connect(database_url)
    assert (session.shared, session.first) == (False, "")
    session.close()


def test_what_the_person_asks_of_the_session_is_kept(database_url: str) -> None:
    session = open_session({**arguments(database_url), "options": "-c work_mem=7MB"})
    with session.cursor() as cursor:
        cursor.execute("SELECT current_setting('work_mem'), current_setting('statement_timeout')")
        assert cursor.fetchone() == ("7MB", SETTINGS["statement_timeout"])
    session.close()


def test_one_that_refuses_for_another_reason_says_so(database_url: str) -> None:
    with pooler(database_url) as url:
        nowhere = url.rpartition("/")[0] + "/no_such_database"
        eyes = ReadConnection(nowhere)
        with pytest.raises(Exception, match="no_such_database"), eyes.look():
            pass
        eyes.close()
