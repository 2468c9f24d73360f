"""The schema: up, down, up again, and in step with the code."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from sqlalchemy import inspect, text
from sqlalchemy.engine import make_url

from im.db import deployment
from im.db.engine import Database, make_engine
from im.db.schema import migrate
from im.db.schema.said import metadata  # every table: these rules stand upon all of them
from im.domain.errors import MachineTaken, NameTaken, Unavailable


@pytest.fixture
def empty_url(postgres_url: str) -> Iterator[str]:
    engine = make_engine(postgres_url).execution_options(isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        connection.execute(text("CREATE DATABASE im_empty"))
    yield make_url(postgres_url).set(database="im_empty").render_as_string(hide_password=False)
    with engine.connect() as connection:
        connection.execute(text("DROP DATABASE im_empty WITH (FORCE)"))
    engine.dispose()


@pytest.fixture
def empty(empty_url: str) -> Iterator[Database]:
    database = Database(empty_url)
    yield database
    database.dispose()


def test_up_down_and_up_again(empty_url: str, empty: Database) -> None:
    migrate.upgrade(empty_url)
    with empty.begin() as connection:
        assert migrate.current(connection) == migrate.head()
        first = deployment.read_id(connection)
    migrate.downgrade(empty_url, "base")
    with empty.begin() as connection:
        assert inspect(connection).get_table_names() == ["alembic_version"]
    migrate.upgrade(empty_url)
    with empty.begin() as connection:
        assert deployment.read_id(connection) != first  # a new database is a new deployment


def test_going_back_leaves_each_machine_to_one_row(empty_url: str, empty: Database) -> None:
    """A closed row may share its machine with a living one; the schema before knew one row for each machine."""
    migrate.upgrade(empty_url)
    columns = (
        "id, name, owner, scope_id, spec, created_at, desired, why, by, expires_at, on_expiry, generation, observed"
    )
    insert = (
        f"INSERT INTO instances ({columns}, observed_at, provider_id, closed_at) VALUES (:id, 'web', 'ada', 1, '{{}}',"
        " :at, 'stopped', 'user', 'ada', now(), 'stop', 1, 'stopped', now(), 'i-1', :closed_at)"
    )
    with empty.begin() as connection:
        connection.execute(text("INSERT INTO scopes (provider, account, region) VALUES ('fake', 'default', 'fake-1')"))
        connection.execute(text(insert), {"id": "im-old", "at": "2030-01-01", "closed_at": "2030-01-02"})
        connection.execute(text(insert), {"id": "im-new", "at": "2030-01-03", "closed_at": None})
    with pytest.raises((NameTaken, MachineTaken)), empty.begin() as connection:
        connection.execute(text(insert), {"id": "im-third", "at": "2030-01-04", "closed_at": None})
    migrate.downgrade(empty_url, "0002")
    with empty.begin() as connection:
        rows = connection.execute(text("SELECT id, provider_id FROM instances ORDER BY id")).all()
    assert [tuple(row) for row in rows] == [("im-new", "i-1"), ("im-old", None)]


def test_upgrading_twice_keeps_the_identity(empty_url: str, empty: Database) -> None:
    migrate.upgrade(empty_url)
    with empty.begin() as connection:
        first = deployment.read_id(connection)
    migrate.upgrade(empty_url)
    with empty.begin() as connection:
        assert deployment.read_id(connection) == first


def test_the_identity_remembers_its_server(empty_url: str, empty: Database) -> None:
    migrate.upgrade(empty_url)
    query = "SELECT d.system_identifier = c.system_identifier::text FROM deployment d, pg_control_system() c"
    with empty.begin() as connection:
        assert connection.execute(text(query)).scalar_one() is True


# SQLAlchemy 2.0 reads a check that is NOT VALID, and then does not know its own word for it
@pytest.mark.filterwarnings("ignore:Can't validate argument 'dialect_options'")
def test_tables_and_migrations_say_the_same(empty_url: str, empty: Database) -> None:
    migrate.upgrade(empty_url)
    with empty.begin() as connection:
        context = MigrationContext.configure(connection, opts={"compare_server_default": True})
        assert compare_metadata(context, metadata) == []


def test_every_constraint_and_index_has_a_name_we_gave(empty_url: str, empty: Database) -> None:
    migrate.upgrade(empty_url)
    query = "SELECT conname FROM pg_constraint WHERE connamespace = 'public'::regnamespace AND contype <> 'n'"
    with empty.begin() as connection:
        names = set(connection.execute(text(query)).scalars()) - {"alembic_version_pkc"}
    assert names
    assert all(name.startswith(("pk_", "uq_", "ck_", "fk_")) for name in names)


def test_a_database_that_was_never_migrated_is_refused_with_the_command(empty: Database) -> None:
    with pytest.raises(Unavailable, match="not been migrated") as caught, empty.begin() as connection:
        deployment.read_id(connection)
    assert caught.value.hint == "run `im db upgrade`"


def test_a_database_that_is_not_there_is_refused_without_its_password() -> None:
    database = Database("postgresql://im:hunter2@127.0.0.1:1/im")
    with pytest.raises(Unavailable, match="does not answer") as caught, database.begin():
        pass
    assert "hunter2" not in caught.value.message
    database.dispose()
