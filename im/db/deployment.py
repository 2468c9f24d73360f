"""Who we are: a UUID minted by the first migration, carried by every machine we make."""

from __future__ import annotations

from sqlalchemy import Connection, select

from im.db.schema.deployment import deployment
from im.domain.errors import Unavailable


def read_id(connection: Connection) -> str:
    identity = connection.execute(select(deployment.c.id)).scalar_one_or_none()
    if identity is None:
        raise Unavailable("the database carries no deployment id", "run `im db upgrade` on a fresh database")
    return str(identity)
