"""Sign-ins about which an identity provider is being asked: kept for minutes, taken once."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, delete, insert

from im.db.schema.sessions import sign_ins

s = sign_ins.c


@dataclass(frozen=True, slots=True)
class Begun:
    """What the provider's answer has to fit, and where its user wanted to go."""

    state: str
    nonce: str
    verifier: str
    goes_to: str
    expires_at: datetime


def add(connection: Connection, begun: Begun, digest: str) -> None:
    values = {"state": begun.state, "nonce": begun.nonce, "verifier": begun.verifier, "goes_to": begun.goes_to}
    connection.execute(insert(sign_ins).values(digest=digest, expires_at=begun.expires_at, **values))


def take(connection: Connection, digest: str, now: datetime) -> Begun | None:
    """It is gone with this, whatever comes of it."""
    statement = delete(sign_ins).where(s.digest == digest, s.expires_at > now)
    row = connection.execute(statement.returning(s.state, s.nonce, s.verifier, s.goes_to, s.expires_at)).first()
    return None if row is None else Begun(*row)


def forget(connection: Connection, now: datetime) -> int:
    return connection.execute(delete(sign_ins).where(s.expires_at <= now)).rowcount
