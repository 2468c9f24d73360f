"""Where a launch stands among those of its place. SQL by the driver alone; see `im.db.read.connection`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from im.db.read.connection import ReadTransaction, ask
from im.domain.explain.turn import Place

if TYPE_CHECKING:
    from sqlalchemy import Connection


def place(connection: Connection | ReadTransaction, token: str) -> Place | None:
    """Of a launch that was never called; None of any other. They are taken up in the order of their next attempts."""
    rows = ask(
        connection,
        "SELECT (SELECT count(*) FROM launches o WHERE o.scope_id = l.scope_id AND o.state IN ('open', 'called')"
        " AND (o.next_attempt_at, o.created_at, o.token) < (l.next_attempt_at, l.created_at, l.token)), r.tokens, r.at"
        " FROM launches l LEFT JOIN rates r ON r.scope_id = l.scope_id AND r.verb = 'launch'"
        " WHERE l.token = %(token)s AND l.state = 'open'",
        token=token,
    )
    return next((Place(*row) for row in rows), None)
