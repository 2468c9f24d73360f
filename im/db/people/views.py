"""Saved views as rows, each of one user."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Connection, delete, text, update
from sqlalchemy.dialects.postgresql import insert

from im.db.read.connection import ReadTransaction, ask
from im.db.schema.people import views
from im.domain.people.view import Base, View

v = views.c


def lock(connection: Connection, login: str) -> None:
    """Whoever asks is alone in changing this user's until the transaction ends."""
    connection.execute(text("SELECT pg_advisory_xact_lock(hashtext(:name))"), {"name": f"im views of {login}"})


def listed(connection: Connection | ReadTransaction, login: str) -> list[View]:
    """One user's, by name; by the driver, since each list on the page asks."""
    found = ask(
        connection,
        "SELECT name, q, base, everything, columns, saved_at FROM views WHERE login = %(login)s ORDER BY name",
        login=login,
    )
    return [
        View(name, q, Base(base) if base else None, everything, tuple(columns), saved_at)
        for name, q, base, everything, columns, saved_at in found
    ]


def write(connection: Connection, login: str, view: View, now: datetime) -> None:
    """In place of the one of that name."""
    values = {
        "q": view.q,
        "base": view.base.value if view.base else None,
        "everything": view.everything,
        "columns": list(view.columns),
        "saved_at": now,
    }
    statement = insert(views).values(login=login, name=view.name, **values)
    connection.execute(statement.on_conflict_do_update(index_elements=["login", "name"], set_=values))


def rename(connection: Connection, login: str, name: str, to: str) -> bool:
    """False when there was none."""
    return connection.execute(update(views).where(v.login == login, v.name == name).values(name=to)).rowcount == 1


def remove(connection: Connection, login: str, name: str) -> bool:
    """False when there was none."""
    return connection.execute(delete(views).where(v.login == login, v.name == name)).rowcount == 1


def remove_of(connection: Connection, login: str) -> None:
    """All of one user's."""
    connection.execute(delete(views).where(v.login == login))
