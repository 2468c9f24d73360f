"""Three users of the database, each with the rights that its work needs: to migrate, to work, to look.

Whoever may write rows may order machines, and whoever owns tables may drop them. So workers and the command line do not own what
they write, and what only reads cannot write.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from psycopg2 import extensions, sql
from sqlalchemy import Connection, text

from im.db.engine import Database
from im.domain.errors import Refused

MIGRATE, WORK, LOOK = "im_migrate", "im_work", "im_look"
ROLES = (MIGRATE, WORK, LOOK)
SECRET_TABLES = ("user_data", "webhook_secrets")
"""What is nobody's to look at."""


@dataclass(frozen=True, slots=True)
class Made:
    """`changed`: tables and sequences that got another owner."""

    roles: tuple[str, ...]
    changed: int


def ensure(database_url: str, passwords: Mapping[str, str]) -> Made:
    """Make the three roles with these passwords, or give those that are there their rights again. Idempotent.

    The URL's own user has to be a superuser, or to own the database and be allowed to make roles. Raises Refused.
    """
    if missing := [role for role in ROLES if not passwords.get(role)]:
        raise Refused(f"there is no password for {missing[0]}", f"set {variable(missing[0])}")
    database = Database(database_url)
    try:
        with database.begin() as connection:
            for role in ROLES:
                _ensure_role(connection, role, passwords[role])
            changed = _own(connection)
            _grant(connection)
    finally:
        database.dispose()
    return Made(ROLES, changed)


def variable(role: str) -> str:
    """The environment variable that holds the role's password: `IM_WORK_PASSWORD`."""
    return f"{role.upper()}_PASSWORD"


def _ensure_role(connection: Connection, role: str, password: str) -> None:
    """The server gets the password's SCRAM verifier, so that no log of its can hold the password."""
    verifier = extensions.encrypt_password(password, role, scope=_driver(connection), algorithm="scram-sha-256")
    there = connection.execute(text("SELECT 1 FROM pg_roles WHERE rolname = :role"), {"role": role}).first()
    verb = "ALTER" if there else "CREATE"
    _run(connection, f"{verb} ROLE {{}} LOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE PASSWORD {{}}", role, value=verifier)
    if role == MIGRATE:
        _run(connection, "GRANT {} TO CURRENT_USER", role)


def _own(connection: Connection) -> int:
    """Everything of ours belongs to the role that migrates, whoever made it before."""
    found = connection.execute(
        text(
            "SELECT c.relname, c.relkind FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace"
            " WHERE n.nspname = 'public' AND c.relkind IN ('r', 'p', 'v', 'm')"
            " AND pg_get_userbyid(c.relowner) <> :role ORDER BY c.relname"
        ),
        {"role": MIGRATE},
    ).all()
    for name, kind in found:
        what = {"v": "VIEW", "m": "MATERIALIZED VIEW"}.get(kind, "TABLE")
        _run(connection, f"ALTER {what} public.{{}} OWNER TO {{}}", name, MIGRATE)
    return len(found)


def _grant(connection: Connection) -> None:
    here = connection.execute(text("SELECT current_database()")).scalar_one()
    for role in ROLES:
        _run(connection, "GRANT CONNECT ON DATABASE {} TO {}", here, role)
        _run(connection, "GRANT USAGE ON SCHEMA public TO {}", role)
    _run(connection, "REVOKE CREATE ON SCHEMA public FROM PUBLIC")
    _run(connection, "GRANT CREATE ON SCHEMA public TO {}", MIGRATE)
    for prefix in ("", "ALTER DEFAULT PRIVILEGES FOR ROLE im_migrate IN SCHEMA public "):
        on = (
            ("ALL TABLES IN SCHEMA public", "ALL SEQUENCES IN SCHEMA public") if not prefix else ("TABLES", "SEQUENCES")
        )
        _run(connection, f"{prefix}GRANT SELECT, INSERT, UPDATE, DELETE ON {on[0]} TO {{}}", WORK)
        _run(connection, f"{prefix}GRANT USAGE, SELECT ON {on[1]} TO {{}}", WORK)
        _run(connection, f"{prefix}GRANT SELECT ON {on[0]} TO {{}}", LOOK)
    named = "SELECT to_regclass('public.' || :name) IS NOT NULL"
    if connection.execute(text(named), {"name": "alembic_version"}).scalar_one():
        _run(connection, "REVOKE INSERT, UPDATE, DELETE ON public.alembic_version FROM {}", WORK)
    for table in SECRET_TABLES:
        if connection.execute(text(named), {"name": table}).scalar_one():
            _run(connection, "REVOKE SELECT ON public.{} FROM {}", table, LOOK)


def _run(connection: Connection, statement: str, *names: str, value: str | None = None) -> None:
    """`{}` stands for names in order, and last for `value`."""
    parts: list[sql.Composable] = [sql.Identifier(name) for name in names]
    if value is not None:
        parts.append(sql.Literal(value))
    connection.exec_driver_sql(sql.SQL(statement).format(*parts).as_string(_driver(connection)).replace("%", "%%"))


def _driver(connection: Connection) -> extensions.connection:
    raw = connection.connection.dbapi_connection
    assert isinstance(raw, extensions.connection)
    return raw
