"""A living fleet of every schema there was, migrated to this version's, and back: not a deadline, hold, user or key is lost."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import text
from sqlalchemy.engine import make_url

from im.db.engine import Database, make_engine
from im.db.schema import migrate
from im.domain.errors import Refused
from im.domain.hold import HoldKind
from im.domain.state import Observed
from im.services import queries
from im.services.deadlines import holds
from im.services.health.doctor import diagnose
from im.settings import Settings
from im.stack import postgres
from tests.integration.db.earlier.walk import FOLDER, earlier, everything, lost
from tests.world import World, database_of

NEIGHBOUR = "0015"
"""The schema of version 0.1.0: the farthest that anybody goes back."""


@pytest.fixture
def empty_url(postgres_url: str) -> Iterator[str]:
    engine = make_engine(postgres_url).execution_options(isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        connection.execute(text("CREATE DATABASE im_earlier"))
    url = make_url(postgres_url).set(database="im_earlier").render_as_string(hide_password=False)
    yield url
    database_of(url).dispose()
    with engine.connect() as connection:
        connection.execute(text("DROP DATABASE im_earlier WITH (FORCE)"))
    engine.dispose()


@pytest.fixture
def newer(empty_url: str) -> str:
    """A database that a version to come has migrated, and that none of today may work on."""
    migrate.upgrade(empty_url)
    with database_of(empty_url).begin() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))
        connection.execute(text("UPDATE deployment SET oldest = '9990'"))
    return empty_url


def test_every_earlier_schema_has_its_fleet() -> None:
    written = sorted(file.stem for file in FOLDER.glob("0*.sql"))
    assert written == earlier(), "run: python -m tests.integration.db.earlier"


def test_a_fleet_of_every_schema_there_was_loses_nothing_on_the_way_here_and_back(empty_url: str) -> None:
    database = Database(empty_url)
    before = None
    for revision in [*earlier(), migrate.head()]:
        migrate.upgrade(empty_url, revision)
        with database.begin() as connection:
            if before is not None:
                assert lost(before, everything(connection)) == [], f"by the migration to {revision}"
            file = FOLDER / f"{revision}.sql"
            if file.exists():
                connection.exec_driver_sql(file.read_text())
            before = everything(connection)
            empty = {table for table, rows in before.items() if not rows}
            assert empty == set() or revision == migrate.head(), "each table of a schema has something to lose"
    assert before is not None
    _is_read_by_this_version(empty_url)
    migrate.downgrade(empty_url, NEIGHBOUR)
    with database.begin() as connection:
        back = everything(connection)
    database.dispose()
    kept = {table: {key: before[table][key] for key in rows} for table, rows in back.items()}
    assert {table: len(rows) for table, rows in kept.items()} == {table: len(before[table]) for table in kept}
    assert lost(back, kept) == [], "the way back keeps what that schema knows"


def _is_read_by_this_version(url: str) -> None:
    world = World(url)
    world.now = datetime(2030, 1, 1, 12, 1, tzinfo=UTC)
    seen = queries.listing(world.ctx, everything=True)
    assert len(seen.rows) == 4 * len(earlier())
    assert {row.expires_at for row in seen.rows if row.name.startswith("web-")} == {
        datetime(2030, 1, 1, 14, 30, tzinfo=UTC)
    }
    assert HoldKind.PAUSE in {hold.kind for hold in holds.active(world.ctx)}
    world.close()


@pytest.mark.parametrize("program", ["worker", "beat"])
def test_a_program_too_old_for_the_schema_does_not_start_and_says_why(program: str, newer: str) -> None:
    words = ["-c", "1", "-P", "solo"] if program == "worker" else ["--pidfile="]
    environ = {"PATH": os.environ["PATH"], "IM_DATABASE_URL": newer, "IM_BROKER_URL": "redis://127.0.0.1:1/0"}
    command = [sys.executable, "-P", "-m", "workers", program, *words]
    done = subprocess.run(command, env=environ, cwd="/", capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 1, done.stderr
    assert "im: this version of im is too old: the database is at revision 9999" in done.stderr
    assert "Next: install the version of im that the others run" in done.stderr
    with pytest.raises(Refused, match="too old"):
        migrate.upgrade(newer)
    (check,) = diagnose(Settings(database_url=newer), "migrations")
    assert (check.ok, check.fix) == (False, "install the version of im that the others run")


def test_a_program_that_may_share_a_newer_schema_is_told_so(newer: str) -> None:
    with database_of(newer).begin() as connection:
        connection.execute(text("UPDATE deployment SET oldest = :head"), {"head": migrate.head()})
    migrate.check_fits(newer)
    assert migrate.upgrade(newer).shared, "compose and the chart migrate first, also on the way back"
    (check,) = diagnose(Settings(database_url=newer), "migrations")
    assert check.ok
    assert "beside which this one" in check.detail
    assert "replaced" in check.fix


def test_before_an_upgrade_doctor_says_to_back_up_and_what_to_type(empty_url: str) -> None:
    migrate.upgrade(empty_url, earlier()[-1])
    migrate.check_fits(empty_url)
    (check,) = diagnose(Settings(database_url=empty_url), "migrations")
    assert (check.ok, check.fix) == (False, "back up the database, then im db upgrade; whatever runs waits for it")
    migrate.upgrade(empty_url)
    (check,) = diagnose(Settings(database_url=empty_url), "migrations")
    assert (check.ok, check.fix) == (True, "")


def test_a_dump_that_version_0_1_0_left_is_migrated_and_its_deadlines_are_kept(empty_url: str) -> None:
    """`pg_dump` of a fleet that 0.1.0 made itself: `web` for an hour, extended by two; `nap` asleep by its TTL; `gone` ended."""
    sockets = empty_url.partition("host=")[2].replace("%2F", "/")
    load = [str(postgres.binary("psql")), "-qX", "-v", "ON_ERROR_STOP=1", "-h", sockets, "-U", "im", "-d", "im_earlier"]
    done = subprocess.run([*load, "-f", str(FOLDER / "version-0.1.0.sql")], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    database = Database(empty_url)
    with database.begin() as connection:
        before = everything(connection)
    migrate.upgrade(empty_url)
    with database.begin() as connection:
        after = everything(connection)
    database.dispose()
    assert lost(before, after) == []
    world = World(empty_url)
    rows = {row.name: row for row in queries.listing(world.ctx, everything=True).rows}
    assert rows["web"].expires_at - rows["web"].created_at == timedelta(hours=3)
    assert (rows["nap"].observed, rows["gone"].closed_at is not None) == (Observed.STOPPED, True)
    assert {hold.kind for hold in holds.active(world.ctx)} == {HoldKind.CLONE}, "a dump from another server asks first"
    world.close()
