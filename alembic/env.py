"""Runs migrations on the connection that `im.db.schema.migrate` hands in, or on IM_DATABASE_URL for the plain `alembic` command."""

from __future__ import annotations

from sqlalchemy import Connection, text

from alembic import context
from im.db.engine import make_engine
from im.db.schema.said import metadata  # every table: these rules stand upon all of them
from im.settings import Settings

MIGRATION_LOCK = 0x696D  # "im": one migration at a time, whoever starts it


def run(connection: Connection) -> None:
    connection.execute(text("SELECT set_config('lock_timeout', '60s', true)"))
    connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": MIGRATION_LOCK})
    context.configure(connection=connection, target_metadata=metadata, compare_server_default=True)
    with context.begin_transaction():
        context.run_migrations()


handed_in = context.config.attributes.get("connection")
if handed_in is not None:
    run(handed_in)
else:
    engine = make_engine(Settings.from_env().database_url)
    with engine.begin() as own:
        run(own)
    engine.dispose()
