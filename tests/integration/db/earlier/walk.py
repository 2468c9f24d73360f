"""From the first schema to the newest, one after the other: which there are, and all that is written in one."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from alembic.script import ScriptDirectory
from sqlalchemy import Connection, inspect, text

from im.db.schema import migrate

FOLDER = Path(__file__).parent
Written = dict[str, dict[tuple[Any, ...], dict[str, Any]]]


def earlier() -> list[str]:
    """Every schema before the newest, the first of all first."""
    script = ScriptDirectory.from_config(migrate.config())
    return [one.revision for one in script.walk_revisions()][:0:-1]


def everything(connection: Connection) -> Written:
    """Table → primary key → the whole row."""
    schema, found = inspect(connection), {}
    for table in schema.get_table_names():
        if table == "alembic_version":
            continue
        key = schema.get_pk_constraint(table)["constrained_columns"]
        rows = [dict(row) for row in connection.execute(text(f"SELECT * FROM {table}")).mappings()]
        found[table] = {tuple(row[name] for name in key): row for row in rows}
    return found


def lost(before: Written, after: Written) -> list[str]:
    """What stood in one and is gone, or is something else, in the other; columns and tables that are new say nothing."""
    found = []
    for table, rows in before.items():
        for key, row in rows.items():
            now = after.get(table, {}).get(key)
            if now is None:
                found.append(f"{table} {key} is gone")
                continue
            found += [
                f"{table} {key}: {name} was {was!r}" for name, was in row.items() if name not in now or now[name] != was
            ]
    return found
