"""User data between the request and the launch: kept apart from everything that is shown, and erased when it was used."""

from __future__ import annotations

import uuid
from dataclasses import replace
from datetime import datetime

from sqlalchemy import Connection, Delete, and_, delete, exists, insert, or_, select

from im.db.made_once import made_once
from im.db.schema.core import instances
from im.db.schema.launch_inputs import user_data
from im.domain.spec.spec import Aside, Spec
from im.domain.state import Observed

t = user_data.c


def keep(connection: Connection, spec: Spec, now: datetime) -> Spec:
    """The spec as it may be stored and shown: its user data is put aside, and only named and measured."""
    if spec.user_data is None:
        return spec
    name = str(uuid.uuid4())
    connection.execute(insert(user_data).values(id=name, content=spec.user_data, created_at=now))
    return replace(spec, user_data=None, user_data_aside=Aside(name, len(spec.user_data)))


def attached(connection: Connection, spec: Spec) -> Spec | None:
    """The spec with its user data, for the one call that needs it. None when it names some that is erased."""
    aside = spec.user_data_aside
    if aside is None:
        return spec
    content = connection.execute(select(t.content).where(t.id == aside.id)).scalar_one_or_none()
    return None if content is None else replace(spec, user_data=bytes(content))


def erase_spent(connection: Connection) -> int:
    """Erase what no living instance waits for that has no machine yet, or one that may still end before it ever runs.

    Returns how many.
    """
    return connection.execute(*_spent()).rowcount


@made_once
def _spent() -> Delete:
    i = instances.c
    waiting = exists().where(
        i.closed_at.is_(None),
        or_(i.provider_id.is_(None), and_(i.observed == Observed.PENDING.value, i.attempts == 0)),
        i.spec["options"]["user_data"]["id"].astext == t.id,
    )
    return delete(user_data).where(~waiting)
