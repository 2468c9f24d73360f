"""The launches of new machines: as few as will do."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from datetime import datetime
from random import SystemRandom
from typing import TYPE_CHECKING

from im.db import launches
from im.domain.input.listed import listed

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from im.domain.instance import Instance
    from im.domain.spec.spec import Spec


AT_ONCE = 500
"""Machines of one launch. Clouds take more, but a refusal then speaks for fewer."""


_random = SystemRandom()


def _open_launch(
    connection: Connection, scope_id: int, spec: Spec, ids: Sequence[str], names: Sequence[str], now: datetime
) -> str:
    token = str(uuid.uuid4())
    launches.add(connection, token, scope_id, spec, ids, names, now)
    return token


def _open_launches(
    connection: Connection, scope_id: int, spec: Spec, ids: Sequence[str], names: Sequence[str], now: datetime
) -> list[str]:
    """As few as will do; the token of each slot's own."""
    tokens: list[str] = []
    for at in range(0, len(ids), AT_ONCE):
        some = slice(at, at + AT_ONCE)
        tokens += [_open_launch(connection, scope_id, spec, ids[some], names[some], now)] * len(ids[some])
    return tokens


def _label(rows: Sequence[Instance]) -> str:
    """What Flower shows as the arguments of the task."""
    return listed([row.name for row in rows])
