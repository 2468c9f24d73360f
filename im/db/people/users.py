"""Users as rows."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from sqlalchemy import Connection, Select, delete, func, insert, select, text, update

from im.db.schema.core import instances
from im.db.schema.people import users
from im.domain.access import Role
from im.domain.people.user import User, UserKind

u = users.c
_ADMINS = "im admins"


def add(connection: Connection, user: User) -> None:
    """Raises IntegrityError where the login is taken."""
    connection.execute(insert(users).values(**_values(user)))


def write(connection: Connection, user: User) -> None:
    connection.execute(update(users).where(u.login == user.login).values(**_values(user)))


def remove(connection: Connection, login: str) -> None:
    connection.execute(delete(users).where(u.login == login))


def one(connection: Connection, login: str) -> User | None:
    return next(iter(_read(connection, _all().where(u.login == login))), None)


def lock(connection: Connection, login: str) -> User | None:
    """Until the transaction ends, nobody else changes it."""
    return next(iter(_read(connection, _all().where(u.login == login).with_for_update())), None)


def identified(connection: Connection, issuer: str, subject: str) -> User | None:
    """Whom an identity provider means; locked, as by `lock`."""
    query = _all().where(u.issuer == issuer, u.subject == subject).with_for_update()
    return next(iter(_read(connection, query)), None)


def called(connection: Connection, logins: Iterable[str]) -> dict[str, User]:
    return {user.login: user for user in _read(connection, _all().where(u.login.in_(list(logins))))}


def listed(connection: Connection) -> list[User]:
    """Teams behind people and services."""
    return _read(connection, _all().order_by(u.kind == UserKind.TEAM.value, u.login))


def members(connection: Connection, team: str) -> list[str]:
    return list(connection.execute(select(u.login).where(u.team == team).order_by(u.login)).scalars())


def any_at_all(connection: Connection) -> bool:
    return connection.execute(select(u.login).limit(1)).first() is not None


def other_admins(connection: Connection, login: str) -> int:
    """How many people beside `login` are admins and may act. Whoever asks is alone in asking until the transaction ends."""
    connection.execute(text("SELECT pg_advisory_xact_lock(hashtext(:name))"), {"name": _ADMINS})
    admins = select(func.count()).where(
        u.role == Role.ADMIN.value, u.kind == UserKind.PERSON.value, u.disabled_at.is_(None), u.login != login
    )
    return connection.execute(admins).scalar_one()


def owns(connection: Connection, login: str) -> int:
    """How many living instances are theirs."""
    i = instances.c
    return connection.execute(select(func.count()).where(i.owner == login, i.closed_at.is_(None))).scalar_one()


def _all() -> Select[*tuple[Any, ...]]:
    return select(*users.c)


def _read(connection: Connection, query: Select[*tuple[Any, ...]]) -> list[User]:
    return [of_row(row) for row in connection.execute(query).mappings()]


def of_row(row: Mapping[Any, Any]) -> User:
    return User(**{**row, "kind": UserKind(row["kind"]), "role": Role(row["role"])})


def _values(user: User) -> dict[str, Any]:
    return {
        "login": user.login,
        "kind": user.kind.value,
        "role": user.role.value,
        "team": user.team,
        "display": user.display,
        "made_at": user.made_at,
        "made_by": user.made_by,
        "disabled_at": user.disabled_at,
        "issuer": user.issuer,
        "subject": user.subject,
    }
