"""The audit, read."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from im.db.people import audit
from im.domain.people.entry import Entry

if TYPE_CHECKING:
    from im.context import Context


def listed(ctx: Context, limit: int) -> Sequence[Entry]:
    """The newest `limit` lines, newest first."""
    with ctx.begin() as connection:
        return audit.listed(connection, limit)
