"""Write the fleet of each earlier schema that has none yet: `python -m tests.integration.db.earlier`. Those that are there stay."""

from __future__ import annotations

import shutil

from sqlalchemy import Connection, inspect

from im.db.engine import Database
from im.db.schema import migrate
from tests import reaper
from tests.integration.db.earlier.fleet import FLEET
from tests.integration.db.earlier.walk import FOLDER, earlier
from tests.servers import Server


def written(connection: Connection, revision: str) -> str:
    """The fleet in this schema's own columns. Raises where a table is of no fleet, so that none is forgotten."""
    schema, number = inspect(connection), str(int(revision))
    tables = set(schema.get_table_names()) - {"alembic_version", "deployment"}
    assert tables <= {*FLEET}, f"fleet.py has no rows for {tables - {*FLEET}}"
    lines = []
    for table in (one for one in FLEET if one in tables):
        known = [column["name"] for column in schema.get_columns(table)]
        for row in FLEET[table]:
            mine = {name: _literal(value, number) for name, value in row.items() if name in known}
            head = f"INSERT INTO {table} ({', '.join(f'{chr(34)}{name}{chr(34)}' for name in mine)})"
            lines.append(f"{head} OVERRIDING SYSTEM VALUE VALUES ({', '.join(mine.values())}) ON CONFLICT DO NOTHING;")
    return "\n".join(lines) + "\n"


def _literal(value: object, number: str) -> str:
    if value is None:
        return "NULL"
    if isinstance(value, bool | int | float):
        return str(value).lower()
    said = str(value)
    for before, after in (("-N", f"-{number}"), ("_N", f"_{number}"), (" N", f" {number}")):
        said = said.replace(before, after)
    said = number if said == "N" else said.replace("'", "''")
    return f"'{said}'"


def main() -> None:
    server = Server(reaper.new_folder("im-e-"))
    try:
        server.make()
        database = Database(server.url)
        for revision in earlier():
            migrate.upgrade(server.url, revision)
            file = FOLDER / f"{revision}.sql"
            if not file.exists():
                with database.begin() as connection:
                    file.write_text(written(connection, revision))
                print(file.name)
        database.dispose()
    finally:
        server.stop()
        shutil.rmtree(server.folder, ignore_errors=True)


main()
