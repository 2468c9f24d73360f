"""Alembic, driven from inside: the migrations travel with the package."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection

import im
from alembic import command
from im.db.engine import Database
from im.domain.errors import Refused


def config(connection: Connection | None = None) -> Config:
    """Alembic's configuration: `im/migrations` in an installed package, `alembic/` beside it in a checkout."""
    package = Path(im.__file__).parent
    inside, beside = package / "migrations", package.parent / "alembic"
    made = Config()
    made.set_main_option("script_location", str(inside if inside.is_dir() else beside).replace("%", "%%"))
    made.set_main_option("path_separator", "os")
    if connection is not None:
        made.attributes["connection"] = connection
    return made


@dataclass(frozen=True, slots=True)
class Schema:
    """How far the database has been migrated, and how far this version needs it to be. Revisions sort as text."""

    current: str | None
    head: str
    oldest: str = ""
    """Of a newer schema: whoever needs at least this one may go on working on it."""

    @property
    def newer(self) -> bool:
        """Did a newer version of im migrate it?"""
        return self.current is not None and self.current > self.head

    @property
    def shared(self) -> bool:
        """Newer, and this version may work on it beside the newer one."""
        return self.newer and self.oldest <= self.head

    @property
    def ok(self) -> bool:
        return self.current == self.head

    @property
    def sentence(self) -> str:
        if self.ok:
            return f"at revision {self.head}, as this version needs it"
        if self.shared:
            return f"at revision {self.current} of a newer version of im, beside which this one ({self.head}) may work"
        if self.newer:
            return f"at revision {self.current}, on which only versions from {self.oldest} may work; this one is {self.head}"
        return f"at revision {self.current}, this version needs {self.head}" if self.current else "never migrated"

    @property
    def fix(self) -> str:
        """What to type next; empty when nothing has to be done."""
        if self.ok:
            return ""
        if self.newer:
            return "install the version of im that the others run" + (", when they are all replaced" * self.shared)
        return "back up the database, then im db upgrade; whatever runs waits for it"


def upgrade(database_url: str, revision: str = "head") -> Schema:
    """Migrate to `revision`. Safe to run from several places at once: the second waits and finds nothing to do.

    On the schema of a newer version there is nothing to do either: whoever goes back to this one migrates first, as always.
    Raises Refused where this version may not work on that.
    """
    database = Database(database_url)
    try:
        with database.begin() as connection:
            found = schema(connection)
            if revision != "head" or not found.newer:
                command.upgrade(config(connection), revision)
                return schema(connection)
    finally:
        database.dispose()
    _refuse_too_new(found)
    return found


def check_fits(database_url: str) -> None:
    """Raises Refused for a program that is too old for this schema, Unavailable when the database cannot be reached."""
    database = Database(database_url)
    try:
        with database.begin() as connection:
            found = schema(connection)
    finally:
        database.dispose()
    _refuse_too_new(found)


def _refuse_too_new(found: Schema) -> None:
    if found.newer and not found.shared:
        raise Refused(f"this version of im is too old: the database is {found.sentence}", found.fix)


def downgrade(database_url: str, revision: str) -> None:
    database = Database(database_url)
    try:
        with database.begin() as connection:
            command.downgrade(config(connection), revision)
    finally:
        database.dispose()


def head() -> str:
    found = ScriptDirectory.from_config(config()).get_current_head()
    assert found is not None
    return found


def schema(connection: Connection) -> Schema:
    found = Schema(current(connection), head())
    if not found.newer:
        return found
    return replace(found, oldest=connection.exec_driver_sql("SELECT oldest FROM deployment").scalar_one())


def current(connection: Connection) -> str | None:
    """The revision the database is at; None when it was never migrated."""
    return MigrationContext.configure(connection).get_current_revision()
